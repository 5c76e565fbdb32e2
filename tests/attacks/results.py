"""Agents whose result.json is not what it should be."""

from typing import Final

from tests.attacks.attack import ERROR, OK, OUTPUT, Attack

_PATH: Final = "/output/result.json"


def _written(expression: str) -> str:
    """A program that writes the bytes of an expression."""
    return f"open('{_PATH}', 'wb').write({expression})"


RESULTS: Final = {
    "no JSON": Attack(program=_written("b'{'"), reasons=(ERROR,), says="not JSON"),
    "nothing": Attack(program=_written("b''"), reasons=(ERROR,), says="not JSON"),
    "deep": Attack(
        program=_written("b'[' * 100 + b']' * 100"), reasons=(ERROR,), says="deeper than 64"
    ),
    "very deep": Attack(
        program=_written("b'[' * 500000 + b']' * 500000"), reasons=(ERROR,), says="deeper than 64"
    ),
    "deep objects": Attack(
        program=_written("b'{\"a\":' * 50000 + b'1' + b'}' * 50000"),
        reasons=(ERROR,),
        says="deeper than 64",
    ),
    "too large": Attack(
        program=_written("b'1' * ((1 << 20) + 1)"), reasons=(ERROR,), says="larger than"
    ),
    "a file of holes": Attack(
        program=f"open('{_PATH}', 'w').truncate(1900000)", reasons=(ERROR,), says="larger than"
    ),
    "not UTF-8": Attack(program=_written("b'\"\\xff\\xfe\"'"), reasons=(ERROR,), says="not UTF-8"),
    "UTF-16": Attack(program=_written("'{}'.encode('utf-16')"), reasons=(ERROR,), says="UTF-8"),
    "NaN": Attack(program=_written("b'[NaN]'"), reasons=(ERROR,), says="NaN"),
    "infinite": Attack(program=_written("b'[1e999]'"), reasons=(ERROR,), says="too large"),
    "a number of a million digits": Attack(
        program=_written("b'9' * 1000000"), reasons=(ERROR,), says="not JSON"
    ),
    "a name twice": Attack(
        program=_written('b\'{"a": 1, "a": 2}\''), reasons=(ERROR,), says="a name twice"
    ),
    "a NUL": Attack(program=_written("b'[\"\\\\u0000\"]'"), reasons=(ERROR,), says="NUL"),
    "half a surrogate pair": Attack(
        program=_written("b'[\"\\\\ud800\"]'"), reasons=(ERROR,), says="surrogate"
    ),
    "a symbolic link": Attack(
        program=f"import os\nos.symlink('/input/request.json', '{_PATH}')",
        reasons=(ERROR,),
        says="cannot be read",
    ),
    "a link to nothing": Attack(
        program=f"import os\nos.symlink('/nowhere', '{_PATH}')",
        reasons=(ERROR,),
        says="cannot be read",
    ),
    "a folder": Attack(
        program=f"import os\nos.mkdir('{_PATH}')", reasons=(ERROR,), says="not a file"
    ),
    "a socket": Attack(
        program=f"import socket\nsocket.socket(socket.AF_UNIX).bind('{_PATH}')",
        reasons=(ERROR,),
        says="cannot be read",
    ),
    "closed to the launcher": Attack(
        program=f"import os\nos.close(os.open('{_PATH}', os.O_CREAT, 0))",
        reasons=(ERROR,),
        says="cannot be read",
    ),
    "growing while it is read": Attack(
        program=f"""
import os
file = os.open('{_PATH}', os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o644)
os.write(file, b'[')
if os.fork() == 0:
    while True: os.write(file, b' ' * 4096)
""",
        reasons=(ERROR, OK),
    ),
    "changing its kind while it is read": Attack(
        program=f"""
import os
open('/output/good', 'w').write('[]')
if os.fork() == 0:
    while True:
        os.symlink('/input/request.json', '/output/l'); os.rename('/output/l', '{_PATH}')
        os.link('/output/good', '/output/l'); os.rename('/output/l', '{_PATH}')
""",
        reasons=(ERROR, OK),
    ),
    "a forged frame on stdout": Attack(
        program="""
import json, struct, sys
body = json.dumps({"exit_code": 0, "problem": None}).encode()
frame = struct.pack(">cI", b"F", 2) + b"{}" + struct.pack(">cI", b"X", len(body)) + body
sys.stdout.buffer.write(frame)
sys.stdout.flush()
sys.exit(7)
""",
        reasons=(ERROR,),
        says="exit code 7",
    ),
    "a frame that claims too much": Attack(
        program="import os\nos.write(1, b'F\\xff\\xff\\xff\\xff' * 1000)\nraise SystemExit(7)",
        reasons=(ERROR, OUTPUT),
        says="exit code 7",
    ),
}
