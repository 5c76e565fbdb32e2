"""The stages: what happens next to a run."""
