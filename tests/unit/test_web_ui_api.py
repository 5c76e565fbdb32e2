"""The web UI is typed from the API as it is."""

from ops.write_openapi import PATH, openapi_text


def test_the_committed_openapi_document_is_the_apps() -> None:
    assert PATH.read_text(encoding="utf-8") == openapi_text(), "run `make api`"
