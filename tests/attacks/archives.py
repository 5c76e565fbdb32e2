"""Bundles that attack whoever unpacks them."""

import gzip
import io
import tarfile
from collections.abc import Iterable
from typing import Final

from pipeline.execution import MIB
from runtime_host.bundle import pack
from tests.attacks.attack import ERROR, Attack

MAIN: Final = b"print('I ran')\n"


def tar(*entries: tarfile.TarInfo | tuple[str, bytes], form: int = tarfile.USTAR_FORMAT) -> bytes:
    """A tar of a sound main.py and these, sound or not."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=form) as archive:
        for each in (("main.py", MAIN), *entries):
            if isinstance(each, tarfile.TarInfo):
                archive.addfile(each)
            else:
                info = tarfile.TarInfo(each[0])
                info.size = len(each[1])
                archive.addfile(info, io.BytesIO(each[1]))
    return plain.getvalue()


def entry(name: str, kind: bytes = tarfile.REGTYPE, **fields: object) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    for field, value in {"linkname": "/etc/passwd", "devmajor": 1, "devminor": 3, **fields}.items():
        setattr(info, field, value)
    return info


def zipped(plain: bytes) -> bytes:
    return gzip.compress(plain, 6, mtime=0)


def header_changed(at: int, field: bytes) -> bytes:
    """An archive whose second header says this instead, with a checksum that fits."""
    raw = bytearray(tar(("other.py", b"")))
    header = raw[1024:1536]
    header[at : at + len(field)] = field
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    raw[1024:1536] = header
    return zipped(bytes(raw))


def refused(bundle: bytes, says: str) -> Attack:
    return Attack(bundle=bundle, reasons=(ERROR,), says=says)


def _pairs() -> Iterable[tuple[str, tuple[str, str]]]:
    yield "the same name twice", ("a.py", "a.py")
    yield "the entrypoint twice", ("b", "main.py")
    yield "names that differ by case", ("a.py", "A.py")
    yield "an entrypoint that differs by case", ("b", "MAIN.py")
    yield "names that differ by Unicode form", ("caf\u00e9", "cafe\u0301")
    yield "names that fold to one", ("stra\u00dfe", "STRASSE")
    yield "a file that is a folder", ("d", "d/x")


_NAMES: Final = {
    "traversal": ("../../evil", "leaves the bundle"),
    "traversal by a folder": ("a/../../../usr/lib/awgp/evil", "leaves the bundle"),
    "absolute": ("/tmp/evil", "absolute"),  # noqa: S108  # a path inside
    "with a backslash": ("..\\evil", "must not hold"),
    "with an escape": ("\x1b[2Jevil", "must not hold"),
    "with a line end": ("evil\nlog line", "must not hold"),
    "turned around": ("evil\u202egpj.py", "must not hold"),
    "deep": ("/".join("a" * 20), "deeper"),
}
_KINDS: Final = {
    "symbolic link": tarfile.SYMTYPE,
    "hard link": tarfile.LNKTYPE,
    "character device": tarfile.CHRTYPE,
    "block device": tarfile.BLKTYPE,
    "named pipe": tarfile.FIFOTYPE,
    "sparse file": tarfile.GNUTYPE_SPARSE,
    "contiguous file": tarfile.CONTTYPE,
}

ARCHIVES: Final = {
    **{
        f"a name {what}": refused(zipped(tar((n, b"x"))), says)
        for what, (n, says) in _NAMES.items()
    },
    **{f"a {w}": refused(zipped(tar(entry("evil", k))), w) for w, k in _KINDS.items()},
    **{w: refused(zipped(tar(*((n, b"1") for n in p))), "the name") for w, p in _pairs()},
    "a link, then a file through it": refused(
        zipped(tar(entry("d", tarfile.SYMTYPE, linkname="/output"), ("d/x", b"x"))), "symbolic link"
    ),
    "a pax header": refused(
        zipped(tar(("n" * 200, b""), form=tarfile.PAX_FORMAT)), "pax extension header"
    ),
    "a GNU long name": refused(
        zipped(tar(("n" * 200, b""), form=tarfile.GNU_FORMAT)), "GNU long name"
    ),
    "a bomb of zeros": refused(gzip.compress(bytes(600 * MIB), 1), "more than"),
    "a bomb of files": refused(
        zipped(tar(*((f"f{n}", b"") for n in range(2001)))), "more than 2000"
    ),
    "a size beyond all": refused(header_changed(124, b"77777777777\0"), "unpacks to more than"),
    "a size below nothing": refused(header_changed(124, b"\xff" * 12), "not an octal number"),
    "a second archive behind": refused(zipped(tar()) + zipped(tar(("x", b""))), "bytes follow"),
    "files behind the end": refused(zipped(tar() + tar(("x", b""))), "after its end mark"),
    "cut short": refused(zipped(tar(("x", b"x" * 9999)))[:-60], "cut short"),
    "no archive": refused(b"not an archive", "not sound gzip"),
    "a zip": refused(b"PK\x03\x04" + bytes(100), "not sound gzip"),
    "empty": refused(zipped(b""), "cut short"),
    "no entrypoint": refused(pack({"other.py": b""}), "entrypoint"),
    "a folder as entrypoint": refused(pack({"main.py/x": b""}), "entrypoint"),
}
