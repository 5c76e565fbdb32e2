"""Segments, checkpoints, S3 and the offline verifier."""
