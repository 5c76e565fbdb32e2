"""What runs inside the sandbox: standard library only, Python 3.11, copied into the runtime."""
