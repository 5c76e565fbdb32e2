"""Profiles of system calls: how two meet, what the filter does, what is said of it."""

import struct
from itertools import product

import pytest

from pipeline.execution import ExecutionResult, ExitReason, Limits
from pipeline.gateway_scope import SandboxPolicyInvalid
from pipeline.sandbox_explain import explain
from pipeline.sandbox_policy import Allowed, Asked, granted_to
from pipeline.syscalls import ADDITIONS, ANY, Syscalls
from runtime_host.confinement import filter_of, names
from runtime_host.manifest import ManifestInvalid, parse_manifest
from runtime_host.seccomp import ALLOWED
from runtime_host.syscall_numbers import NUMBERS
from runtime_host.verdict import Ending, Transcript

ALLOW, TRAP, KILL, ENOSYS = 0x7FFF0000, 0x30000, 0, 0x50000 | 38
ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
INET, UNIX = 2, 1
THREAD, NEW_USER = 0x10000, 0x10000000


def strict(*additions: str) -> Syscalls:
    return Syscalls(strict=True, additions=frozenset(additions))


PROFILES = [ANY, strict(), strict("files"), strict("files", "threads"), strict(*ADDITIONS)]


def judged(code: bytes, machine: str, number: int, *arguments: int) -> int:
    """What Linux would make of a call: its own little machine."""
    data = struct.pack("=IIQ6Q", number, ARCHITECTURE[machine], 0, *(*arguments, *[0] * 6)[:6])
    program = list(struct.iter_unpack("=HBBI", code))
    loaded = at = 0
    while True:
        operation, yes, no, value = program[at]
        at += 1
        match operation:
            case 0x20:
                (loaded,) = struct.unpack_from("=I", data, value)
            case 0x06:
                return int(value)
            case _:
                holds = {0x15: loaded == value, 0x45: loaded & value != 0, 0x35: loaded >= value}
                at += yes if holds[operation] else no


def verdicts(syscalls: Syscalls, machine: str, *, executes: bool = False) -> dict[str, int]:
    code, number = filter_of(syscalls, machine, executes=executes), NUMBERS[machine]
    calls: dict[str, tuple[str, tuple[int, ...]]] = {
        "thread": ("clone", (THREAD,)),
        "process": ("clone", (17,)),
        "namespace": ("clone", (THREAD | NEW_USER,)),
        "clone3": ("clone3", ()),
        "network socket": ("socket", (INET,)),
        "local socket": ("socket", (UNIX,)),
        "listen": ("listen", (3,)),
        "kill another": ("kill", (7, 9)),
        "end oneself": ("tgkill", (7, 7, 31)),
        "execve": ("execve", ()),
        "unlinkat": ("unlinkat", ()),
        "set a limit": ("prlimit64", (0, 7, 4096)),
        "ask a limit": ("prlimit64", (0, 7, 0)),
        "set a limit far above": ("prlimit64", (0, 7, 1 << 32)),
        "another filter": ("prctl", (22, 2)),
        **{name: (name, ()) for name in ("openat", "ptrace", "mount", "bpf", "io_uring_setup")},
    }
    return {
        what: judged(code, machine, number[name], *args) for what, (name, args) in calls.items()
    }


@pytest.mark.parametrize("machine", sorted(ARCHITECTURE))
def test_the_filter_lets_through_what_the_profile_names(machine: str) -> None:
    plain = {"local socket", "end oneself", "openat", "ask a limit"}
    more = {
        "files": {"unlinkat"},
        "processes": {"process", "kill another", "execve"},
        "signals": {"kill another"},
        "sockets": {"network socket", "listen"},
        "threads": {"thread"},
    }
    assert set(more) == set(ADDITIONS)
    for additions in ([], *([each] for each in more), list(more)):
        told = verdicts(strict(*additions), machine)
        assert {told.pop("clone3"), told.pop("io_uring_setup")} == {ENOSYS}
        allowed = plain.union(*(more[each] for each in additions))
        assert {what for what, verdict in told.items() if verdict == ALLOW} == allowed, additions
        assert set(told.values()) == {ALLOW, TRAP}
    assert verdicts(strict(), machine, executes=True)["execve"] == ALLOW
    assert filter_of(ANY, machine, executes=False) == b""


