"""The smallest policy for what one run of a bundle did."""

from dataclasses import replace

import pytest

from ops.bundle_proposal import ManifestNotWritten, Seen, block, reaches_for, with_block
from ops.traced_calls import Traced, read_trace
from pipeline.execution import MIB, ExecutionResult, ExitReason, Limits, OutputLine
from pipeline.gateway_call import GatewayCall
from pipeline.syscalls import ANY, Syscalls
from runtime_host.manifest import parse_manifest

# As gVisor of July 2024 writes it; the launcher is process 1.
WAITS = """
I1129 17:43:41.1 1 strace.go:573] [   1:   1] python3.11 E clone(CLONE_CHILD_SETTID|0x11, 0x0, 0x0)
I1129 17:43:41.2 1 strace.go:567] [   2:   2] python3.11 E setresuid(0xfffe, 0xfffe, 0xfffe)
I1129 17:43:41.3 1 strace.go:570] [   2:   2] python3.11 E prlimit64(0x0, 0x6, 0x7ed557a454e0, 0x0)
I1129 17:43:41.3 1 strace.go:608] [   2:   2] python3.11 X prlimit64(0x0, 0x6, 0x7, 0x0) = 0 (0x0)
I1129 17:43:41.3 1 strace.go:570] [   2:   2] python3.11 E prlimit64(0x0, 0x9, 0x7ed557a454e0, 0x0)
"""
READS = "openat(AT_FDCWD /bundle, 0x7 /bundle/main.py, O_RDONLY|O_CLOEXEC, 0o0)"
DENIED = "D1129 17:43:41.4 1 task_syscall.go:241] [   2:   2] Syscall {}: denied by seccomp"
THREAD = "clone(CLONE_VM|CLONE_THREAD|CLONE_SYSVSEM, 0x7e)"


def entered(call: str, process: int = 2, thread: int = 2) -> str:
    return f"I1129 17:43:41.5 1 strace.go:573] [{process:>4}:{thread:>4}] a.out E {call}"


def traced(*lines: str, executes: bool = False) -> Traced:
    return read_trace([*WAITS.splitlines(), *lines], "x86_64", executes=executes)


def strict(*additions: str) -> Syscalls:
    return Syscalls(strict=True, additions=frozenset(additions))


@pytest.mark.parametrize(
    ("lines", "syscalls"),
    [
        ([entered(READS), entered("ioctl(0x3 /x, 0x5401, 0x7)")], strict()),
        ([entered("socket(AF_UNIX, SOCK_STREAM, 0x0)"), DENIED.format(435)], strict()),
        ([entered("socket(AF_INET6, SOCK_STREAM, 0x0)")], strict("sockets")),
        ([entered("unlink(0x7 /tmp/a] b E ptrace(0x0)")], strict("files")),
        ([entered(THREAD)], strict("threads")),
        ([entered("kill(0x2, SIGTERM)")], strict("signals")),
        ([entered("tgkill(0x2, 0x2, SIGABRT)")], strict()),
        ([entered("kill(0x2, SIGTERM)"), entered("vfork()")], strict("processes")),
        ([entered("execve(0x7 /bundle/a)"), entered(READS)], strict("processes")),
        ([entered("ioctl(0x3 /x, 0x9999, 0x7)")], ANY),
        ([entered("prlimit64(0x0, 0x7, 0x7ed5, 0x0)")], strict()),
        ([entered(READS), entered("prlimit64(0x0, 0x7, 0x7ed5, 0x0)")], ANY),
        ([entered("socket(AF_NETLINK, SOCK_RAW, 0x0)")], ANY),
        ([DENIED.format(41)], ANY),
        ([DENIED.format(101)], ANY),
    ],
)
def test_the_smallest_profile_has_all_that_was_asked(lines: list[str], syscalls: Syscalls) -> None:
    assert traced(*lines).syscalls == syscalls


def test_a_program_that_is_executed_needs_no_addition_for_that() -> None:
    run = [entered("execve(0x7 /bundle/a)"), entered(READS)]
    assert traced(*run, executes=True).syscalls == strict()
    assert traced(*run, run[0], executes=True).syscalls == strict("processes")


