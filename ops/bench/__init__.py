"""Measurements of AWGP beside baselines measured in the same run; not in the wheel."""
