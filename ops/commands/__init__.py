"""The groups of the awgp command, one file a noun."""
