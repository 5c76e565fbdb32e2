"""Read a tar.gz as a stream, within bounds, refusing everything a bundle does not need.

The same reader lints a bundle at the desk and unpacks it in the sandbox, so the two cannot
disagree about what an archive holds. Only regular files and folders under plain ustar headers
(POSIX.1-1988; GNU tar's variant of it) are known: no links, devices, extension headers or
sparse files, and nothing after the end-of-archive mark but zeros.
"""

import unicodedata
import zlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    # Importing it would cost each sandbox some of its start.
    from collections.abc import Iterator

BLOCK = 512
CHUNK = 64 * 1024

MAX_PACKED_BYTES = 16 * 1024 * 1024
MAX_UNPACKED_BYTES = 64 * 1024 * 1024
MAX_ENTRIES = 2000
MAX_DEPTH = 16
MAX_NAME_BYTES = 255
# deflate reaches 1032 at most; honest code and data stay far below this.
MAX_RATIO = 200
# A small archive of a small repetitive file may pass the ratio: it is harmless below this.
RATIO_FREE_BYTES = 1024 * 1024

_REGULAR = (b"0", b"\0")
_FOLDER = b"5"
_KIND_NAMES = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a character device",
    b"4": "a block device",
    b"6": "a named pipe",
    b"7": "a contiguous file",
    b"x": "a pax extension header",
    b"g": "a global pax extension header",
    b"L": "a GNU long name",
    b"K": "a GNU long link",
    b"S": "a sparse file",
}


class ArchiveRefused(Exception):
    """The archive holds what a bundle must not hold; the message names the entry.

    Not one of our domain errors, because the sandbox imports nothing of `pipeline`.
    """


class Entry:
    """One file or folder. `data` is complete; a folder's is empty.

    Not a dataclass: importing `dataclasses` costs each sandbox ten milliseconds of its start.
    """

    __slots__ = ("data", "executable", "folder", "name")

    def __init__(self, *, name: str, folder: bool, executable: bool, data: bytes) -> None:
        self.name = name
        self.folder = folder
        self.executable = executable
        self.data = data


def entries(packed: bytes) -> "Iterator[Entry]":
    """Yield what the archive holds, in its order, one file in memory at a time.

    Raises:
        ArchiveRefused: At the first thing that is wrong; what was yielded before was sound.
    """
    if len(packed) > MAX_PACKED_BYTES:
        raise ArchiveRefused(f"the archive is {len(packed)} bytes; at most {MAX_PACKED_BYTES}")
    stream = _Inflating(packed)
    names = _Names()
    while (header := stream.exactly(BLOCK)) != bytes(BLOCK):
        if len(names) >= MAX_ENTRIES:
            raise ArchiveRefused(f"the archive holds more than {MAX_ENTRIES} entries")
        name, folder, size, executable = _parse_header(header)
        names.add(name, folder=folder)
        data = stream.exactly(size)
        stream.exactly(-size % BLOCK)
        yield Entry(name=name, folder=folder, executable=executable, data=data)
    stream.only_zeros_left()


class _Inflating:
    """Inflated bytes on demand, with a cap on their sum and on their ratio."""

    def __init__(self, packed: bytes) -> None:
        self._packed = memoryview(packed)
        self._inflater = zlib.decompressobj(wbits=31)
        self._fed = 0
        self._ready = bytearray()
        self._total = 0

    def exactly(self, count: int) -> bytes:
        """The next `count` bytes, or a refusal when the archive is cut short."""
        if self._total + count - len(self._ready) > MAX_UNPACKED_BYTES:
            raise ArchiveRefused(f"the archive unpacks to more than {MAX_UNPACKED_BYTES} bytes")
        while len(self._ready) < count:
            if not self._more():
                raise ArchiveRefused("the archive is cut short")
        taken = bytes(self._ready[:count])
        del self._ready[:count]
        return taken

    def only_zeros_left(self) -> None:
        """Refuse anything after the end mark: another reader might see more files there."""
        while True:
            if self._ready.strip(b"\0"):
                raise ArchiveRefused("the archive goes on after its end mark")
            self._ready.clear()
            if not self._more():
                break
        if self._inflater.unused_data or self._fed < len(self._packed):
            raise ArchiveRefused("bytes follow the compressed archive")

    def _more(self) -> bool:
        """Inflate up to one chunk more; False at the end of the compressed stream."""
        if self._inflater.eof:
            return False
        pending = self._inflater.unconsumed_tail
        if not pending:
            pending = bytes(self._packed[self._fed : self._fed + CHUNK])
            self._fed += len(pending)
        try:
            grown = self._inflater.decompress(pending, CHUNK)
        except zlib.error as exc:
            raise ArchiveRefused("the archive is not sound gzip") from exc
        if not grown and not pending and not self._inflater.eof:
            raise ArchiveRefused("the archive is cut short")
        self._ready += grown
        self._total += len(grown)
        self._check_size()
        return True

    def _check_size(self) -> None:
        if self._total > MAX_UNPACKED_BYTES:
            raise ArchiveRefused(f"the archive unpacks to more than {MAX_UNPACKED_BYTES} bytes")
        if self._total > max(RATIO_FREE_BYTES, MAX_RATIO * len(self._packed)):
            raise ArchiveRefused(f"the archive expands more than {MAX_RATIO} times")


