"""How a body's label is refused. Workers import it: no HTTP server is named here."""

from pipeline.refusal import Refusal


class MediaTypeUnsupported(Refusal):
    """The body is labelled as something that is not taken, or encoded."""
