"""Agents that take more than their share: of memory, processor, processes, disk, files, output."""

from typing import Final

from tests.attacks.attack import (
    DISK,
    ERROR,
    MEMORY,
    OK,
    OUTPUT,
    PROCESSES,
    TIMEOUT,
    Attack,
)

SHORT: Final = {"wall_seconds": 1.5}

MEMORY_BOMBS: Final = {
    "heap": Attack(
        program="kept = []\nwhile True: kept.append(b'x' * (4 << 20))",
        reasons=(MEMORY,),
        says="ran out of its memory",
    ),
    "private mapping": Attack(
        program="""
import mmap
kept = []
while True:
    kept.append(mmap.mmap(-1, 8 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))
    for page in range(0, 8 << 20, 4096): kept[-1][page] = 1
""",
        reasons=(MEMORY,),
    ),
    "shared mapping of many processes": Attack(
        program="""
import mmap, os
kept = []
for _ in range(6): os.fork()
while True:
    kept.append(mmap.mmap(-1, 8 << 20))
    for page in range(0, 8 << 20, 4096): kept[-1][page] = 1
""",
        limits={"processes": 128},
        reasons=(MEMORY,),
    ),
    "memfd": Attack(
        program="""
import os
file = os.memfd_create("m")
while True: os.write(file, bytes(1 << 20))
""",
        # RLIMIT_FSIZE counts there too.
        reasons=(MEMORY, ERROR),
    ),
    "many memfds": Attack(
        program="""
import os
while True:
    file = os.memfd_create("m")
    for _ in range(3): os.write(file, bytes(1 << 20))
""",
        reasons=(MEMORY, ERROR),
    ),
    "pipes and sockets full of bytes": Attack(
        program="""
import os, socket
for _ in range(4): os.fork()
kept = []
try:
    while True:
        one, other = socket.socketpair()
        kept += [one, other]
        one.setblocking(False)
        try:
            while True: one.send(bytes(65536))
        except BlockingIOError:
            pass
except OSError:
    import time; time.sleep(99)
""",
        limits={"wall_seconds": 6, "processes": 32},
        reasons=(MEMORY, TIMEOUT),
    ),
    "descriptors in flight": Attack(
        program="""
import array, os, socket
while True:
    one, other = socket.socketpair()
    for each in (one, other):
        each.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [
            one.fileno(), other.fileno()]))])
    one.close(); other.close()
""",
        limits={"wall_seconds": 6},
        reasons=(MEMORY, TIMEOUT, ERROR),
    ),
    "page cache": Attack(
        program="""
import mmap, os
kept, sizes = [], 0
for folder, _, names in os.walk("/usr"):
    for name in names:
        try:
            with open(os.path.join(folder, name), "rb") as file:
                sizes += len(file.read())
                if len(kept) < 200:
                    kept.append(mmap.mmap(file.fileno(), 0, mmap.MAP_PRIVATE))
                    kept[-1][:]
        except (OSError, ValueError): pass
print("read", sizes > 10 << 20)
""",
        reasons=(OK, MEMORY),
    ),
}

PROCESS_BOMBS: Final = {
    # It stays at its limit for a while: a peak between two looks would be called an error.
    "forks without end": Attack(
        program="""
import os, time
try:
    while True: os.fork()
except OSError:
    time.sleep(0.5)
    raise
""",
        reasons=(PROCESSES,),
    ),
    "zombies": Attack(
        program="""
import os, time
try:
    while True:
        if os.fork() == 0: os._exit(0)
except OSError:
    time.sleep(0.5)
    raise
""",
        reasons=(PROCESSES,),
    ),
    "threads without end": Attack(
        program="""
import threading, time
try:
    while True: threading.Thread(target=time.sleep, args=(99,), daemon=True).start()
except RuntimeError:
    time.sleep(0.5)
    raise
""",
        reasons=(PROCESSES,),
    ),
    "orphans without end": Attack(
        program="""
import os
while True:
    child = os.fork()
    if child == 0:
        if os.fork() == 0: os._exit(0)
        os._exit(0)
    os.waitpid(child, 0)
""",
        limits={"wall_seconds": 3},
        reasons=(TIMEOUT,),
    ),
    "leaves children behind": Attack(
        program="""
import os, time
for _ in range(8):
    if os.fork() == 0:
        os.setsid()
        while True: time.sleep(99)
""",
        reasons=(OK,),
    ),
    "leaves a child that spins and holds its output": Attack(
        program="""
import os
if os.fork() == 0:
    os.setsid()
    while True: os.write(1, b"y")
""",
        reasons=(OK, OUTPUT),
    ),
}

