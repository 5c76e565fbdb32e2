"""Try the probes named in the arguments, or all of them; report what got through, by probe.

Runs inside a sandbox, and once outside of one, where everything it looks for is there to be found.
"""

import json
import os
import sys

import devices
import files
import identity
import kernel
import launcher
import network

PROBES = {
    name: probe
    for module in (kernel, network, identity, launcher, files, devices)
    for name, probe in vars(module).items()
    if getattr(probe, "__module__", "") == module.__name__ and getattr(probe, "is_probe", False)
}


def tried(probe, request):
    """What got through; a probe that broke says so, and counts as one that did."""
    try:
        return [str(each) for each in probe(request)]
    except Exception as error:
        return [f"the probe broke: {type(error).__name__}: {error}"]


def main():
    with open(os.environ.get("PROBE_REQUEST", "/input/request.json")) as file:
        request = json.load(file)
    wanted = sys.argv[1:] or sorted(PROBES)
    report = {name: tried(PROBES[name], request) for name in wanted}
    with open(os.environ.get("PROBE_RESULT", "/output/result.json"), "w") as file:
        json.dump(report, file)


if __name__ == "__main__":
    main()
