"""Try what a hijacked assistant would: phone home, read secrets, write code, eat the machine."""

import os
import pathlib
import socket


def attempt(what, action):
    try:
        action()
    except OSError as error:
        print(f"{what}: refused ({error.strerror or error})", flush=True)
    else:
        print(f"{what}: WORKED", flush=True)


def phone_home():
    socket.create_connection(("127.0.0.1", 80), timeout=2).close()


attempt("open a TCP connection", phone_home)
attempt("read /etc/shadow", lambda: pathlib.Path("/etc/shadow").read_bytes())
attempt("rewrite its own code", lambda: pathlib.Path("/bundle/main.py").write_text("pass"))
attempt("write outside its folder", lambda: pathlib.Path("/usr/bin/evil").write_text("x"))
attempt("become root", lambda: os.setuid(0))
print("now eating memory", flush=True)
hoard = []
while True:
    hoard.append(bytearray(os.urandom(1 << 20)) * 8)
