"""Kill every part of a loaded AWGP, again and again, and prove from outside that nothing is lost.

    python -m ops.chaos --minutes 30

A system of its own on a throwaway folder, a client and a receiver in processes of their own, a
seeded order of kills. `checks.py` says what must hold; docs/how-to/run-chaos.md shows how to read
the verdict.
"""
