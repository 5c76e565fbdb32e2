"""One thread of a process seals a tenant, for all messages that come meanwhile."""

import threading
from uuid import UUID

import pytest

from actors.audit import Sealer

ACME, GLOBEX = UUID(int=1), UUID(int=2)
FIRST, SECOND, THIRD = UUID(int=11), UUID(int=12), UUID(int=13)


class Slow:
    """Seals while it is let, and remembers what it was asked."""

    def __init__(self, *along: UUID) -> None:
        self.along = list(along)
        self.asked: list[tuple[UUID, UUID | None]] = []
        self.begun = threading.Event()
        self.may_end = threading.Event()

    def __call__(self, tenant: UUID, handoff: UUID | None) -> list[UUID]:
        self.asked.append((tenant, handoff))
        self.begun.set()
        assert self.may_end.wait(60)
        return self.along


def test_messages_that_come_while_a_tenant_is_sealed_are_sealed_by_the_thread_that_is_at_it() -> (
    None
):
    slow = Slow()
    sealer = Sealer(slow)
    at_it = threading.Thread(target=sealer.seal, args=(ACME, FIRST))
    at_it.start()
    assert slow.begun.wait(60)

    sealer.seal(ACME, SECOND)
    sealer.seal(ACME, THIRD)
    slow.may_end.set()
    at_it.join(60)

    assert slow.asked == [(ACME, FIRST), (ACME, None)]


def test_another_tenant_is_sealed_beside_it() -> None:
    slow = Slow()
    sealer = Sealer(slow)
    at_it = threading.Thread(target=sealer.seal, args=(ACME, FIRST))
    at_it.start()
    assert slow.begun.wait(60)
    slow.may_end.set()
    sealer.seal(GLOBEX, SECOND)
    at_it.join(60)

    assert (GLOBEX, SECOND) in slow.asked


def test_a_tenant_whose_sealing_failed_can_be_sealed_again() -> None:
    asked = []

    def broken(tenant: UUID, handoff: UUID | None) -> list[UUID]:
        asked.append((tenant, handoff))
        raise ConnectionError

    sealer = Sealer(broken)
    for handoff in (FIRST, SECOND):
        with pytest.raises(ConnectionError):
            sealer.seal(ACME, handoff)

    assert asked == [(ACME, FIRST), (ACME, SECOND)]


def test_what_was_sealed_along_is_not_sealed_for_again() -> None:
    slow = Slow(FIRST, SECOND)
    sealer = Sealer(slow)
    at_it = threading.Thread(target=sealer.seal, args=(ACME, FIRST))
    at_it.start()
    assert slow.begun.wait(60)
    sealer.seal(ACME, SECOND)
    slow.may_end.set()
    at_it.join(60)

    sealer.seal(ACME, SECOND)
    sealer.seal(ACME, THIRD)
    assert slow.asked == [(ACME, FIRST), (ACME, THIRD)]
