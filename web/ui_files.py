"""The web UI's files, at every address that is nobody else's.

They are what `awgp setup` built: assets named for their content, which a browser keeps for ever,
and one page, which it never keeps. Whatever address of the UI is opened, that page is the answer:
it looks at the address itself. It holds nothing of any tenant, so it asks nobody who they are.
"""

from pathlib import Path
from typing import Final

from flask import Flask, Response, request
from werkzeug.exceptions import NotFound
from werkzeug.security import safe_join

BUILT: Final = Path(__file__).resolve().parent / "ui" / "dist"
PAGE: Final = "index.html"
ASSETS: Final = "assets"
# Addresses of the server: what it does not know there is not found, never a page.
RESERVED: Final = (
    "v1",
    "login",
    "authorize",
    "logout",
    "backchannel-logout",
    "healthz",
    "readyz",
    "metrics",
    "d",
    ".well-known",
)
KEEP_FOR_EVER: Final = "public, max-age=31536000, immutable"
# Scripts and styles come from files of ours alone; nothing is written into the page as markup.
CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
NOT_BUILT: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>AWGP</title>
<h1>The web UI is not built</h1>
<p>The API answers; its pages are missing. Run <code>make setup</code> (or <code>awgp setup</code>)
on this machine, then load this page again.</p>
</html>
"""


def install_ui(app: Flask, folder: Path = BUILT) -> None:
    """Serve the UI where the router knows no endpoint.

    Args:
        folder: Holds index.html and assets/; looked at anew by each request.
    """

    def answer() -> Response | None:
        unknown = isinstance(request.routing_exception, NotFound)
        if not unknown or request.method not in {"GET", "HEAD"} or is_reserved(request.path):
            return None  # the router's own answer
        return ui_file(folder, request.path.lstrip("/"))

    app.before_request(answer)


def is_reserved(path: str) -> bool:
    return path.lstrip("/").partition("/")[0] in RESERVED


def ui_file(folder: Path, path: str) -> Response | None:
    """The file of that name, else the page; None where an asset of an older build is asked for."""
    found = _file(folder, path)
    if found is None and path.startswith(f"{ASSETS}/"):
        return None
    response = _send(found) if found is not None else _page(folder)
    response.headers.update(HEADERS)
    if found is not None and path.startswith(f"{ASSETS}/"):
        response.headers["Cache-Control"] = KEEP_FOR_EVER
    elif found is not None:
        response.headers["Cache-Control"] = "no-cache"  # asked for again, by its ETag
    return response


def _page(folder: Path) -> Response:
    page = folder / PAGE
    if not page.is_file():
        return Response(NOT_BUILT, status=503, content_type="text/html; charset=utf-8")
    response = _send(page)
    response.headers["Cache-Control"] = "no-store"
    return response


def _file(folder: Path, path: str) -> Path | None:
    joined = safe_join(str(folder), path)
    found = Path(joined) if joined and path not in {"", PAGE} else None
    hidden = any(part.startswith(".") for part in path.split("/"))
    return found if found is not None and not hidden and found.is_file() else None


def _send(path: Path) -> Response:
    """The file, packed where there is a packed twin and the browser takes it."""
    packed = path.with_name(f"{path.name}.gz")
    takes_packed = request.accept_encodings.quality("gzip") > 0
    use_packed = packed.is_file() and takes_packed
    content = (packed if use_packed else path).read_bytes()  # small: a build's own files
    response = Response(content, mimetype=_media_type(path))
    response.headers["Vary"] = "Accept-Encoding"
    if use_packed:
        response.headers["Content-Encoding"] = "gzip"
    response.add_etag()
    response.make_conditional(request)
    return response


def _media_type(path: Path) -> str:
    return MEDIA_TYPES.get(path.suffix, "application/octet-stream")


# Said here: a machine's own table of types may say otherwise.
MEDIA_TYPES: Final = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
