"""A holding with two subsidiaries and three assistants, to watch AWGP at work."""
