"""The how-tos for senders: what they say to type, ready to be typed."""

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ops.assistant_template import DEFAULT_TEMPLATE

FOLDER = Path(__file__).parents[2] / "docs" / "how-to"
ADDED = re.compile(r"`(awgp source add [^`]+)`")
SHELL = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Sample:
    """What a sender would send."""

    text: str

    def typed(self, *, hook: str, secret: str) -> str:
        """Type it into a shell and return what came of it."""
        known = {"HOOK": hook, "SECRET": secret}
        done = subprocess.run(
            ["bash", "-ec", self.text],
            env=os.environ | known,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout + done.stderr


@dataclass(frozen=True, slots=True)
class HowTo:
    """One of them.

    Attributes:
        more: What it says to add to the command.
        line: Of its sample, where each is one line; None is all of it.
        sample: Whether it has one that reaches a local edge by itself.
    """

    name: str
    more: str = ""
    line: int | None = None
    sample: bool = True

    def __str__(self) -> str:
        return f"{self.name} {self.more}".strip()

    @property
    def told(self) -> str:
        text = (FOLDER / f"{self.name}.md").read_text(encoding="utf-8")
        assert self.more in text
        return text

    @property
    def sender_makes_the_secret(self) -> bool:
        """Whether it is known only after the source."""
        return "`awgp source rotate" in self.told

    def commands(self, secret: Path) -> Iterator[list[str]]:
        """Each `awgp source add` with an assistant and a name there is room for."""
        for number, command in enumerate(ADDED.findall(self.told)):
            found = re.sub(r"--assistant \S+", f"--assistant {DEFAULT_TEMPLATE}", command)
            found = found.replace("--owner nora", "--owner owner")
            if "--scheme" in self.more:
                found = re.sub(r"--scheme \S+", "", found)
            words = shlex.split(f"{found} {self.more}".replace("file -", f"file {secret}"))
            yield [*words[1:3], f"how-to-{SENDERS.index(self)}-{number}", *words[4:]]

    def samples(self) -> Iterator[Sample]:
        if self.sample:
            text = SHELL.findall(self.told)[0]
            yield Sample(text if self.line is None else text.splitlines()[self.line])


SENDERS = [
    HowTo("receive-from-github"),
    HowTo("receive-from-gitlab", "--set how=token"),
    HowTo("receive-from-gitlab", sample=False),
    HowTo("receive-from-shopify"),
    HowTo("receive-from-slack"),
    HowTo("receive-from-stripe"),
    HowTo("receive-from-twilio"),
    HowTo("receive-from-twilio", "--set algorithm=sha256", sample=False),
    HowTo("receive-with-a-header", line=0),
    HowTo("receive-with-a-header", "--scheme http-basic --set username=erp", line=1),
    HowTo(
        "receive-with-a-header", "--set header=Authorization --set 'prefix=Bearer '", sample=False
    ),
    HowTo("receive-with-certificates-or-tokens", sample=False),
    HowTo("receive-with-hmac"),
]
