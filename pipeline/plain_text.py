"""Text that came from outside, as one short plain line: no control, no layout, no surprise.

Whoever shows it still escapes it: what is plain text here may be markup elsewhere.
"""

import unicodedata
from typing import Final

# Controls, formatting (which turns the reading direction), surrogates, private use, unassigned.
_UNSHOWN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_MARK: Final = "\ufffd"
_SHORTENED: Final = "…"


def one_line(text: str, most: int) -> str:
    """At most `most` characters; runs of white space are one space, what has no shape a mark."""
    # What is cut off anyway is not looked at; white space may shrink, so a few more are.
    words = text[: 4 * most].split()
    shown = "".join(
        _MARK if unicodedata.category(each) in _UNSHOWN else each for each in " ".join(words)
    )
    if len(shown) > most or len(text) > 4 * most:
        return shown[: most - 1] + _SHORTENED
    return shown
