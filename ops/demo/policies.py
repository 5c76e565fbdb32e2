"""The demo tenants' policy sets and what of a payload they may read."""

ACME = """
@id("book-invoices")
@hold("finance")
@description("Every invoice is booked only after finance has looked.")
permit (principal, action == Action::"run", resource == Assistant::"invoice-booker");

@id("no-invoices-over-a-million")
@description("Above 1,000,000.00 no assistant books anything.")
forbid (principal, action == Action::"run", resource == Assistant::"invoice-booker")
when { context.payload has amount_cents && context.payload.amount_cents > 100000000 };
"""
ACME_FIELDS = {"amount_cents": {"pointer": "/amount_cents", "type": "long"}}

GLOBEX = """
@id("summarise-pull-requests")
@auto("reads an event, writes one line; nothing leaves but the summary")
permit (principal == Source::"git", action == Action::"run", resource == Assistant::"pr-summary");

@id("try-the-new-helper")
@auto("on trial, in the sandbox only")
permit (principal, action == Action::"run", resource == Assistant::"misbehaver");
"""
GLOBEX_FIELDS: dict[str, dict[str, str]] = {}
