"""Tests in a real browser; a package, so that one running AWGP serves all of its files."""