def test_tasks_are_counted_while_they_are_there() -> None:
    lines = [entered(READS)]
    for thread in range(3, 8):
        lines += [entered(READS, 2, thread), entered("exit(0x0)", 2, thread)]
    lines += [entered(READS, 9, 9), entered(READS, 9, 10), entered("exit_group(0x0)", 9, 9)]
    assert traced(*lines, entered(READS, 11, 11)).tasks == 3


def test_rules_are_for_the_paths_that_were_asked_for() -> None:
    visits = [
        ("GET", "https://api.example.com:443/v1/rates"),
        ("HEAD", "https://api.example.com/v1/rates/EUR"),
        ("POST", "https://api.example.com/v1/orders/12/lines"),
        ("GET", "http://erp.internal:8080/v2/x%20y/z"),
        ("GET", "https://bad host/"),
        ("POST", "/v1/llm/chat/completions"),
    ]
    found = [(each.url, each.sorted_methods) for each in reaches_for(visits)]
    assert found == [
        ("http://erp.internal:8080/v2/", ("GET",)),
        ("https://api.example.com/v1/orders/", ("POST",)),
        ("https://api.example.com/v1/rates/", ("GET",)),
        ("https://api.example.com/v1/rates/EUR/", ("HEAD",)),
    ]
    many = [("GET", f"https://a.example/x/{'abcdefghijklmnopqrstuvwxyz'[n]}") for n in range(26)]
    assert [each.url for each in reaches_for(many)] == ["https://a.example/x/"]


def ended(**changes: object) -> ExecutionResult:
    result = ExecutionResult(
        reason=ExitReason.OK,
        exit_code=0,
        result=b"{}",
        lines=(OutputLine(sequence=0, stream="stdout", offset_ms=1, text="x" * 40_000),),
        truncated=False,
        duration_ms=4_200,
        peak_memory_bytes=41 * MIB,
        detail="done",
    )
    return replace(result, **changes)  # type: ignore[arg-type]  # its own fields


CALL = GatewayCall(
    number=1, offset_ms=1, method="POST", destination="https://a.example:443", request="0" * 64,
    bytes_out=10, bytes_in=2 * MIB, tokens=1200,
)  # fmt: skip
MANIFEST = """# ours
[bundle]
name = "a"  # a name
version = "1"

[limits]
wall_seconds = 60
disk_bytes = 1048576

[[network]]
url = "https://old.example/"

[[network]]
url = "https://older.example/"
"""


def test_what_is_proposed_is_put_into_the_manifest() -> None:
    before = parse_manifest(MANIFEST.encode())
    seen = Seen(
        limits=before.limits,
        result=ended(calls=(CALL,)),
        traced=Traced(additions={"threads"}, tasks=3),
        visits=[
            ("GET", "https://a.example/v1/x"),
            ("POST", "/v1/llm/embeddings"),
            ("POST", "/v1/memory/search"),
        ],
    )
    written = with_block(MANIFEST, block(seen))
    after = parse_manifest(written.encode())
    assert written.startswith('# ours\n[bundle]\nname = "a"  # a name\n')
    assert "old" not in written
    assert after.limits == Limits(
        wall_seconds=9,
        memory_bytes=96 * MIB,
        processes=6,
        disk_bytes=1048576,
        output_bytes=2 * 64 * 1024,
    )
    assert [each.url for each in after.asked.reaches] == ["https://a.example/v1/x/"]
    assert (after.asked.budget.calls, after.asked.budget.bytes) == (10, 5 * MIB)
    assert (after.asked.tokens, after.asked.entries) == (3000, 1000)
    assert after.asked.syscalls == strict("threads")
    assert with_block(written, block(seen)) == written
    with pytest.raises(ManifestNotWritten):
        with_block("[bundle]\n", block(seen))


def test_what_was_not_measured_or_asked_is_not_proposed() -> None:
    seen = Seen(
        limits=Limits(memory_bytes=64 * MIB),
        result=ended(peak_memory_bytes=None),
        traced=Traced(lacking={"ptrace"}),
        visits=[],
    )
    proposed = block(seen)
    assert f"memory_bytes = {64 * MIB}" in proposed
    assert not any(name in proposed for name in ("network", "gateway", "llm", "syscalls"))
