"""Give the request back: the smallest assistant there is."""

import json
from pathlib import Path
from typing import Any


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Turn one request into one result. Change this; the rest may stay."""
    return {"you_sent": request, "fields": sorted(request)}


def main() -> None:
    """Read what was asked, write what came of it. What is printed is kept with the run."""
    request = json.loads(Path("/input/request.json").read_text(encoding="utf-8"))
    print(f"got {len(request)} fields")
    Path("/output/result.json").write_text(json.dumps(answer(request)), encoding="utf-8")


if __name__ == "__main__":
    main()