def test_another_machines_numbers_pass_nowhere() -> None:
    code, read = filter_of(strict(*ADDITIONS), "x86_64", executes=True), NUMBERS["x86_64"]["read"]
    assert judged(code, "aarch64", read) == KILL
    assert judged(code, "x86_64", 0x40000000 | read) == TRAP


def test_every_call_of_a_strict_profile_is_one_of_the_sandboxes_own() -> None:
    for profile in PROFILES[1:]:
        assert names(profile) <= set(ALLOWED)
        assert names(profile) <= NUMBERS["x86_64"].keys()


@pytest.mark.parametrize(("one", "other"), list(product(PROFILES, PROFILES)))
def test_two_profiles_meet_in_what_both_have(one: Syscalls, other: Syscalls) -> None:
    met = one.within(other)
    assert met == other.within(one)
    assert met.within(one) == met
    assert met.within(other) == met
    assert Syscalls.from_mapping(met.as_json()) == met
    assert set(met.lacking(one)).isdisjoint(met.additions)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"profile": "loose"}, "syscalls.profile"),
        ({"profile": ["strict"]}, "syscalls.profile"),
        ({"profile": "strict", "add": ["ptrace"]}, "syscalls.add"),
        ({"profile": "strict", "add": "files"}, "syscalls.add"),
        ({"profile": "strict", "add": [["files"]]}, "syscalls.add"),
        ({"add": ["files"]}, "syscalls.add"),
        ({"allow": []}, "syscalls.allow"),
    ],
)
def test_what_is_no_profile_is_refused_by_name(said: dict[str, object], field: str) -> None:
    with pytest.raises(SandboxPolicyInvalid) as refused:
        Syscalls.from_mapping(said)
    assert refused.value.field == field


def test_a_bundle_asks_a_tenant_allows_and_both_are_explained() -> None:
    head = b'[bundle]\nname = "a"\nversion = "1"\n[syscalls]\nprofile = "strict"\n'
    manifest = parse_manifest(head + b'add = ["threads", "files"]\n').as_json()
    assert manifest["syscalls"] == {"profile": "strict", "add": ["files", "threads"]}
    allowed = {"syscalls": {"profile": "strict", "add": ["files", "sockets"]}}
    assert granted_to(manifest, {}).syscalls == strict("files", "threads")
    assert granted_to({}, allowed).syscalls == strict("files", "sockets")
    assert granted_to(manifest, allowed).syscalls == strict("files")
    assert granted_to({}, {}).syscalls == ANY
    told = explain(Asked.from_mapping(manifest), Allowed.from_mapping(allowed))
    assert "profile strict" in " ".join(told.may)
    assert told.asked_only == (f"system calls: it {ADDITIONS['threads']}",)
    assert told.allowed_only == (f"system calls: it {ADDITIONS['sockets']}",)
    with pytest.raises(ManifestInvalid, match=r"syscalls\.add: a list of files, processes"):
        parse_manifest(head + b'add = ["ptrace"]\n')


def ended(said: str, syscalls: Syscalls) -> ExecutionResult:
    transcript = Transcript(Limits(), tell=lambda _: None, syscalls=syscalls)
    for kind, body in (
        (b"P", b"disk"),
        (b"E", said.encode()),
        (b"X", b'{"exit_code": -31, "nonce": ""}'),
    ):
        transcript.feed(kind + len(body).to_bytes(4, "big") + body, 0)
    ending = Ending(
        duration_ms=1, peak_memory_bytes=None, noise=b"", oom_kills=0, capped_by_group=True
    )
    return transcript.result(ending)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("ptrace", "the system call ptrace is not in its profile strict"),
        ("listen", "the system call listen is not in its profile strict; sockets would add it"),
        ("kill", "kill is not in its profile strict; processes or signals would add it"),
        ("clone", "clone is not in its profile strict; processes or threads would add it"),
    ],
)
def test_a_violation_names_the_system_call(
    name: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    number = NUMBERS["x86_64"][name]
    said = f"half a lineawgp: system call {number} is not in the profile of this sandbox\nx\n"
    result = ended(said, strict())
    assert result.reason is ExitReason.POLICY_VIOLATION
    assert result.detail.endswith(told)
    assert ended("", strict("files")).detail.endswith("is not in its profile strict,files")
    assert ended("", ANY).detail == "signal 31: a system call that a filter forbids"
