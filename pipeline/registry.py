"""What tenants set up, as the stages read it: assistants and targets as they are now.

`registry_add` and `registry_sources` put things there, `registry_remove` takes them away,
`registry_view` shows them.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pipeline.answer import Answer
from pipeline.errors import AwgpError
from pipeline.registry_add import (
    TARGET_HEADER,
    TARGET_SECRET,
    add_assistant,
    add_bundle,
    add_person,
    add_target,
)
from pipeline.registry_sources import (
    SOURCE_SECRET,
    add_source,
    add_source_secret,
    new_webhook_secret,
)
from pipeline.work import Work

__all__ = (
    "SOURCE_SECRET",
    "TARGET_HEADER",
    "TARGET_SECRET",
    "AssistantNotFound",
    "AssistantVersion",
    "Target",
    "add_assistant",
    "add_bundle",
    "add_person",
    "add_source",
    "add_source_secret",
    "add_target",
    "ask_assistant",
    "current_assistant",
    "new_webhook_secret",
)


# One statement, so that an assistant and its targets are of one version.
_ASSISTANT = """
    SELECT a.assistant_id, a.name, v.version, v.bundle_digest, v.runtime_name, v.runtime_digest,
        v.sandbox_policy, b.manifest, b.author_person_id, v.author_person_id,
        coalesce((
            SELECT jsonb_agg(jsonb_build_array(t.target_id, t.name, w.version, w.url, w.template,
                w.settings) ORDER BY x.position)
            FROM assistant_targets x JOIN targets t USING (tenant_id, target_id)
            JOIN target_versions w ON w.tenant_id = t.tenant_id AND w.target_id = t.target_id
                AND w.version = t.current_version
            WHERE x.tenant_id = v.tenant_id AND x.assistant_id = v.assistant_id
                AND x.version = v.version), '[]')
    FROM assistants a JOIN assistant_versions v ON v.tenant_id = a.tenant_id
        AND v.assistant_id = a.assistant_id AND v.version = a.current_version
    JOIN bundles b ON b.tenant_id = v.tenant_id AND b.digest = v.bundle_digest
    WHERE a.assistant_id = :id AND a.active"""


class AssistantNotFound(AwgpError):
    """The tenant has no active assistant of this name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssistantVersion:
    """An assistant as it would run now."""

    assistant_id: UUID
    name: str
    version: int
    bundle_digest: str
    runtime_name: str
    runtime_digest: str
    sandbox_policy: Mapping[str, Any]
    manifest: Mapping[str, Any]
    bundle_author: UUID
    author: UUID
    targets: "tuple[Target, ...]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A version of where a post-action goes."""

    target_id: UUID
    name: str
    version: int
    url: str
    template: str
    settings: Mapping[str, Any]

    @property
    def template_digest(self) -> str:
        return "sha256:" + hashlib.sha256(self.template.encode()).hexdigest()


def ask_assistant(work: Work, assistant_id: UUID) -> Answer:
    """Bring along what `current_assistant` will read."""
    return work.recall(_ASSISTANT, id=assistant_id)


def current_assistant(work: Work, assistant_id: UUID) -> AssistantVersion:
    """An assistant with its targets, all of one moment.

    Raises: AssistantNotFound.
    """
    row = ask_assistant(work, assistant_id).one_or_none()
    if row is None:
        raise AssistantNotFound(f"no active assistant {assistant_id}")
    *columns, targets = row
    return AssistantVersion(
        **dict(zip(AssistantVersion.__slots__, columns, strict=False)),
        targets=tuple(_target(*each) for each in targets),
    )


def _target(target_id: str, *rest: Any) -> Target:
    return Target(**dict(zip(Target.__slots__, (UUID(target_id), *rest), strict=True)))
