"""Starting points for an assistant: folders of `ops/templates/assistants`, given a name.

A template is itself a sound bundle; `assistant-name` and `bundle-folder` in it are places to fill.
"""

import re
from pathlib import Path
from typing import Final

from pipeline.errors import AwgpError
from runtime_host.bundle import LEFT_OUT, pack

FOLDER: Final = Path(__file__).parent / "templates" / "assistants"
TEMPLATES: Final[dict[str, str]] = {
    "summarise": "the first sentences of a text",
    "echo": "gives the request back; the smallest there is",
    "http-post": "a message for a chat, a ticket system or N8N",
}
DEFAULT_TEMPLATE: Final = "summarise"
SAMPLE: Final = "request.json"

# Both the database's rule for an assistant's name and the manifest's for a bundle's.
_NAME = re.compile(r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")


class AssistantNameInvalid(AwgpError):
    """Not a name an assistant can have."""


class TemplateUnknown(AwgpError):
    """There is no such template."""


def checked_name(name: str) -> str:
    """Return the name.

    Raises:
        AssistantNameInvalid: As it says.
    """
    if not _NAME.fullmatch(name):
        raise AssistantNameInvalid(
            f"an assistant's name has small letters, digits and hyphens, begins with a letter and"
            f" has at most 63: not {name!a}"
        )
    return name


def template_files(template: str, *, name: str, folder: str) -> dict[str, str]:
    """Return a template's files by name, filled in.

    Args:
        name: The assistant's.
        folder: Where the files will lie, as its README is to say it in a shell.

    Raises:
        AssistantNameInvalid: As it says.
        TemplateUnknown: As it says.
    """
    if template not in TEMPLATES:
        raise TemplateUnknown(
            f"there is no template {template!a}; there are {', '.join(TEMPLATES)}"
        )
    checked_name(name)
    return {
        path.name: path.read_text(encoding="utf-8")
        .replace("assistant-name", name)
        .replace("bundle-folder", folder)
        for path in sorted((FOLDER / template).iterdir())
        if path.name not in LEFT_OUT and path.suffix in (".toml", ".py", ".json", ".md")
    }


def packed_template(template: str, *, name: str) -> bytes:
    """Return a template as a packed bundle; the same name always gives the same bytes."""
    files = template_files(template, name=name, folder=name)
    return pack({path: content.encode() for path, content in files.items()})


def sample_request(template: str) -> str:
    """Return the request a template comes with, as JSON."""
    return (FOLDER / template / SAMPLE).read_text(encoding="utf-8")
