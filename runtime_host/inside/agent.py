"""The agent's interpreter before it knows its program: waits for the job, then becomes the program.

It waits as the agent's user, with the very flags and environment the program gets, before any job
is there: an interpreter's start is most of what a short run would wait for. What the program finds
is what `python3.11 PROGRAM ARGUMENTS` would give it: `sys.argv`, `sys.path`, `__main__`, its
environment, no module it did not import; and, last in `sys.path`, the wheels its bundle carries.
What is not Python is executed in its place.
"""

import _io
import _weakref
import atexit
import gc
import marshal
import os
import resource
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, ModuleType
    from typing import Any, NoReturn

JOB = 3
WHEELS = "/bundle/wheels"
# Where the launcher's modules are.
OURS = "/usr/lib/awgp"
PIECE_BYTES = 64 * 1024
# As the interpreter's own exit status for it.
UNFLUSHED = 120


def _job() -> "dict[str, Any]":
    os.write(1, b"\n")  # we wait
    body = b""
    while piece := os.read(JOB, PIECE_BYTES):
        body += piece
    if not body:
        os._exit(126)  # the launcher is gone
    os.close(JOB)
    job: dict[str, Any] = marshal.loads(body)  # noqa: S302  # the launcher's, whom we rest on
    return job


def _limit(rlimits: "dict[str, int]") -> None:
    for name, value in rlimits.items():
        resource.setrlimit(getattr(resource, name), (value, value))
    # The program imports for itself what it needs.
    del sys.modules["resource"]


def _confine(program: bytes) -> None:
    known, path = set(sys.modules), sys.path
    # Nothing of the bundle is imported before the filter is set: the folder we are in is its own.
    sys.path = [OURS, *(each for each in path if each.startswith("/usr/lib/"))]
    from runtime_host.inside.confine import confine  # noqa: PLC0415  # few sandboxes need it

    confine(program)
    sys.path = path
    for name in set(sys.modules) - known:
        del sys.modules[name]


def _main_module(path: str) -> "ModuleType":
    """An empty `__main__`, as the interpreter makes it for a file."""
    module = type(sys)("__main__")
    loader = sys.modules["_frozen_importlib_external"].SourceFileLoader
    module.__dict__.update(
        __annotations__={},
        __builtins__=sys.modules["builtins"],
        __cached__=None,
        __file__=path,
        __loader__=loader("__main__", path),
    )
    return module


def _compiled(path: str) -> "CodeType":
    with open(path, "rb") as file:  # noqa: PTH123  # pathlib is slow to import
        return compile(file.read(), path, "exec", dont_inherit=True)


def _wheels() -> "list[str]":
    try:
        names = sorted(os.listdir(WHEELS))  # noqa: PTH208  # pathlib is slow to import
    except OSError:
        return []
    return [WHEELS + "/" + name for name in names if name.endswith(".whl")]


def _become(argv: "list[str]") -> None:
    path = os.path.abspath(argv[1])  # noqa: PTH100
    sys.argv = argv[1:]
    sys.orig_argv = argv
    sys.path[0] = os.path.dirname(path)  # noqa: PTH120
    sys.path += _wheels()
    main = sys.modules["__main__"] = _main_module(path)
    try:
        exec(_compiled(path), main.__dict__)  # noqa: S102  # it is what we are here for
    except SystemExit:
        raise
    except BaseException as exc:  # noqa: BLE001  # told as the interpreter would tell it
        told = exc.with_traceback(_without_ours(exc))
        sys.excepthook(type(told), told, told.__traceback__)
        sys.exit(1)


def _without_ours(exc: BaseException) -> "Any":
    """The traceback from the program's first frame on; a syntax error has none."""
    traceback = exc.__traceback__
    while traceback is not None and traceback.tb_frame.f_code.co_filename == __file__:
        traceback = traceback.tb_next
    return traceback


def main() -> "NoReturn":
    """Wait, then run."""
    job = _job()
    argv, environment = job["argv"], job["environment"]
    os.environ.clear()
    os.environ.update(environment)
    _limit(job["rlimits"])
    if job["filter"]:
        _confine(job["filter"])
    if not job["becomes"]:
        _execute(argv, environment)
    gc.freeze()  # what was here before the program is none of its rubbish
    known = set(sys.modules)
    try:
        _become(argv)
    except SystemExit as exc:
        status = _status(exc.code)
    else:
        status = 0
    _end(status, known)


def _status(code: object) -> int:
    if code is None or isinstance(code, int):
        return (code or 0) & 0xFF
    print(code, file=sys.stderr)
    return 1


def _end(status: int, known: "set[str]") -> "NoReturn":
    """End as the interpreter does, in its order, but for taking itself apart.

    That would take longer than most programs, as every page it writes to is the launcher's too
    until then. What the program made is freed, so its files are written out.
    """
    if "threading" in sys.modules:
        _carry_on(sys.modules["threading"]._shutdown)  # noqa: SLF001  # as the interpreter does
    _carry_on(atexit._run_exitfuncs)  # noqa: SLF001
    flushed = _flush()
    _write_out()
    gone = [each for each in sys.modules if each not in known or each == "__main__"]
    modules = [_weakref.ref(sys.modules.pop(name)) for name in gone]
    gc.collect()
    for each in reversed(modules):
        if (module := each()) is not None:
            _forget(module.__dict__)
    gc.collect()
    os._exit(status if _flush() and flushed else status or UNFLUSHED)


def _write_out() -> None:
    """Have files write what they hold: freed together, one's descriptor may be closed before it."""
    for each in gc.get_objects():
        if isinstance(each, _io._IOBase):  # noqa: SLF001  # what every file is
            _quietly(each.flush)


def _quietly(call: "Callable[[], object]") -> None:
    try:
        call()
    except BaseException:  # noqa: BLE001  # closed, or nobody reads it
        return


def _forget(names: "dict[str, Any]") -> None:
    for private in (True, False):
        for name in [*names]:
            if name.startswith("_") is private and name != "__builtins__":
                names[name] = None


def _carry_on(call: "Callable[[], object]") -> None:
    try:
        call()
    except BaseException as exc:  # noqa: BLE001  # told, and no reason to stop
        sys.excepthook(type(exc), exc, exc.__traceback__)


def _flush() -> bool:
    """Whether all that was printed is out."""
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None and not stream.closed:
                stream.flush()
    except BaseException:  # noqa: BLE001  # there is nowhere left to tell it
        return False
    return True


def _execute(argv: "list[str]", environment: "dict[str, str]") -> "NoReturn":
    try:
        os.execve(argv[0], argv, environment)  # noqa: S606  # no shell, on purpose
    except OSError as exc:
        sys.exit(f"{argv[0]} cannot be executed: {exc.strerror}")
