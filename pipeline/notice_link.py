"""Where a notice leads: a page of the web, where its reader signs in and looks."""

from pipeline.notice import Facts


def page_of(public_url: str, facts: Facts) -> str:
    """The page of the approval or the run; empty where nobody said where the web is."""
    if not public_url:
        return ""
    base = f"{public_url.rstrip('/')}/t/{facts.tenant}"
    if facts.approval_id is not None:
        return f"{base}/approvals/{facts.approval_id}"
    return f"{base}/runs/{facts.run_id}" if facts.run_id is not None else base