TIME_BOMBS: Final = {
    "sleeps": Attack(program="import time\ntime.sleep(999)", limits=SHORT, reasons=(TIMEOUT,)),
    "spins": Attack(program="while True: pass", limits=SHORT, reasons=(TIMEOUT,)),
    "spins in many processes": Attack(
        program="import os\nfor _ in range(3): os.fork()\nwhile True: pass",
        limits={"wall_seconds": 3},
        reasons=(TIMEOUT,),
    ),
    "makes system calls without end": Attack(
        program="import os\nwhile True: os.getppid()", limits=SHORT, reasons=(TIMEOUT,)
    ),
    "ignores signals": Attack(
        program="""
import signal
for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, 32, 33}:
    signal.signal(number, signal.SIG_IGN)
while True: pass
""",
        limits=SHORT,
        reasons=(TIMEOUT,),
    ),
    "stops itself": Attack(
        program="import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
        limits=SHORT,
        reasons=(TIMEOUT,),
    ),
    "closes its output and stays": Attack(
        program="import os, time\nos.close(1)\nos.close(2)\ntime.sleep(999)",
        limits=SHORT,
        reasons=(TIMEOUT,),
    ),
    "sets an alarm for itself": Attack(
        program="import signal\nsignal.setitimer(signal.ITIMER_REAL, 0.1)\nsignal.pause()",
        reasons=(ERROR,),
        says="signal 14",
    ),
    "signals everybody": Attack(
        program="""
import os, signal
for number in (signal.SIGSTOP, signal.SIGTERM, signal.SIGKILL):
    try: os.kill(-1, number)
    except OSError: pass
""",
        limits=SHORT,
        reasons=(OK, ERROR, TIMEOUT),
    ),
    "timers without end": Attack(
        program="""
import ctypes
libc = ctypes.CDLL(None)
timer = ctypes.c_void_p()
every = (ctypes.c_long * 4)(0, 1, 0, 1)
event = (ctypes.c_int * 16)(0, 0, 10, 0)
import signal
signal.signal(signal.SIGUSR1, signal.SIG_IGN)
for _ in range(100000):
    if libc.timer_create(1, event, ctypes.byref(timer)) < 0: break
    libc.timer_settime(timer, 0, every, None)
while True: pass
""",
        limits={"wall_seconds": 3},
        reasons=(TIMEOUT, MEMORY),
    ),
}

DISK_BOMBS: Final = {
    f"fills {folder}": Attack(
        program=f"f = open('{folder}/big', 'wb')\nwhile True: f.write(bytes(1 << 16))",
        reasons=(DISK,),
        says="disk",
    )
    for folder in ("/tmp", "/output", "/dev/shm")  # noqa: S108  # paths inside
} | {
    "fills it with many files": Attack(
        program="""
import os
n = 0
while True:
    file = os.open(f"/tmp/{n}", os.O_CREAT | os.O_WRONLY)
    os.write(file, b"x"); os.close(file); n += 1
""",
        reasons=(DISK,),
    ),
    "a file of holes": Attack(
        program="import os\nos.truncate(os.open('/tmp/big', os.O_CREAT | os.O_RDWR), 1 << 40)",
        reasons=(ERROR,),
    ),
    "allocates": Attack(
        program="""
import os
file = os.open('/tmp/big', os.O_CREAT | os.O_RDWR)
os.posix_fallocate(file, 0, 1 << 40)
""",
        reasons=(ERROR, DISK),
    ),
    "files without content": Attack(
        program="import os\nn = 0\nwhile True: os.close(os.open(f'/tmp/{n}', os.O_CREAT)); n += 1",
        limits={"memory_bytes": 16 << 20},
        reasons=(MEMORY, DISK, TIMEOUT),
    ),
    "links without end": Attack(
        program="import os\nn = 0\nwhile True: os.symlink('x' * 4000, f'/tmp/{n}'); n += 1",
        limits={"memory_bytes": 16 << 20},
        reasons=(MEMORY, DISK, TIMEOUT),
    ),
    "folders in folders": Attack(
        program="import os\nos.chdir('/tmp')\nwhile True: os.mkdir('d'); os.chdir('d')",
        limits={"wall_seconds": 5},
        reasons=(MEMORY, DISK, TIMEOUT, ERROR),
    ),
    "opens files without end": Attack(
        program="kept = []\nwhile True: kept.append(open('/dev/null'))",
        limits={"open_files": 32},
        reasons=(ERROR,),
        says="exit code 1",
    ),
    "watches and polls without end": Attack(
        program="""
import ctypes, select
libc = ctypes.CDLL(None)
kept = []
while True:
    kept.append(select.epoll())
    if len(kept) > 1: kept[-1].register(kept[-2].fileno())
    libc.inotify_add_watch(libc.inotify_init(), b"/tmp", 0xfff)
""",
        reasons=(ERROR,),
    ),
}

OUTPUT_BOMBS: Final = {
    "floods stdout": Attack(
        program="while True: print('y' * 1000)",
        limits={"output_bytes": 256 << 10},
        reasons=(OUTPUT,),
        says="wrote more than",
    ),
    "floods stderr with what is no text": Attack(
        program="import os\nwhile True: os.write(2, bytes(range(128, 256)) * 100)",
        limits={"output_bytes": 256 << 10},
        reasons=(OUTPUT,),
    ),
    "empty lines": Attack(program="while True: print()", reasons=(OUTPUT,), says="lines"),
    "a line without end": Attack(
        program="import os\nwhile True: os.write(1, b'y' * 65536)", reasons=(OUTPUT,)
    ),
}

BOMBS: Final = {
    **MEMORY_BOMBS,
    **PROCESS_BOMBS,
    **TIME_BOMBS,
    **DISK_BOMBS,
    **OUTPUT_BOMBS,
}
