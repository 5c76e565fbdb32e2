"""The `awgp` command as a process of its own."""

import subprocess
import sys

from ops.cli import COMMANDS


def test_help_loads_no_command() -> None:
    script = (
        "import sys; from ops.cli import run; run(['--help']);"
        "sys.exit(any(name.startswith('ops.commands.') for name in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "awgp approvals list" in done.stdout
    assert all(f"\n  {name} " in done.stdout for name in COMMANDS)


def test_a_reader_that_went_away_is_no_error() -> None:
    script = "from ops.cli import main; main(['--help'])"
    done = subprocess.run(
        ["sh", "-c", f'{sys.executable} -c "{script}" | true'],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""


def test_a_server_that_is_down_is_one_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ops.cli", "login"],
        env={"AWGP_WEB_URL": "http://127.0.0.1:1", "AWGP_OIDC_ISSUER": "http://127.0.0.1:1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("awgp: the server cannot be reached")
    assert done.stderr.count("\n") == 1
