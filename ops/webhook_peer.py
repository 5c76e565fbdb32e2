"""Where the other side of a webhook sends to."""

from collections.abc import Mapping

from ops.embedded.data_folder import DataFolder
from ops.processes import web_urls


def hook_url(data: DataFolder, environ: Mapping[str, str], source_id: object) -> str:
    """The address of a webhook source: at AWGP_INGEST_URL, else at ingest on this machine."""
    ingest = environ.get("AWGP_INGEST_URL") or web_urls(data)["ingest"]
    return f"{ingest.rstrip('/')}/v1/hooks/{source_id}"
