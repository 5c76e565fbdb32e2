"""Summarise a pull-request event in one line."""

import json
import pathlib

event = json.loads(pathlib.Path("/input/request.json").read_bytes())
files = event["files"]
added = sum(each["added"] for each in files)
removed = sum(each["removed"] for each in files)
most = max(files, key=lambda each: each["added"] + each["removed"])
summary = (
    f"#{event['number']} {event['title']!r} by {event['author']}: "
    f"{len(files)} files, +{added} -{removed}, mostly {most['path']}"
)
print(summary)
pathlib.Path("/output/result.json").write_text(json.dumps({"summary": summary}))
