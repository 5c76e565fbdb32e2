"""Read the request, do the work, write the result."""

import json
from pathlib import Path

request = json.loads(Path("/input/request.json").read_text())
print(f"got {len(request)} fields")  # kept with the run, for people to read

total = sum(line["quantity"] * line["price_cents"] for line in request.get("lines", []))

Path("/output/result.json").write_text(json.dumps({"lines_total_cents": total}))
