"""What an agent uses of its host: `fetch`, a model and a memory where it has one, and `telemetry`.

    from awgp_agent import fetch

    answer = fetch("https://api.example.com/v1/rates")
    rates = answer.json()

    from awgp_agent import memory

    memory.upsert([{"text": "The customer prefers mail.", "payload": {"customer": "4711"}}])
    hits = memory.search("how to reach them", filter={"customer": "4711"})

Where an agent may go is what its manifest asks for (`[[network]]`) and its tenant allows; `scope()`
says what that is. Whatever is refused or fails raises a `GatewayError`. Standard library only,
and nothing of it is imported before it is used.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import memory, telemetry
    from ._errors import (
        AddressRefused,
        AnswerBroken,
        AnswerTooLarge,
        BudgetSpent,
        GatewayError,
        NoGateway,
        NotAllowed,
        RequestMalformed,
        TimedOut,
        Unreachable,
    )
    from ._fetch import Answer, chat, embeddings, fetch, scope

__all__ = (
    "AddressRefused",
    "Answer",
    "AnswerBroken",
    "AnswerTooLarge",
    "BudgetSpent",
    "GatewayError",
    "NoGateway",
    "NotAllowed",
    "RequestMalformed",
    "TimedOut",
    "Unreachable",
    "chat",
    "embeddings",
    "fetch",
    "memory",
    "scope",
    "telemetry",
)
_MODULES = frozenset({"memory", "telemetry"})
_CALLS = frozenset({"Answer", "chat", "embeddings", "fetch", "scope"})


def __getattr__(name: str) -> object:
    """Import what is asked for: sockets and JSON are most of what an agent's start costs."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = name if name in _MODULES else "_fetch" if name in _CALLS else "_errors"
    imported = __import__(f"{__name__}.{module}", fromlist=("*",))
    found: object = imported if name == module else getattr(imported, name)
    globals()[name] = found
    return found
