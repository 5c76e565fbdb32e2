"""The awgp command and everything that starts and wires the parts."""
