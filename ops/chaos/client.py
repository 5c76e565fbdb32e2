"""The outside client: sends signed webhooks, retries like a sender, keeps its own list.

    python -m ops.chaos.client CONFIG

CONFIG is a JSON file: `ingest` (URL), `senders` (as `world.Sender.as_json`, each with a `weight`),
`rate` (new events a second at most), `allowed` (a file: how many events may have been begun
by now, so that a slow machine is not drowned), `threads`, `seed`, `again` (share of acknowledged
events that are sent once more, as by a sender who never saw the answer), `log` (file to write).

An event is sent with the same id and body, freshly signed, until it is acknowledged. The log has a
JSON line per acknowledgement, and one counts only once it is on disk: lines are written and synced
a batch at a time. SIGTERM ends it: no new events, those under way are finished.
"""

import json
import os
import queue
import random
import signal
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx
from standardwebhooks.webhooks import Webhook

TIMEOUT_SECONDS: Final = 10.0
FIRST_PAUSE_SECONDS: Final = 0.1
LONGEST_PAUSE_SECONDS: Final = 1.0
LIMIT_POLL_SECONDS: Final = 0.1
# A sender that was told "no" this clearly would not try again.
FINAL_REFUSALS: Final = frozenset({400, 401, 403, 404, 413, 415, 422})


@dataclass(slots=True)
class Pace:
    """Hands out turns: at most so many a second, and so many in all as are allowed by now.

    An outage is not followed by a burst: turns that were missed are gone.
    """

    rate: float
    allowed: Path
    stop: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)
    begun: int = 0

    def turn(self) -> bool:
        """Wait for the next turn; False once stopped."""
        with self.lock:
            stopped = self.stop.wait(1 / self.rate)
            while not stopped and self.begun >= self._limit():
                stopped = self.stop.wait(LIMIT_POLL_SECONDS)
            self.begun += 1
            return not stopped

    def _limit(self) -> int:
        return int(self.allowed.read_text(encoding="ascii"))


class Client:
    """Several threads that send, one that writes down."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._config = config
        self._pace = Pace(rate=float(config["rate"]), allowed=Path(config["allowed"]))
        self._lines: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()

    def stop(self) -> None:
        """Begin nothing more. Signal-safe."""
        self._pace.stop.set()

    def run(self) -> None:
        """Send until stopped; every event that was begun is acknowledged or refused after it."""
        writer = threading.Thread(target=self._write)
        writer.start()
        numbers = range(int(self._config["threads"]))
        senders = [threading.Thread(target=self._send_events, args=(n,)) for n in numbers]
        for thread in senders:
            thread.start()
        for thread in senders:
            thread.join()
        self._lines.put(None)
        writer.join()

    def _send_events(self, number: int) -> None:
        chance = random.Random(f"{self._config['seed']}-{number}")  # noqa: S311  # repeatable
        senders = self._config["senders"]
        weights = [each["weight"] for each in senders]
        with httpx.Client(timeout=TIMEOUT_SECONDS) as http:
            while self._pace.turn():
                sender = chance.choices(senders, weights)[0]
                event = f"evt_{uuid4().hex}"
                body = json.dumps({"event": event, "amount_cents": chance.randrange(10**6)})
                self._deliver(http, sender, event, body)
                if chance.random() < self._config["again"]:
                    self._deliver(http, sender, event, body)

    def _deliver(
        self, http: httpx.Client, sender: Mapping[str, Any], event: str, body: str
    ) -> None:
        """Send until acknowledged or refused for good."""
        pause = FIRST_PAUSE_SECONDS
        tries = 0
        while True:
            tries += 1
            sent_at = time.time()
            answer = self._post(http, sender, event, body)
            if answer is not None and (
                answer.status_code == 202 or answer.status_code in FINAL_REFUSALS
            ):
                self._note(sender, event, answer, sent_at, tries)
                return
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    def _post(
        self, http: httpx.Client, sender: Mapping[str, Any], event: str, body: str
    ) -> httpx.Response | None:
        now = datetime.now(UTC)
        headers = {
            "content-type": "application/json",
            "webhook-id": event,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(sender["secret"]).sign(event, now, body),
        }
        url = f"{self._config['ingest']}/v1/hooks/{sender['source']}"
        try:
            return http.post(url, content=body, headers=headers)
        except httpx.TransportError:
            return None  # no answer: it may or may not have been accepted, so it is sent again

    def _note(
        self,
        sender: Mapping[str, Any],
        event: str,
        answer: httpx.Response,
        sent_at: float,
        tries: int,
    ) -> None:
        accepted = answer.status_code == 202
        self._lines.put(
            {
                "event": event,
                "source": sender["source"],
                "status": answer.status_code,
                "run": answer.json()["run"] if accepted else None,
                "sent_at": sent_at,
                "acked_at": time.time(),
                "tries": tries,
            }
        )

    def _write(self) -> None:
        with Path(self._config["log"]).open("ab") as log:
            more = True
            while more:
                batch = [self._lines.get()]
                while not self._lines.empty():
                    batch.append(self._lines.get())
                more = None not in batch
                log.writelines(json.dumps(line).encode() + b"\n" for line in batch if line)
                log.flush()
                os.fsync(log.fileno())


def main(arguments: list[str]) -> None:
    """Run until SIGTERM."""
    client = Client(json.loads(Path(arguments[0]).read_text(encoding="utf-8")))
    signal.signal(signal.SIGTERM, lambda *_: client.stop())
    client.run()


if __name__ == "__main__":
    main(sys.argv[1:])
