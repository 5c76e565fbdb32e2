"""Why a decision is not taken; nothing was changed."""

from pipeline.errors import AwgpError
from pipeline.refusal import Refusal


class AlreadyDecided(AwgpError):
    """The question is closed."""


class ApprovalExpired(AwgpError):
    """Its time has passed; nothing will run."""


class DigestMismatch(AwgpError):
    """What was seen is not what is asked now."""


class VoterExcluded(AwgpError):
    """Four eyes: this person may not decide here."""


class EditDenied(AwgpError):
    """The policy denies the edited payload."""


class NothingToWithdraw(AwgpError):
    """No vote of this person stands."""


class VoteNotLent(AwgpError):
    """Nobody lent this person the vote they would give."""


class ReauthenticationNeeded(Refusal):
    """The voter proved who they are too long ago, or in another way than a rule asks."""