def _parse_header(header: bytes) -> tuple[str, bool, int, bool]:
    """Name, whether a folder, size, whether executable."""
    magic = header[257:265]
    if magic not in {b"ustar\x0000", b"ustar  \0"}:
        raise ArchiveRefused("the archive is not in the ustar format")
    spaced = header[:148] + b" " * 8 + header[156:]
    if _octal(header[148:156], "checksum") != sum(spaced):
        raise ArchiveRefused("a header's checksum does not match")
    raw = _text(header[:100])
    if magic == b"ustar\x0000" and header[345:500].strip(b"\0"):
        raw = _text(header[345:500]) + b"/" + raw
    kind = header[156:157]
    if kind not in (*_REGULAR, _FOLDER):
        what = _KIND_NAMES.get(kind, f"of the unknown kind {kind!r}")
        raise ArchiveRefused(f"{_shown(raw)} is {what}; a bundle holds files and folders only")
    folder = kind == _FOLDER
    size = _octal(header[124:136], "size")
    if folder and size:
        raise ArchiveRefused(f"{_shown(raw)} is a folder with contents of its own")
    executable = bool(_octal(header[100:108], "mode") & 0o100)
    return _plain_name(raw, folder=folder), folder, size, executable


def _octal(field: bytes, what: str) -> int:
    digits = field.strip(b" \0")
    if not all(digit in b"01234567" for digit in digits):
        raise ArchiveRefused(f"a header's {what} is not an octal number")
    return int(digits or b"0", 8)


def _text(field: bytes) -> bytes:
    return field.split(b"\0", 1)[0]


def _shown(raw: bytes) -> str:
    return ascii(raw.decode("utf-8", "replace"))


def _plain_name(raw: bytes, *, folder: bool) -> str:
    """A relative path of ordinary parts, or a refusal that says what is wrong with it."""
    shown = _shown(raw)
    try:
        name = raw.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise ArchiveRefused(f"the name {shown} is not UTF-8") from exc
    if folder:
        name = name.removesuffix("/")
    name = name.removeprefix("./") or "."
    if len(raw) > MAX_NAME_BYTES:
        raise ArchiveRefused(f"the name {shown} is longer than {MAX_NAME_BYTES} bytes")
    if name.startswith("/"):
        raise ArchiveRefused(f"the name {shown} is absolute")
    if "\\" in name or any(unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co"} for c in name):
        raise ArchiveRefused(f"the name {shown} holds a character that names must not hold")
    if name == "." and folder:
        return name
    parts = name.split("/")
    if ".." in parts:
        raise ArchiveRefused(f"the name {shown} leaves the bundle")
    if "" in parts or "." in parts:
        raise ArchiveRefused(f"the name {shown} is not a plain path")
    if len(parts) > MAX_DEPTH:
        raise ArchiveRefused(f"the name {shown} is deeper than {MAX_DEPTH} folders")
    return name


def _folded(name: str) -> str:
    """What two names share that some file system takes for one name."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


class _Names:
    """The names of one archive, to refuse what two readers could unpack differently."""

    def __init__(self) -> None:
        self._kinds: dict[str, bool] = {}
        self._folders: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._kinds)

    def add(self, name: str, *, folder: bool) -> None:
        """Refuse a name seen before in any case or Unicode form, or a file used as a folder."""
        folded = _folded(name)
        if folded in self._kinds:
            raise ArchiveRefused(f"the name {name!a} is there twice (case, Unicode form ignored)")
        self._kinds[folded] = folder
        if not folder and folded in self._folders:
            raise ArchiveRefused(f"the name {name!a} is a file and a folder")
        parts = name.split("/")
        for depth in range(1, len(parts) + folder):
            self._add_folder("/".join(parts[:depth]), name)

    def _add_folder(self, folder: str, name: str) -> None:
        folded = _folded(folder)
        if self._kinds.get(folded) is False:
            raise ArchiveRefused(f"the name {name!a} has a file where it needs a folder")
        if self._folders.setdefault(folded, folder) != folder:
            raise ArchiveRefused(f"the folder {folder!a} is there in two spellings")
