"""What people say in a request: characters, not blank, and refused as fast as it is taken."""

import pytest
from marshmallow import ValidationError

from web.schemas import PLAIN_TEXT, WORDS


@pytest.mark.parametrize("said", ["no", " because\nof that ", "\t\r\n.", "\U0001f600", "\x80"])
def test_words_are_taken(said: str) -> None:
    assert WORDS(said) == PLAIN_TEXT(said) == said


@pytest.mark.parametrize(
    "said", ["", " ", "\n\t ", "a\x00", "\x1b[2J", "a\ud800", "\udfff", "a\x7f"]
)
def test_what_is_no_words_is_refused(said: str) -> None:
    with pytest.raises(ValidationError):
        WORDS(said)


# Tried in every way there is to match them, these would take hours.
@pytest.mark.parametrize(
    "said", ["a" * 1_000_000 + "\x00", " " * 1_000_000, " a" * 500_000 + "\x7f"]
)
def test_a_long_one_takes_no_longer_to_refuse(said: str) -> None:
    with pytest.raises(ValidationError):
        WORDS(said)
