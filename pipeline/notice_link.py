"""Where a notice leads: a page of the web, where its reader signs in, looks and decides."""

from uuid import UUID

from pipeline.approval_errors import AlreadyDecided, VoterExcluded
from pipeline.decision_link import make_decision_link
from pipeline.notice import ASKS, Facts
from pipeline.work import Work


def page_of(public_url: str, facts: Facts) -> str:
    """The page of the approval or the run; empty where nobody said where the web is."""
    if not public_url:
        return ""
    base = f"{public_url.rstrip('/')}/t/{facts.tenant}"
    if facts.approval_id is not None:
        return f"{base}/approvals/{facts.approval_id}"
    return f"{base}/runs/{facts.run_id}" if facts.run_id is not None else base


def link_for(work: Work, public_url: str, facts: Facts, person_id: UUID | None) -> str:
    """A link of someone's own to what they are asked; for anybody else, the page.

    It brings them to the question, once, after they have signed in; opening it decides nothing.
    """
    asked = facts.approval_id if facts.event in ASKS else None
    if not public_url or asked is None or person_id is None:
        return page_of(public_url, facts)
    try:
        token = make_decision_link(work, asked, person_id=person_id)
    except (AlreadyDecided, VoterExcluded):
        return page_of(public_url, facts)
    return f"{public_url.rstrip('/')}/d/{token}"
