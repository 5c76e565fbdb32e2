"""What every probe is made with."""

import contextlib


def probe(tries):
    """Mark a function as a probe: given the request, it yields a word for all that got through."""
    tries.is_probe = True
    return tries


def succeeded(actions):
    """The names of the actions that the system did not refuse."""
    found = []
    for name, act in actions.items():
        with contextlib.suppress(OSError):
            act()
            found.append(name)
    return found
