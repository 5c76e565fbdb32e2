"""How long a request is, by its beginning."""

import pytest

from ops.reading_worker import BUFFERED, LONGEST_HEAD, length_of

HEAD = b"POST /v1/hooks/x HTTP/1.1\r\nHost: a\r\n"


@pytest.mark.parametrize(
    ("data", "length"),
    [
        (b"", -1),
        (HEAD + b"Content-Length: 5\r\n", -1),
        (b"a" * LONGEST_HEAD, None),
        (HEAD + b"\r\n", len(HEAD) + 2),
        (HEAD + b"Content-Length: 5\r\n\r\n", len(HEAD) + 21 + 5),
        (HEAD + b"cOnTenT-lEngth:5\r\n\r\nabcdefgh", len(HEAD) + 20 + 5),
        (HEAD + b"X-Content-Length: 9\r\n\r\n", len(HEAD) + 23),
        (HEAD + b"\r\nContent-Length: 9\r\n\r\n", len(HEAD) + 2),
        (HEAD + b"Content-Length: -1\r\n\r\n", None),
        (HEAD + b"Content-Length: %d\r\n\r\n" % (BUFFERED + 1), None),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", None),
        (HEAD + b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n", None),
    ],
)
def test_the_length_of_a_request_is_read_off_its_head(data: bytes, length: int | None) -> None:
    assert length_of(data) == length
