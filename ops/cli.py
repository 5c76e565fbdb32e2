"""The `awgp` command: its groups are found in ops/commands and loaded when they are asked for.

A module there exposes `command`, or `commands` where it holds several. Whatever goes wrong is one
line on stderr and exit status 2; a traceback is a bug of ours.
"""

import gc
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Final, NoReturn

import click

from ops.terminal_text import one_line
from pipeline.errors import AwgpError

FAILED: Final = 2
INTERRUPTED: Final = 130
READER_GONE: Final = 141
"""What a shell shows for a process that SIGPIPE ended."""

LONGEST_LINE: Final = 120
"""Characters of a command's line in the help; longer ones are cut."""

COMMANDS_FOLDER: Final = Path(__file__).parent / "commands"

# Name -> module under ops.commands and its line in `awgp --help`, so that help loads nothing. A
# module that is missing here is loaded to ask it; a test compares this table with them all.
COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "approvals": ("approvals", "See what waits for a person, and decide it."),
    "assistant": (
        "assistant",
        "Start, add, show and remove assistants: an agent's code, its limits, where results go.",
    ),
    "audit": ("audit", "Verify, export and download the audit trail."),
    "bundle": ("bundle", "Make, check, try, pack and push an agent's code."),
    "credential": (
        "credential",
        "Add, list and remove credentials that the gateway uses for agents.",
    ),
    "database": ("database", "Make the logins and bring the schema up to date."),
    "dead": ("dead", "See runs that were given up, replay or discard them."),
    "deliveries": (
        "deliveries",
        "See every attempt at a post-action, and send deliveries again.",
    ),
    "demo": (
        "demo",
        "Watch requests pass policy, people, gVisor, post-actions and the audit chain.",
    ),
    "doctor": ("doctor", "Check everything AWGP needs, and say how to mend what is wrong."),
    "down": ("up", "Stop everything in order."),
    "drain": (
        "queues",
        "Let queues work off what is due now and nothing newer, then pause them.",
    ),
    "init": ("init", "Set up your own first assistant in a running AWGP."),
    "keycloak": ("keycloak", "Keep Keycloak's groups in step with the tenants."),
    "keys": ("keys", "Rotate the key that secrets are sealed under."),
    "login": ("login", "Sign in as yourself, so that the other commands act for you."),
    "memory": ("memory", "Forget what a tenant's assistants remember from run to run."),
    "notice": (
        "notice",
        "Add, show, test and remove notice channels: who is told of what, by webhook or mail.",
    ),
    "pause": (
        "queues",
        "Let queues give away no work: what is being worked on ends, the rest waits.",
    ),
    "person": ("person", "Add, show and remove the people and machines of a tenant."),
    "policy": (
        "policy",
        "Check, add and activate policy sets, and see why one decides as it does.",
    ),
    "queues": (
        "queues",
        "Show how every queue stands: what waits, what is worked on, what failed.",
    ),
    "relay": ("relay", "Send again what is overdue."),
    "resume": (
        "queues",
        "Let queues give away work again, and make what waits due at once.",
    ),
    "rule": (
        "rule",
        "Add, show and remove approval rules: how many people of which groups must agree.",
    ),
    "runs": ("runs", "See runs, follow one, end one, and replay one that failed."),
    "runtime": ("runtime", "Install gVisor, and build what sandboxes run in."),
    "runtime-host": ("runtime_host", "Run bundles in gVisor for this machine's workers."),
    "scale": ("scale", "Run so many processes of a queue, or of the relay, from now on."),
    "scaler": ("scaler", "Run as many processes of each kind as are wanted."),
    "seed": (
        "seed",
        "Put the demo's two subsidiaries, their people and three assistants into a running AWGP.",
    ),
    "setup": (
        "setup",
        "Install what is missing: gVisor, the Python runtime, the identity provider, the web UI.",
    ),
    "source": ("source", "Add, show, test and remove webhook sources, and change their secrets."),
    "status": ("up", "Show what runs."),
    "target": (
        "target",
        "Add, try, show and remove targets: where an assistant's results are posted, signed.",
    ),
    "tenant": ("tenant", "Add, show and close tenants: the subsidiaries and their holding."),
    "up": ("up", "Start everything on this machine and keep it running until Ctrl-C."),
    "worker": ("worker", "Serve one or more queues: policy hold execute post_action audit export."),
}

# An error's module is loaded by whoever raised it, so nothing here has to import it.
OUT_OF_REACH: Final = (
    ("sqlalchemy.exc", "OperationalError", "the database cannot be used"),
    ("sqlalchemy.exc", "TimeoutError", "the database cannot be used"),
    ("psycopg", "OperationalError", "the database cannot be used"),
    ("redis.exceptions", "ConnectionError", "the broker cannot be reached"),
    ("redis.exceptions", "TimeoutError", "the broker cannot be reached"),
    ("httpx", "TransportError", "the server cannot be reached"),
    ("botocore.exceptions", "EndpointConnectionError", "the object store cannot be reached"),
    ("builtins", "ConnectionError", "the server cannot be reached"),
)


