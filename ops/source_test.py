"""`awgp source test`: send a source one event as its sender would, and watch the run it becomes."""

import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, BinaryIO, Final
from uuid import UUID, uuid4

import click
import httpx

from ops.command_options import data_option, json_option, print_json
from ops.embedded.data_folder import data_folder_path, existing_data_folder
from ops.run_following import Followed, StagePassed, ending, follow
from ops.signed_request import SignedRequest, signed_request
from ops.source_probe import FoundSource, SourceProbe, source_probe
from ops.terminal_text import one_line, pretty
from pipeline.run import Status
from pipeline.schemes import PlainMessage, Scheme, Verified
from runtime_host.inside.ustar import MAX_PACKED_BYTES

FAILED: Final = 1
ANOTHER_BODY: Final = b'{"test": "another body under the same id"}'
GOOD_ENDS: Final = (Status.COMPLETED, Status.HELD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What one test is to do."""

    payload: bytes | None = field(repr=False)
    wait_seconds: float
    bad_signature: bool
    duplicate: bool


@dataclass(slots=True)
class Report:
    """What a test came to: lines for a person as they happen, one object for a program."""

    told: Callable[[str], None]
    summary: dict[str, Any] = field(default_factory=dict)
    good: bool = True

    def check(self, what: str, answer: httpx.Response, *, good: bool) -> None:
        """Note one answer, and whether it is the one there should be."""
        problem = _problem(answer)
        self.good &= good
        self.summary.setdefault("answers", []).append(
            {"what": what, "status": answer.status_code, "problem": problem[0], "good": good}
        )
        said = f"{answer.status_code}" + (f" {problem[0]}: {problem[1]}" if problem[0] else "")
        self.told(f"{what}: {one_line(said)}" + ("" if good else "  <- not what it should be"))


@click.command("test")
@click.argument("source")
@click.option("--tenant", metavar="SLUG", help="Whose; needed where several have a SOURCE.")
@click.option(
    "--payload",
    type=click.File("rb"),
    metavar="FILE",
    help="A JSON object to send, - for stdin; the assistant's own sample by default.",
)
@click.option(
    "--wait",
    "wait_seconds",
    type=click.FloatRange(0, 3600),
    default=30,
    show_default=True,
    metavar="SECONDS",
    help="How long to follow the run.",
)
@click.option("--bad-signature", is_flag=True, help="Sign with a wrong secret: must be refused.")
@click.option("--duplicate", is_flag=True, help="Send it again: must be the same run.")
@data_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    source: str,
    tenant: str | None,
    payload: BinaryIO | None,
    wait_seconds: float,
    data_path: str | None,
    *,
    bad_signature: bool,
    duplicate: bool,
    as_json: bool,
) -> None:
    """Send SOURCE, a name or id, one signed event and follow the run it becomes.

    The event is a real one: what the assistant does, it does. It is signed with the source's own
    secret, which stays in this process. Exit status 0 when the run completed or waits for a person
    (and every refusal asked for was one), 1 otherwise.

    \b
    Examples:
      awgp source test inbox
      echo '{"amount_cents": 250000}' | awgp source test inbox --payload -
      awgp source test inbox --duplicate
      awgp source test inbox --bad-signature
    """
    if bad_signature and duplicate:
        raise click.UsageError("--bad-signature and --duplicate exclude one another")
    asked = Asked(
        payload=None if payload is None else payload.read(MAX_PACKED_BYTES),
        wait_seconds=wait_seconds,
        bad_signature=bad_signature,
        duplicate=duplicate,
    )
    data = existing_data_folder(data_folder_path(os.environ, data_path))
    report = Report(told=(lambda _: None) if as_json else click.echo)
    with source_probe(data, os.environ) as probe:
        found = probe.find(source, tenant)
        report.summary |= {"tenant": found.tenant, "source": found.name, "url": found.url}
        _send(probe, found, asked, report)
    if as_json:
        print_json({**report.summary, "good": report.good})
    ctx.exit(0 if report.good else FAILED)


def _send(probe: SourceProbe, found: FoundSource, asked: Asked, report: Report) -> None:
    body = probe.sample(found) if asked.payload is None else asked.payload
    event = f"test_{uuid4().hex}"
    scheme, secret = probe.sender(found)
    sender = Sender(url=found.url, scheme=scheme, secret=secret)
    if asked.bad_signature:
        form = scheme.form()
        forged = replace(sender, secret=b"" if form is None else form.make())
        answer = forged.signed(body, event).send()
        report.check("signed with a wrong secret", answer, good=answer.status_code == 401)
        return
    request = sender.signed(body, event)
    began = time.monotonic()
    answer = request.send()
    report.check(f"signed {len(body)} bytes", answer, good=answer.status_code == 202)
    if answer.status_code != 202:
        return
    run_id = UUID(answer.json()["run"])
    report.summary["run"] = str(run_id)
    report.told(f"run {run_id}")
    if asked.duplicate:
        _send_again(sender, request, event, run_id, report)
    _follow(probe, found, run_id, asked.wait_seconds, began, report)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Signs as a source's sender does."""

    url: str
    scheme: Scheme
    secret: bytes = field(repr=False)

    def signed(self, body: bytes, event: str) -> SignedRequest:
        """Raises: CannotSign."""
        now = int(time.time())
        return signed_request(
            self.url, self.secret, body, event_id=event, timestamp=now, scheme=self.scheme
        )

    def names(self, request: SignedRequest) -> Verified:
        """What names the event in a request of this sender's."""
        message = PlainMessage(headers=request.headers, body=request.body, url=request.url)
        return self.scheme.verify(message, self.secret, datetime.now(UTC))


def _send_again(
    sender: Sender, request: SignedRequest, event: str, run_id: UUID, report: Report
) -> None:
    named = sender.names(request)
    if named.key is None:
        report.told("nothing in this scheme tells a repeat: each request is a run of its own")
        return
    again = request.send()
    same = again.status_code == 202 and again.json().get("run") == str(run_id)
    report.check("the same again, the same run", again, good=same)
    if named.event_id != event:
        return
    other = sender.signed(ANOTHER_BODY, event).send()
    report.check("the same id, another body", other, good=other.status_code == 422)


def _follow(
    probe: SourceProbe,
    found: FoundSource,
    run_id: UUID,
    wait_seconds: float,
    began: float,
    report: Report,
) -> None:
    def told(passed: StagePassed) -> None:
        report.told(f"  {passed.seconds:6.2f} s  {passed.stage.value:<11}  {passed.said}")

    followed = follow(
        lambda run: probe.view(found.tenant_id, run),
        run_id,
        wait_seconds=wait_seconds,
        began=began,
        told=told,
    )
    report.good &= followed.in_time and followed.status in GOOD_ENDS
    execution = followed.view["execution"] or {}
    report.summary |= {
        "status": followed.status.value,
        "reason": followed.view["reason"],
        "seconds": round(followed.seconds, 3),
        "stages": [{**asdict(each), "seconds": round(each.seconds, 3)} for each in followed.stages],
        "result": execution.get("result"),
    }
    report.told(_verdict(followed, wait_seconds))
    if execution.get("result") is not None:
        report.told(pretty(execution["result"]))
    if followed.status is Status.HELD:
        who = probe.who_decides(found)
        report.told(f"next: awgp approvals list --as {who} --tenant {found.tenant}")


def _verdict(followed: Followed, wait_seconds: float) -> str:
    if not followed.in_time:
        return (
            f"after {wait_seconds:g} s the run is still {followed.status.value};"
            " `awgp status` shows what runs"
        )
    if followed.status is Status.HELD:
        return f"held after {followed.seconds:.2f} s: a person decides now"
    return f"{ending(followed.view)} after {followed.seconds:.2f} s"


def _problem(answer: httpx.Response) -> tuple[str | None, str]:
    """The short name of what an answer refuses, and why; None where it refuses nothing."""
    if answer.is_success:
        return None, ""
    try:
        body = answer.json()
        return str(body["type"]).rpartition(":")[2], str(body["detail"])
    except (ValueError, KeyError, TypeError):
        return "unknown", "the answer is no problem document"
