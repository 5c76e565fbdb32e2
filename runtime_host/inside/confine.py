"""Set a filter of system calls in this process, and have it say which call ended it.

Python has no call for it, so it is the C library's by `_ctypes`, without what comes with `ctypes`:
imported in the few sandboxes that need it.
"""

import _ctypes
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
SIGSYS, SA_SIGINFO = 31, 4
INSTRUCTION_BYTES = 8
STDERR = 2
# Of a siginfo_t: why it was sent, by a filter or by somebody; and the call's number.
CODE, NUMBER = slice(8, 12), slice(24, 28)
BY_A_FILTER = 1
# Of the C library's struct sigaction: handler, mask, flags, restorer.
MASK_BYTES, ACTION_BYTES = 128, 152


# Bases of what ctypes has; they are generic for who checks types only.
class _Int(_ctypes._SimpleCData):  # type: ignore[type-arg]  # noqa: SLF001
    _type_ = "i"


class _Byte(_ctypes._SimpleCData):  # type: ignore[type-arg]  # noqa: SLF001
    _type_ = "b"


class _Address(_ctypes._SimpleCData):  # type: ignore[type-arg]  # noqa: SLF001
    _type_ = "P"


class _Info(_ctypes.Array):  # type: ignore[type-arg]
    _type_ = _Byte
    _length_ = NUMBER.stop


class _InfoAt(_ctypes._Pointer):  # type: ignore[type-arg]  # noqa: SLF001
    _type_ = _Info


class _Handler(_ctypes.CFuncPtr):
    _flags_ = _ctypes.FUNCFLAG_CDECL
    _argtypes_ = (_Int, _InfoAt, _Address)
    _restype_ = None


_C_LIBRARY = _ctypes.dlopen(None, 0)  # type: ignore[arg-type]  # None is all that is loaded


def confine(program: bytes) -> None:
    """Let through what a filter lets through, for good, in all that follows.

    Args:
        program: Instructions of a seccomp filter.

    Raises:
        OSError: It could not be set.
    """
    _say_what_ends_us()
    instructions = _buffer(program)
    count = (len(program) // INSTRUCTION_BYTES).to_bytes(8, sys.byteorder)
    head = _buffer(count + _ctypes.addressof(instructions).to_bytes(8, sys.byteorder))
    if _call("prctl", PR_SET_SECCOMP, SECCOMP_MODE_FILTER, _at(head), 0, 0):
        raise OSError("the filter of system calls could not be set")


def _say_what_ends_us() -> None:
    write, getpid, kill, order = os.write, os.getpid, os.kill, sys.byteorder

    def told(_signal: int, info: "Any", _context: object) -> None:
        about = bytes(info.contents)
        number = int.from_bytes(about[NUMBER], order)
        said = f"awgp: system call {number} is not in the profile of this sandbox\n"
        _call("signal", SIGSYS, 0)
        try:
            if int.from_bytes(about[CODE], order) == BY_A_FILTER:
                write(STDERR, said.encode())
        finally:
            kill(getpid(), SIGSYS)  # in a child it is another

    handler = _Handler(told)
    # It must be there for as long as the process is.
    _ctypes.Py_INCREF(handler)
    action = bytes(memoryview(handler)) + bytes(MASK_BYTES) + SA_SIGINFO.to_bytes(4, order)
    set_up = _buffer(action.ljust(ACTION_BYTES, b"\0"))
    if _call("sigaction", SIGSYS, _at(set_up), None):
        raise OSError("the handler of SIGSYS could not be set")


def _call(name: str, *arguments: "Any") -> int:
    called: int = _ctypes.call_function(_ctypes.dlsym(_C_LIBRARY, name), arguments)
    return called


def _buffer(content: bytes) -> "Any":
    kind: Any = type("_Buffer", (_ctypes.Array,), {"_type_": _Byte, "_length_": len(content)})
    return kind.from_buffer_copy(content)


def _at(buffer: "Any") -> "Any":
    return _Address(_ctypes.addressof(buffer))