def exported(module: ModuleType) -> Iterator[click.Command]:
    """Yield the commands a module exposes as `command` or `commands`."""
    found: list[object] = [getattr(module, "command", None), *getattr(module, "commands", ())]
    for each in found:
        if isinstance(each, click.Command):
            yield each


@dataclass(slots=True)
class CommandTable:
    """Which command lives where; loads a module once one of its commands is asked for."""

    folder: Path = COMMANDS_FOLDER
    package: str = "ops.commands"
    listed: dict[str, tuple[str, str]] = field(default_factory=lambda: COMMANDS)

    def unlisted(self) -> dict[str, click.Command]:
        """Load the modules nobody listed."""
        known = {stem for stem, _ in self.listed.values()}
        stems = sorted(path.stem for path in self.folder.glob("*.py"))
        return {
            command.name or stem: command
            for stem in stems
            if not stem.startswith("_") and stem not in known
            for command in exported(import_module(f"{self.package}.{stem}"))
        }

    def short_helps(self) -> dict[str, str]:
        """Return every command's line in the help, in alphabetical order."""
        present = {path.stem for path in self.folder.glob("*.py")}
        lines = {name: line for name, (stem, line) in self.listed.items() if stem in present}
        lines |= {
            name: each.get_short_help_str(LONGEST_LINE) for name, each in self.unlisted().items()
        }
        return dict(sorted(lines.items()))

    def load(self, name: str) -> click.Command | None:
        """Return one command; None where there is none of this name."""
        if name not in self.listed:
            return self.unlisted().get(name)
        if not (self.folder / f"{self.listed[name][0]}.py").exists():
            return None
        module = import_module(f"{self.package}.{self.listed[name][0]}")
        return next((each for each in exported(module) if each.name == name), None)


class LazyGroup(click.Group):
    """A group whose commands are in a table until they are needed."""

    table = CommandTable()

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *self.table.short_helps()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, cmd_name) or self.table.load(cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        lines = list(self.table.short_helps().items())
        if lines:
            with formatter.section("Commands"):
                formatter.write_dl(lines)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="awgp", message="awgp %(version)s")
def awgp() -> None:
    """Governed execution for AI agents: policy, people, gVisor, and an audit trail to prove it.

    \b
    Examples:
      awgp up --detach                         start everything on this machine
      awgp init                                set up your own first assistant
      awgp source test inbox                   send it a signed request
      awgp approvals list                      see what waits for a decision
      awgp approvals approve ID --reason ok    let it happen
      awgp runs show ID                        see what became of it

    `awgp COMMAND --help` has more, with examples.
    """


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command and leave with its status."""
    status = run(arguments)
    # An interpreter that ends looks through all there is for cycles: a good part of the time a
    # command takes, or a service to stop, and to no end.
    gc.freeze()
    sys.exit(status)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 0, what it chose, 2 for any refusal."""
    try:
        status = awgp.main(
            args=None if arguments is None else list(arguments),
            prog_name="awgp",
            standalone_mode=False,
        )
        sys.stdout.flush()
    except (click.exceptions.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        return _reader_gone()
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return FAILED
    except Exception as error:
        message = plain_message(error)
        if message is None:
            raise
        click.echo(f"awgp: {one_line(message)}", err=True)
        return FAILED
    return status if type(status) is int else 0


def plain_message(error: Exception) -> str | None:
    """Return what a person is told; None for what can only be a bug."""
    if isinstance(error, click.UsageError) and error.ctx is not None:
        return f"{error.format_message()} See `{error.ctx.command_path} --help`."
    if isinstance(error, click.ClickException):
        return error.format_message()
    return str(error) if isinstance(error, AwgpError) else out_of_reach(error) or no_file(error)


def out_of_reach(error: Exception) -> str | None:
    """Return what to say about a server that does not answer; None for any other error."""
    for module, name, what in OUT_OF_REACH:
        kind = getattr(sys.modules.get(module), name, None)
        if isinstance(kind, type) and isinstance(error, kind):
            # SQLAlchemy's own text adds the statement; the driver's says what happened.
            said = str(getattr(error, "orig", None) or error).strip()
            return f"{what}: {said}; is it running? `awgp status` tells"
    return None


def no_file(error: Exception) -> str | None:
    """Return what to say about a file or folder that cannot be used; None for any other error."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename} cannot be used: {error.strerror}"
    return None


def _reader_gone() -> int:
    # The interpreter would complain once more when it flushes what nobody reads.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return READER_GONE


if __name__ == "__main__":
    main()
