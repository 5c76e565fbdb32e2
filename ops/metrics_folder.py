"""The folder in which the processes of one program keep what they count, for whichever answers."""

from pathlib import Path


def forget_counts(folder: str | None) -> None:
    """Empty the folder: those who counted there are gone, and a counter may start anew.

    Called once a start, by the process that forks the others, before it imports a metric.

    Args:
        folder: Made where it is missing; None where a process counts for itself.
    """
    if not folder:
        return
    Path(folder).mkdir(parents=True, exist_ok=True, mode=0o700)
    for path in Path(folder).glob("*.db"):
        path.unlink(missing_ok=True)
