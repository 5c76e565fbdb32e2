"""A whole number in a request is what JSON Schema calls an integer."""

import pytest
from marshmallow import ValidationError

from web.schemas import Whole


@pytest.mark.parametrize(("sent", "read"), [(5, 5), (5.0, 5), (-0.0, 0), (2**60, 2**60)])
def test_a_whole_number_is_read_however_it_is_written(sent: float, read: int) -> None:
    found = Whole().deserialize(sent)
    assert (type(found), found) == (int, read)


@pytest.mark.parametrize("sent", [5.5, "5", True, None, [], float("inf"), float("nan")])
def test_what_is_no_whole_number_is_refused(sent: object) -> None:
    with pytest.raises(ValidationError):
        Whole().deserialize(sent)
