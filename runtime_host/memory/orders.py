"""How a client tells a runtime host to forget, on its socket."""

from uuid import UUID

from runtime_host.wire import Frame, WireBroken, encode


def encode_forget(tenant: UUID, assistant: UUID | None) -> bytes:
    """The frame a client sends; of a whole tenant where no assistant is said."""
    said = None if assistant is None else str(assistant)
    return encode({"type": "forget", "tenant": str(tenant), "assistant": said})


def decode_forget(frame: Frame) -> tuple[UUID, UUID | None]:
    """Whose memory is meant.

    Raises:
        WireBroken: It does not say.
    """
    try:
        said = frame.body["assistant"]
        return UUID(frame.body["tenant"]), None if said is None else UUID(said)
    except (KeyError, ValueError, AttributeError, TypeError) as exc:
        raise WireBroken("what is to be forgotten is not said") from exc
