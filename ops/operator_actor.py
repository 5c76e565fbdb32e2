"""Whoever is at this machine's keyboard, as the audit trail says it."""

import os

from pipeline.work import Actor


def operator() -> Actor:
    """The trail takes no names, so it is the user's id."""
    return Actor(type="operator", id=f"uid:{os.getuid()}")
