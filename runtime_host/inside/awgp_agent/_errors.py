"""Why a call came to nothing, each with the gateway's name for it."""


class GatewayError(Exception):
    """A call came to nothing. `name` is stable, the message is for a person."""

    name = "error"

    def __init__(self, detail: str, name: str = "") -> None:
        super().__init__(detail)
        if name:
            self.name = name


class NoGateway(GatewayError):
    """This sandbox has no way out: nothing was granted, or its gateway is gone."""

    name = "no-gateway"


class NotAllowed(GatewayError):
    """The method, host, port or path is not among what was granted, or the URL is ambiguous.

    Also of a memory that was not, and of a vector that does not fit its collection.
    """

    name = "not-allowed"


class AddressRefused(GatewayError):
    """The host leads to an address nobody may connect to."""

    name = "address-refused"


class BudgetSpent(GatewayError):
    """The execution's calls or bytes are used up, or the assistant's memory is full."""

    name = "budget-spent"


class RequestMalformed(GatewayError):
    """A header, the method, the body or a field of it is not one."""

    name = "malformed"


class AnswerTooLarge(GatewayError):
    """The answer is larger than one may be."""

    name = "answer-too-large"


class AnswerBroken(GatewayError):
    """The other side answered no sound HTTP, or redirected for too long."""

    name = "answer-broken"


class Unreachable(GatewayError):
    """The host has no address now, or takes no connection."""

    name = "unreachable"


class TimedOut(GatewayError):
    """No whole answer came in time."""

    name = "timed-out"


BY_NAME = {
    kind.name: kind
    for kind in (
        NotAllowed,
        AddressRefused,
        BudgetSpent,
        RequestMalformed,
        AnswerTooLarge,
        AnswerBroken,
        Unreachable,
        TimedOut,
    )
}
