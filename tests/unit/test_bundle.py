"""Bundles: the same files give the same bytes, and nothing unsafe passes the reader."""

import gzip
import io
import os
import re
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from ops.bundle_trial import status_of
from ops.commands.bundle import command
from pipeline.execution import ExitReason
from runtime_host.bundle import BundleRefused, build, inspect, is_digest, pack
from runtime_host.bundle_lint import Severity, lint
from runtime_host.inside import ustar
from runtime_host.manifest import ManifestInvalid, Retry, parse_manifest

MANIFEST = b'[bundle]\nname = "demo"\nversion = "1"\n'


def archive(*entries: tuple[tarfile.TarInfo, bytes]) -> bytes:
    """A tar.gz of exactly these entries, sound or not."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for info, data in entries:
            info.size = len(data) if info.isreg() else 0
            tar.addfile(info, io.BytesIO(data))
    return gzip.compress(plain.getvalue(), mtime=0)


def entry(
    name: str, data: bytes = b"", kind: bytes = tarfile.REGTYPE
) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = "main.py" if kind in {tarfile.SYMTYPE, tarfile.LNKTYPE} else ""
    return info, data


SOUND = (entry("awgp.toml", MANIFEST), entry("main.py", b"print(1)\n"))


def test_a_sound_bundle_is_described() -> None:
    info = inspect(archive(*SOUND))
    assert info.manifest.entrypoint == ("main.py",)
    assert info.manifest.retry is Retry.NEVER
    assert info.files == (("awgp.toml", len(MANIFEST)), ("main.py", 9))
    assert is_digest(info.digest)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("../evil", "leaves the bundle"),
        ("a/../../evil", "leaves the bundle"),
        ("a/..", "leaves the bundle"),
        ("/etc/passwd", "absolute"),
        ("a//b", "not a plain path"),
        ("a/./b", "not a plain path"),
        ("a\\b", "must not hold"),
        ("a\nb", "must not hold"),
        ("a\u202eb", "must not hold"),
        ("/".join("a" * 20), "deeper"),
    ],
)
def test_a_name_that_is_not_plain_is_refused(name: str, why: str) -> None:
    with pytest.raises(BundleRefused, match=why):
        inspect(archive(*SOUND, entry(name, b"x")))


@given(
    st.lists(st.sampled_from(["..", ".", "", "a", "\u2025", "..\\"]), min_size=1, max_size=8),
    st.sampled_from(["", "/", "./", "//"]),
)
def test_no_name_ever_leaves_the_folder_it_is_unpacked_in(parts: list[str], start: str) -> None:
    name = start + "/".join(parts)
    try:
        found = [each.name for each in ustar.entries(archive(entry(name, b"x")))]
    except ustar.ArchiveRefused:
        return
    for each in found:
        assert os.path.normpath("/root/" + each).startswith("/root/")
        assert ".." not in each.split("/")


@pytest.mark.parametrize(
    "kind",
    [
        tarfile.SYMTYPE,
        tarfile.LNKTYPE,
        tarfile.CHRTYPE,
        tarfile.BLKTYPE,
        tarfile.FIFOTYPE,
        b"x",
        b"L",
    ],
)
def test_anything_but_files_and_folders_is_refused(kind: bytes) -> None:
    with pytest.raises(BundleRefused, match="files and folders only"):
        inspect(archive(*SOUND, entry("thing", kind=kind)))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("a", "a"),
        ("a.py", "A.py"),
        ("caf\u00e9", "cafe\u0301"),
        ("stra\u00dfe", "STRASSE"),
        ("d/x", "D/y"),
        ("d", "d/x"),
        ("d/x", "d"),
    ],
)
def test_two_names_for_one_place_are_refused(first: str, second: str) -> None:
    with pytest.raises(BundleRefused):
        inspect(archive(*SOUND, entry(first, b"1"), entry(second, b"2")))


def test_too_many_files_are_refused() -> None:
    many = [entry(f"f{number}") for number in range(ustar.MAX_ENTRIES)]
    with pytest.raises(BundleRefused, match="more than 2000"):
        inspect(archive(*SOUND, *many))


def test_an_archive_that_unpacks_too_large_is_refused_before_it_is_read() -> None:
    header = entry("big")[0]
    header.size = ustar.MAX_UNPACKED_BYTES + 1
    with pytest.raises(BundleRefused, match="unpacks to more"):
        inspect(gzip.compress(header.tobuf(tarfile.USTAR_FORMAT)))


def test_an_archive_that_expands_hugely_is_refused() -> None:
    with pytest.raises(BundleRefused, match="expands more than"):
        inspect(archive(*SOUND, entry("zeros", bytes(32 * 1024 * 1024))))


def test_an_archive_that_is_too_large_packed_is_refused() -> None:
    with pytest.raises(BundleRefused, match="at most"):
        inspect(bytes(ustar.MAX_PACKED_BYTES + 1))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda packed: packed[:-20],
        lambda packed: packed + b"more",
        lambda packed: packed + packed,
        lambda packed: b"PK" + packed,
        lambda packed: packed[:0],
        lambda packed: gzip.compress(gzip.decompress(packed)[:700]),
        lambda packed: gzip.compress(gzip.decompress(packed) + b"\x01" * 512),
        lambda packed: gzip.compress(b"\x07" + gzip.decompress(packed)[1:]),
    ],
)
def test_an_archive_that_is_not_whole_is_refused(spoil: Callable[[bytes], bytes]) -> None:
    with pytest.raises(BundleRefused):
        inspect(spoil(archive(*SOUND)))


@given(st.binary(max_size=2000))
def test_no_bytes_make_the_reader_fail_otherwise_than_by_refusing(noise: bytes) -> None:
    for data in (noise, gzip.compress(noise), gzip.compress(noise.ljust(2048, b"\0"))):
        with pytest.raises((BundleRefused, ManifestInvalid)):
            inspect(data)


def test_a_bundle_without_manifest_or_entrypoint_is_refused() -> None:
    with pytest.raises(BundleRefused, match=r"no awgp\.toml"):
        inspect(archive(entry("main.py")))
    with pytest.raises(BundleRefused, match=r"entrypoint .main\.py."):
        inspect(archive(entry("awgp.toml", MANIFEST)))


names = st.text(st.sampled_from("abcdefgh\u00e4"), min_size=1, max_size=20)


@given(st.dictionaries(names, st.binary(max_size=200), max_size=8), st.randoms())
def test_the_same_files_in_any_order_give_the_same_bytes(
    files: dict[str, bytes], random: object
) -> None:
    backwards = dict(reversed(files.items()))
    assert pack(files) == pack(backwards)
    assert {e.name: e.data for e in ustar.entries(pack(files))} == files


tree = st.dictionaries(st.sampled_from(["a.py", "b/c.txt", "b/d/e"]), st.binary(max_size=50))


@settings(deadline=None, max_examples=25)
@given(tree, st.lists(st.integers(0, 2**31 - 1), min_size=5, max_size=5), st.booleans())
def test_times_modes_and_order_of_the_files_do_not_change_a_byte(
    files: dict[str, bytes], times: list[int], backwards: bool
) -> None:
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        files = {**files, "awgp.toml": MANIFEST, "main.py": b"#!/usr/bin/python3\n"}
        for folder, names in ((one, sorted(files)), (two, sorted(files, reverse=backwards))):
            for name in names:
                path = Path(folder) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(files[name])
        for number, path in enumerate(sorted(Path(two).rglob("*"))):
            os.utime(path, (times[number % 5], times[-number % 5]))
            if path.is_file():
                path.chmod(0o600 if times[number % 5] % 2 else 0o777)
        (Path(two) / "__pycache__").mkdir()
        (Path(two) / "__pycache__" / "main.pyc").write_bytes(b"x")
        assert build(Path(one)) == build(Path(two))


def test_a_programs_beginning_says_that_it_is_executable_and_gzip_is_as_ever() -> None:
    packed = pack({"elf": b"\x7fELF..", "run.sh": b"#!/bin/sh\n", "main.py": b"print(1)\n"})
    found = {each.name: each.executable for each in ustar.entries(packed)}
    assert found == {"elf": True, "run.sh": True, "main.py": False}
    assert packed[:10] == b"\x1f\x8b\x08\0\0\0\0\0\x02\x03"
    assert gzip.decompress(packed)


def test_a_link_in_the_folder_is_refused_not_followed(tmp_path: Path) -> None:
    (tmp_path / "awgp.toml").write_bytes(MANIFEST)
    (tmp_path / "main.py").symlink_to("/etc/passwd")
    with pytest.raises(BundleRefused, match="symbolic link"):
        build(tmp_path)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (b"not toml", "not TOML"),
        (b"\xff", "not TOML"),
        (b"[bundle]\nversion = '1'", "bundle.name is missing"),
        (b"[bundle]\nname = 'X Y'\nversion = '1'", "bundle.name must be"),
        (b"[bundle]\nname = 'x'", "bundle.version is missing"),
        (MANIFEST + b"colour = 1", "bundle.colour is unknown"),
        (MANIFEST + b"retry = 'maybe'", "bundle.retry"),
        (MANIFEST + b"entrypoint = 'main.py'", "bundle.entrypoint"),
        (MANIFEST + b"[limits]\nwall = 1", "limits.wall is unknown"),
        (MANIFEST + b"[limits]\nmemory_bytes = 1", "limits.memory_bytes"),
        (MANIFEST + b"[extra]", r"\[extra\] is unknown"),
    ],
)
def test_a_wrong_manifest_is_refused_by_the_field_at_fault(text: bytes, field: str) -> None:
    with pytest.raises(ManifestInvalid, match=field):
        parse_manifest(text)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"awgp.toml": MANIFEST, "mian.py": b""}, "awgp.toml: the entrypoint.*'mian.py'"),
        ({"awgp.toml": MANIFEST + b"entrypiont = ['x']"}, "awgp.toml: .*bundle.entrypoint"),
        ({"awgp.toml": MANIFEST, "main.py": b"x = 1\nx ="}, r"main.py:2: it is not Python"),
        ({"awgp.toml": MANIFEST, "main.py": b"type X = int"}, "main.py:1: .*Python 3.11"),
        ({"main.py": b""}, "awgp.toml: there is none.*awgp bundle init"),
        ({"awgp.toml": MANIFEST, "main.py": b"", "wheels/a.whl": b"x"}, "wheels/a.whl: "),
    ],
)
def test_lint_names_the_file_and_the_fix(files: dict[str, bytes], said: str) -> None:
    (found,) = lint(pack(files))
    assert found.severity is Severity.ERROR
    assert re.search(said, str(found)), str(found)


def test_what_only_its_author_can_judge_is_a_warning() -> None:
    key = b"-----BEGIN " + b"PRIVATE KEY-----"
    files = {"awgp.toml": MANIFEST, "main.py": b"", ".env": b"", "notes.txt": key}
    found = lint(pack(files), built=())
    assert {each.severity for each in found} == {Severity.WARNING}
    assert [each.file for each in found] == [".env", "awgp.toml", "notes.txt"]


def test_a_wheel_with_machine_code_belongs_into_a_runtime() -> None:
    wheel = io.BytesIO()
    with zipfile.ZipFile(wheel, "w") as archived:
        archived.writestr("x/_speed.cpython-311-x86_64-linux-gnu.so", b"")
    files = {"awgp.toml": MANIFEST, "main.py": b"", "wheels/x.whl": wheel.getvalue()}
    (found,) = lint(pack(files))
    assert "machine code" in found.problem
    assert "awgp runtime build" in found.fix


def test_how_a_trial_ended_is_its_exit_status() -> None:
    told = {reason: status_of(reason) for reason in ExitReason}
    assert [reason for reason, status in told.items() if status == 0] == [ExitReason.OK]
    assert (told[ExitReason.ERROR], told[ExitReason.MEMORY], told[ExitReason.KILLED]) == (1, 3, 4)
    assert told[ExitReason.INTERRUPTED] == told[ExitReason.HOST_LOST] == 4
    assert 2 not in told.values(), "2 says that nothing ran"


def test_a_started_bundle_lints_and_builds_at_once(tmp_path: Path) -> None:
    run = CliRunner().invoke
    folder, output = tmp_path / "My Agent", tmp_path / "out.tar.gz"
    assert run(command, ["init", str(folder)]).exit_code == 0
    assert "sound" in run(command, ["lint", str(folder)]).output
    built = run(command, ["build", str(folder), "-o", str(output)])
    assert built.output.split()[0] == inspect(output.read_bytes()).digest
    assert run(command, ["lint", str(output)]).exit_code == 0
    assert run(command, ["init", str(folder)]).exit_code == 1, "nothing is overwritten"
    (folder / "main.py").unlink()
    assert "the entrypoint" in run(command, ["lint", str(folder)]).output
