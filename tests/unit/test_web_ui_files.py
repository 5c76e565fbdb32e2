"""The web UI's files: what a path may reach, what is kept, and what the page may do."""

import gzip
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from web.ui_files import CONTENT_SECURITY_POLICY, RESERVED, install_ui


@pytest.fixture
def built(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>AWGP</title>")
    (folder / "theme.js").write_text("// theme")
    (folder / "assets" / "index-abc.js").write_text("// plain")
    (folder / "assets" / "index-abc.js.gz").write_bytes(gzip.compress(b"// packed"))
    (folder / ".made-from").write_text("a fingerprint")
    (tmp_path / "secret.txt").write_text("not yours")
    return folder


@pytest.fixture
def browser(built: Path) -> FlaskClient:
    app = Flask("served", static_folder=None)
    app.add_url_rule("/v1/runs", view_func=lambda: {"items": []})
    install_ui(app, built)
    return app.test_client()


@pytest.mark.parametrize("path", ["/", "/t/acme/inbox", "/t/acme/runs/1?tab=log", "/index.html"])
def test_every_address_of_the_ui_is_its_one_page_and_never_kept(
    browser: FlaskClient, path: str
) -> None:
    answer = browser.get(path)
    assert answer.status_code == 200
    assert answer.text.startswith("<!doctype html>")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_an_asset_is_kept_for_ever_and_packed_for_who_takes_it(browser: FlaskClient) -> None:
    plain = browser.get("/assets/index-abc.js")
    assert plain.text == "// plain"
    assert plain.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert plain.headers["Content-Type"] == "text/javascript; charset=utf-8"
    packed = browser.get("/assets/index-abc.js", headers={"Accept-Encoding": "br, gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert packed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"
    assert gzip.decompress(packed.data) == b"// packed"


def test_what_has_no_hash_in_its_name_is_asked_for_again(browser: FlaskClient) -> None:
    answer = browser.get("/theme.js")
    assert answer.headers["Cache-Control"] == "no-cache"
    again = browser.get("/theme.js", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_an_asset_of_an_older_build_is_not_found_rather_than_a_page(browser: FlaskClient) -> None:
    assert browser.get("/assets/index-old.js").status_code == 404


@pytest.mark.parametrize("first", RESERVED)
def test_an_unknown_address_of_the_server_is_not_found(browser: FlaskClient, first: str) -> None:
    assert browser.get(f"/{first}/nowhere").status_code == 404


def test_the_servers_own_addresses_come_first(browser: FlaskClient) -> None:
    assert browser.get("/v1/runs").get_json() == {"items": []}
    assert browser.post("/v1/runs").status_code == 405
    assert browser.post("/t/acme/inbox").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/assets/../../secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e/secret.txt",
        "/assets/..%5c..%5csecret.txt",
        "/.made-from",
        "/assets/%00",
    ],
)
def test_no_path_reaches_what_is_not_of_the_ui(browser: FlaskClient, path: str) -> None:
    answer = browser.get(path)
    assert "not yours" not in answer.text
    assert "fingerprint" not in answer.text


def test_where_nothing_is_built_the_page_says_what_to_do(tmp_path: Path) -> None:
    app = Flask("served", static_folder=None)
    install_ui(app, tmp_path / "dist")
    answer = app.test_client().get("/t/acme/inbox")
    assert answer.status_code == 503
    assert "make setup" in answer.text


def test_the_policy_lets_in_no_script_or_style_but_ours() -> None:
    assert "default-src 'none'" in CONTENT_SECURITY_POLICY
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert "nonce" not in CONTENT_SECURITY_POLICY
    assert "require-trusted-types-for 'script'" in CONTENT_SECURITY_POLICY
