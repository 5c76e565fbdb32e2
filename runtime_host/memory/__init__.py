"""What agents remember: one owner process for Qdrant, and the host's and the agents' ways to it."""
