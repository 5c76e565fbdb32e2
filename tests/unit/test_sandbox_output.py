"""What comes out of a sandbox is cut, counted and checked before anybody keeps it."""

import os
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.debian import DebianUnavailable, archives, main_archive
from pipeline.execution import ExecutionResult, ExecutionSpec, ExitReason, Limits, Usage
from runtime_host.cgroups import Cgroup
from runtime_host.client import HostClient, LaunchRefused
from runtime_host.launch_frame import encode_result
from runtime_host.output import (
    HEADER,
    MAX_FRAME_BYTES,
    MAX_LINE_BYTES,
    FrameReader,
    FramesBroken,
    LineCutter,
    OutputExceeded,
    ResultRefused,
    checked_result,
)
from runtime_host.rootfs import tree_digest
from runtime_host.verdict import Ending, Transcript
from runtime_host.wire import MAX_HEADER_BYTES, Decoder, WireBroken, encode


@given(st.lists(st.tuples(st.sampled_from([b"O", b"E", b"X"]), st.binary(max_size=50))), st.data())
def test_frames_come_out_whole_however_the_bytes_arrive(
    frames: list[tuple[bytes, bytes]], data: st.DataObject
) -> None:
    rest = b"".join(HEADER.pack(kind, len(body)) + body for kind, body in frames)
    reader, found = FrameReader(), []
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        found += list(reader.feed(rest[:size]))
        rest = rest[size:]
    assert found == frames


@pytest.mark.parametrize("head", [b"?\0\0\0\0", HEADER.pack(b"O", MAX_FRAME_BYTES + 1)])
def test_a_frame_of_unknown_kind_or_impossible_length_is_refused(head: bytes) -> None:
    with pytest.raises(FramesBroken):
        list(FrameReader().feed(head))


def test_lines_of_two_streams_share_one_sequence() -> None:
    cutter = LineCutter(1000)
    lines = [*cutter.feed("stdout", b"a\nb", 1), *cutter.feed("stderr", b"e\n", 2)]
    lines += cutter.rest(3)
    assert [(line.sequence, line.stream, line.text) for line in lines] == [
        (0, "stdout", "a"),
        (1, "stderr", "e"),
        (2, "stdout", "b"),
    ]


@given(st.lists(st.binary(max_size=64), max_size=20))
def test_any_bytes_become_text_that_a_database_can_hold(pieces: list[bytes]) -> None:
    cutter = LineCutter(10_000)
    lines = [line for piece in pieces for line in cutter.feed("stdout", piece, 0)]
    for line in [*lines, *cutter.rest(0)]:
        assert "\0" not in line.text
        assert "\n" not in line.text
        line.text.encode("utf-8")


def test_a_line_without_end_is_cut_at_a_fixed_length() -> None:
    lines = list(LineCutter(100_000).feed("stdout", b"x" * (3 * MAX_LINE_BYTES), 0))
    assert [len(line.text) for line in lines] == [MAX_LINE_BYTES] * 3


def test_the_first_byte_too_many_ends_the_output_and_keeps_what_was_before() -> None:
    lines = LineCutter(4).feed("stdout", b"ab\ncd\n", 0)
    assert next(lines).text == "ab"
    with pytest.raises(OutputExceeded, match="more than 4 bytes"):
        next(lines)


@pytest.mark.parametrize(
    "raw", [b"{}", b"null", b'{"a": [1, 2.5, "\xc3\xa4"]}', b"[" * 64 + b"]" * 64]
)
def test_a_sound_result_is_returned_byte_for_byte(raw: bytes) -> None:
    assert checked_result(raw) is raw


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"{", b"\xff", b"\xef\xbb\xbf{}", b"NaN", b"[Infinity]", b"1e999", b'{"a":1,"a":2}',
        b'"\\u0000"', b'{"\\ud800": 1}', b"[" * 66 + b"]" * 66, b"[" * 100_000, b"1" * 5000,
        b'"' + b"x" * (1 << 20) + b'"',
    ],
)  # fmt: skip
def test_a_result_that_others_could_not_hold_is_refused(raw: bytes) -> None:
    with pytest.raises(ResultRefused, match=r"result\.json"):
        checked_result(raw)


def said(*frames: tuple[bytes, bytes]) -> ExecutionResult:
    transcript = Transcript(Limits(), tell=lambda _: None)
    for kind, body in frames:
        transcript.feed(kind + len(body).to_bytes(4, "big") + body, 0)
    ending = Ending(
        duration_ms=1, peak_memory_bytes=None, noise=b"", oom_kills=0, capped_by_group=True
    )
    return transcript.result(ending)


@pytest.mark.parametrize("code", ["true", "1e3", "99999999999999999999", '"0"', "-300", "null"])
def test_an_exit_code_that_no_process_has_is_none(code: str) -> None:
    ended = said((b"X", b'{"exit_code": %s}' % code.encode()))
    assert (ended.reason, ended.exit_code) == (ExitReason.ERROR, None)


@pytest.mark.parametrize("problem", ["\\ud800", "\\u0000"])
def test_a_problem_said_inside_fits_the_socket_and_the_database(problem: str) -> None:
    ended = said((b"X", b'{"exit_code": 0, "problem": "a%sb"}' % problem.encode()))
    assert ended.reason is ExitReason.ERROR
    assert "\0" not in ended.detail
    assert encode_result(ended)


