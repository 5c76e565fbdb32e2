"""Rows of what tenants set up, as plain dictionaries of Python values, for what shows them."""

from typing import Any, Final

from pipeline.work import Work

Row = dict[str, Any]

# SQL of a person as views name one, from an alias of persons.
PERSON: Final = "jsonb_build_object('id', {0}.person_id, 'name', {0}.display_name)"


def rows(work: Work, statement: str, **values: object) -> list[Row]:
    return [dict(row) for row in work.execute(statement, **values).mappings()]


def one_row(work: Work, statement: str, **values: object) -> Row | None:
    found = rows(work, statement, **values)
    return found[0] if found else None


def one_at_a_time(work: Work, noun: str, name: str) -> None:
    """Of two who add the same, the second waits here for the first to commit, and then finds it."""
    work.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))",
        name=f"{work.tenant_id} {noun} {name}",
    )
