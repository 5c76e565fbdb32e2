"""What an agent uses of its host: `fetch`, and a model where it has one.

    from awgp_agent import fetch

    answer = fetch("https://api.example.com/v1/rates")
    rates = answer.json()

Where an agent may go is what its manifest asks for (`[[network]]`) and its tenant allows; `scope()`
says what that is. Whatever is refused or fails raises a `GatewayError`. Standard library only.
"""

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
    "scope",
)