def test_whoever_a_filter_kills_went_against_its_policy() -> None:
    ended = said((b"X", b'{"exit_code": -31}'))
    assert (ended.reason, ended.detail) == (
        ExitReason.POLICY_VIOLATION,
        "signal 31: a system call that a filter forbids",
    )


def test_what_came_out_is_counted_and_the_agents_beginning_noted() -> None:
    ended = said((b"S", b""), (b"O", b"out\n"), (b"E", b"err"), (b"F", b"{}"))
    assert (ended.usage.bytes_out, ended.usage.start_ms) == (9, 0)
    assert said((b"R", b"no")).usage == Usage(bytes_out=0)


@pytest.mark.parametrize(
    ("versions", "file", "content"),
    [
        ({"memory": 2}, "cpu.stat", "usage_usec 1234\nuser_usec 1\n"),
        ({"memory": 1, "cpuacct": 1}, "cpuacct.usage", "1234567\n"),
        ({"memory": 1}, "cpu.stat", ""),
        ({"memory": 2}, "cpu.stat", ""),
        ({}, "cpu.stat", ""),
    ],
)
def test_processor_time_is_read_of_either_version(
    tmp_path: Path, versions: dict[str, int], file: str, content: str
) -> None:
    (tmp_path / file).write_text(content)
    group = Cgroup(dict.fromkeys(versions, tmp_path), versions)
    assert group.cpu_us() == (1234 if content else None)


def test_marks_that_nobody_knows_are_not_kept() -> None:
    marks = [(b"P", b"%d" % number) for number in range(5)]
    ended = said(*marks, (b"P", b"disk"), (b"X", b'{"exit_code": 1}'))
    assert ended.reason is ExitReason.DISK


def test_a_socket_frame_survives_and_its_bounds_hold() -> None:
    decoder = Decoder(max_blob_bytes=4)
    decoder.feed(encode({"type": "a"}, b"1234")[:-1])
    assert decoder.next() is None
    decoder.feed(b"4")
    frame = decoder.next()
    assert frame is not None
    assert (frame.type, frame.blob) == ("a", b"1234")
    decoder.feed(encode({"type": "a"}, b"12345"))
    with pytest.raises(WireBroken, match="too large"):
        decoder.next()


def test_what_no_host_could_be_asked_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    too_large = ExecutionSpec(
        tenant_id=uuid4(),
        run_id=uuid4(),
        execution_id=uuid4(),
        fence=1,
        bundle=b"",
        bundle_digest="",
        payload=b"",
        payload_digest="",
        runtime="python3",
        runtime_digest="",
        entrypoint=("main.py", "ß" * MAX_HEADER_BYTES),
        limits=Limits(),
    )
    with pytest.raises(LaunchRefused, match="spec_invalid: the message is too large"):
        HostClient(tmp_path / "nobody").launch(too_large, 1.0)


@pytest.mark.parametrize("header", [b"[]", b"{", b"\xff", b"[" * 60_000])
def test_a_socket_header_that_is_no_object_is_refused(header: bytes) -> None:
    decoder = Decoder()
    decoder.feed(len(header).to_bytes(4, "big") + bytes(4) + header)
    with pytest.raises(WireBroken):
        decoder.next()


def test_the_archive_is_found_in_both_notations_of_apt(tmp_path: Path) -> None:
    parts = tmp_path / "sources.list.d"
    parts.mkdir()
    (tmp_path / "os-release").write_text('ID=debian\nVERSION_CODENAME="bookworm"\n')
    release = tmp_path / "os-release"
    with pytest.raises(DebianUnavailable, match="no apt source serves Debian bookworm"):
        main_archive(tmp_path, release)
    (tmp_path / "sources.list").write_text(
        "# deb file:/no bookworm main\ndeb [arch=amd64 signed-by=/k] file:/one bookworm main\n"
    )
    assert main_archive(tmp_path, release).uri == "file:/one"
    (parts / "a.sources").write_text(
        "Types: deb deb-src\n# a remark\nURIs: file:/two\nSuites: bookworm\n bookworm-updates\n"
        "Components: main\n\nEnabled: no\nTypes: deb\nURIs: file:/off\nSuites: x\n"
    )
    assert main_archive(tmp_path, release).uri == "file:/two"
    assert [archive.uri for archive in archives(tmp_path)] == ["file:/two", "file:/one"]


def test_another_system_is_told_plainly(tmp_path: Path) -> None:
    (tmp_path / "os-release").write_text("ID=other\n")
    with pytest.raises(DebianUnavailable, match="not Debian"):
        main_archive(tmp_path, tmp_path / "os-release")


def test_the_digest_of_a_tree_tells_content_mode_and_names_but_not_times(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    file = root / "sub" / "file"
    file.write_bytes(b"1")
    file.chmod(0o644)
    first = tree_digest(root)
    os.utime(file, (1, 1))
    assert tree_digest(root) == first
    seen = {first}
    file.write_bytes(b"2")
    seen.add(tree_digest(root))
    file.chmod(0o755)
    seen.add(tree_digest(root))
    file.rename(root / "sub" / "other")
    seen.add(tree_digest(root))
    (root / "link").symlink_to("sub")
    seen.add(tree_digest(root))
    assert len(seen) == 5
