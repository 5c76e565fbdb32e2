"""The three apps under gunicorn, side by side, with the product's own configuration."""

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from ops.bench.ingest_baselines import DATABASE_URL_FILE, SENDERS_FILE
from ops.bench.ingest_world import BenchSource
from ops.bench.served_app import BARE, PRODUCT, ServedApp, served_app
from ops.embedded.data_folder import DataFolder
from ops.embedded.postgres import login_url
from ops.processes import process_environment

APPS: Final[Mapping[str, str]] = {
    "ingest": "ingest.app:from_environ()",
    "bare": "ops.bench.ingest_baselines:bare()",
    "uncoalesced": "ops.bench.ingest_baselines:uncoalesced()",
}


@contextlib.contextmanager
def served_views(
    data: DataFolder, sources: Sequence[BenchSource]
) -> Iterator[dict[str, ServedApp]]:
    """Serve every app on a port of its own; yields them by name."""
    baseline = _baseline_environment(data, sources)
    told = {**process_environment(data, "ingest"), "AWGP_ENV": "production"}
    with contextlib.ExitStack() as stack:
        yield {
            name: stack.enter_context(
                served_app(
                    data,
                    name,
                    app,
                    told if name == "ingest" else baseline,
                    configuration=PRODUCT if name == "ingest" else BARE,
                )
            )
            for name, app in APPS.items()
        }


def _baseline_environment(data: DataFolder, sources: Sequence[BenchSource]) -> dict[str, str]:
    senders = [
        {
            "tenant": str(each.tenant_id),
            "assistant": str(each.assistant_id),
            "source": str(each.source_id),
            "secret": each.secret_text,
        }
        for each in sources
    ]
    files = {
        SENDERS_FILE: (data.root / "senders.json", json.dumps(senders)),
        DATABASE_URL_FILE: (data.root / "baseline-url", login_url(data, "awgp_ingest")),
    }
    for path, content in files.values():
        path.touch(mode=0o600)
        path.write_text(content, encoding="utf-8")
    return {name: str(path) for name, (path, _) in files.items()}
