"""Write the control plane's OpenAPI document where the web UI is typed from: `make api`.

The app is made without a server: nothing is connected to before a request.
"""

import json
from typing import Final

from ops.node_packages import run_node
from ops.web_ui import FOLDER, link_packages
from pipeline.settings import read_settings
from web.app import create_app

PATH: Final = FOLDER / "openapi.json"
# A key of zeros: nothing is sealed or opened here.
_SETTINGS: Final = {
    "AWGP_KEK": "1:" + "A" * 43 + "=",
    "AWGP_OIDC_ISSUER": "http://127.0.0.1/realms/none",
    "AWGP_PUBLIC_URL": "http://127.0.0.1",
    "AWGP_OIDC_CLIENT_ID": "awgp",
    "AWGP_OIDC_CLIENT_SECRET": "none",
    "AWGP_SESSION_KEY": "none, none, none, none, none, none, none",
    "AWGP_REDIS_URL": "redis://127.0.0.1:1/0",
    "AWGP_DATABASE_URL": "postgresql://awgp_web@127.0.0.1:1/none",
    "AWGP_HOLDING_PASSWORD": "none",
}


def openapi_text() -> str:
    """The document, in the one form it is committed in."""
    app = create_app(read_settings(_SETTINGS))
    document = app.test_client().get("/v1/openapi.json").get_json()
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def main() -> None:
    """Write the document, and the types made from it."""
    PATH.write_text(openapi_text(), encoding="utf-8")
    link_packages()
    run_node(("scripts/api.mjs",), FOLDER)


if __name__ == "__main__":
    main()
