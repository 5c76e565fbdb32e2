"""An agent with the strict profile that will not be ended by SIGSYS, and asks for what it lacks."""

import json
from dataclasses import replace

import pytest

from pipeline.execution import ExitReason
from pipeline.syscalls import Syscalls
from runtime_host.bundle import pack
from runtime_host.syscall_numbers import NUMBERS
from tests.attacks.site import Site

pytestmark = [pytest.mark.runsc, pytest.mark.attacks]

# Each call answers its own number where the filter does not let it through: it was not made.
ASK = """
import ctypes, json, os, signal, sys
signal.signal(signal.SIGSYS, signal.SIG_IGN)
libc = ctypes.CDLL(None, use_errno=True)
numbers = json.load(open("/bundle/numbers.json"))
PATH = b"/tmp/x"
asked = {
    "fork": (), "vfork": (), "clone": (17,), "execve": (b"/usr/bin/python3.11", None, None),
    "ptrace": (0, 0, 0, 0), "mount": (PATH, PATH, b"tmpfs", 0, 0), "chroot": (PATH,),
    "unshare": (0x10000000,), "setns": (0, 0), "bpf": (0, 0, 0), "io_uring_enter": (0, 0),
    "seccomp": (1, 0, 0), "prctl": (22, 2, 0), "socket": (2, 1, 0), "bind": (0, 0, 0),
    "listen": (0, 1), "unlink": (PATH,), "rename": (PATH, PATH), "mkdir": (PATH, 0o700),
    "symlink": (PATH, PATH), "link": (PATH, PATH), "chmod": (PATH, 0o777), "kill": (1, 0),
    "tkill": (1, 9), "setuid": (0,), "memfd_create": (PATH, 1), "keyctl": (0, 0),
    "userfaultfd": (0,), "process_vm_readv": (1, 0, 0, 0, 0), "prlimit64": (0, 7, b"\\0" * 16, 0),
    "timer_create": (0, 0, 0), "pidfd_getfd": (0, 0, 0), "open_by_handle_at": (0, 0, 0),
}
through = {}
for name, arguments in asked.items():
    number = numbers[name]
    if (said := libc.syscall(number, *arguments)) != number:
        through[name] = said
if libc.syscall(0x40000000 | numbers["fork"]) == 0:
    os._exit(0)
json.dump({"through": through, "asked": len(asked)}, open("/output/result.json", "w"))
"""


def test_a_strict_agent_gets_nothing_it_was_not_given(site: Site) -> None:
    numbers = json.dumps(NUMBERS["x86_64"])
    bundle = pack({"main.py": ASK.encode(), "numbers.json": numbers.encode()})
    spec = site.spec(bundle)
    told = site.launch(replace(spec, syscalls=Syscalls(strict=True)))
    assert told.reason is ExitReason.OK, told
    assert told.result is not None
    assert json.loads(told.result) == {"through": {}, "asked": 33}
    # The same bundle gets through with more, so it would have seen a hole.
    wide = Syscalls(strict=True, additions=frozenset({"files", "sockets"}))
    told = site.launch(replace(spec, syscalls=wide))
    assert told.result is not None
    through = set(json.loads(told.result)["through"])
    assert {"unlink", "mkdir", "symlink", "socket", "bind", "listen"} <= through
    assert through.isdisjoint({"fork", "clone", "execve", "kill", "ptrace", "mount", "setuid"})


@pytest.mark.parametrize("way", ["thread", "child"])
def test_whoever_of_an_agent_breaks_its_profile_is_ended(site: Site, way: str) -> None:
    program = {
        "thread": "import os, threading, time\nthreading.Thread(target=os.unlink,"
        " args=('/tmp/x',)).start()\ntime.sleep(30)",
        "child": "import os, sys\nif not os.fork(): os.unlink('/tmp/x'); print('through')\n"
        "sys.exit(os.wait()[1] != 31)",
    }[way]
    added = {"thread": "threads", "child": "processes"}[way]
    syscalls = Syscalls(strict=True, additions=frozenset({added}))
    result = site.launch(replace(site.spec_of(program), syscalls=syscalls))
    if way == "child":
        assert result.reason is ExitReason.OK, result
    else:
        assert result.reason is ExitReason.POLICY_VIOLATION, result
        assert "unlink" in result.detail


BEFORE = """
import os
os.path.join  # what follows is run by whoever imports this
open("/output/result.json", "w").write('{"before": true}')
raise ImportError("not the real one")
"""


@pytest.mark.parametrize("name", ["_ctypes", "runtime_host", "os"])
def test_nothing_of_a_bundle_is_run_before_its_profile_holds(site: Site, name: str) -> None:
    files = {"main.py": "import os\nos.unlink('/tmp/x')", f"{name}.py": BEFORE}
    bundle = pack({each: text.encode() for each, text in files.items()})
    result = site.launch(replace(site.spec(bundle), syscalls=Syscalls(strict=True)))
    assert result.reason is ExitReason.POLICY_VIOLATION, result
