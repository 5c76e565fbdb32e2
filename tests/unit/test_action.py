"""The action an approval covers: one byte form, and nothing of it can change unnoticed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.action import (
    Action,
    ActionInvalid,
    ActionTarget,
    DecidingPolicy,
    action_bytes,
    action_digest,
)
from pipeline.approval import DEFAULT_RULE, Reason, Rule, combine

VECTORS = json.loads(
    (Path(__file__).parents[1] / "vectors" / "action_v1.json").read_text(encoding="utf-8")
)
CFO = Rule(
    name="cfo",
    version=4,
    quorum=2,
    groups=("northwind-cfo", "holding-admins"),
    reason=Reason.REQUIRED,
    expires_in_seconds=3600,
    remind=(600,),
    execution_expires_in_seconds=600,
)


def named(letter: str) -> str:
    return "sha256:" + letter * 64


TARGET = ActionTarget(
    id="018f5b2c-0000-7000-8000-00000000000a",
    version=2,
    url="https://n8n.example/webhook/bücher",
    template_digest=named("e"),
)
ACTION = Action(
    tenant="018f5b2c-0000-7000-8000-000000000001",
    run="018f5b2c-0000-7000-8000-000000000002",
    epoch=1,
    requester="source:6f1d3c0e-9f1b-4c86-b2a6-6a2f2b7c9d10",
    assistant_version="018f5b2c-0000-7000-8000-000000000003@3",
    bundle_digest=named("a"),
    runtime_digest=named("b"),
    entrypoint_digest=named("c"),
    payload_commitment="d" * 64,
    sandbox_policy={"network": "none", "mounts": ["/input", "/output"], "writable": False},
    limits={"wall_seconds": 30, "memory_bytes": 268435456},
    gateway_scopes={"fetch": {"hosts": []}},
    targets=(TARGET,),
    policy=DecidingPolicy(version=7, digest=named("f")),
    requirement=combine([DEFAULT_RULE, CFO]),
)
CHANGED: dict[str, Any] = {
    "tenant": "018f5b2c-0000-7000-8000-00000000000b",
    "run": "018f5b2c-0000-7000-8000-00000000000b",
    "epoch": 2,
    "requester": "person:x",
    "assistant_version": "018f5b2c-0000-7000-8000-000000000003@4",
    "bundle_digest": named("1"),
    "runtime_digest": named("1"),
    "entrypoint_digest": named("1"),
    "payload_commitment": "1" * 64,
    "sandbox_policy": {"network": "none", "mounts": ["/output", "/input"], "writable": False},
    "limits": {"wall_seconds": 31, "memory_bytes": 268435456},
    "gateway_scopes": {"fetch": {"hosts": ["example.org"]}},
    "targets": (replace(TARGET, url="https://n8n.example/webhook/other"),),
    "policy": DecidingPolicy(version=8, digest=named("f")),
    "requirement": combine([DEFAULT_RULE, replace(CFO, quorum=1)]),
}


def test_the_byte_form_is_the_one_written_down() -> None:
    vector = VECTORS["vectors"][0]
    assert action_bytes(ACTION) == vector["bytes_utf8"].encode()
    assert action_digest(ACTION).hex() == vector["sha256"]


def test_the_vector_can_be_checked_without_our_code() -> None:
    vector = VECTORS["vectors"][0]
    tagged = b"awgp.action.v1\0" + vector["bytes_utf8"].encode()
    assert hashlib.sha256(tagged).hexdigest() == vector["sha256"]
    # With plain keys and whole numbers RFC 8785 is sorted, compact JSON.
    compact = json.dumps(
        vector["action"], sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    assert compact == vector["bytes_utf8"]


@pytest.mark.parametrize("name", [field.name for field in fields(Action)])
def test_a_change_of_any_field_changes_the_digest(name: str) -> None:
    assert action_digest(replace(ACTION, **{name: CHANGED[name]})) != action_digest(ACTION)


@pytest.mark.parametrize(
    "target",
    [
        replace(TARGET, id="x"),
        replace(TARGET, version=3),
        replace(TARGET, template_digest=named("1")),
    ],
)
def test_every_part_of_a_target_is_covered(target: ActionTarget) -> None:
    assert action_digest(replace(ACTION, targets=(target,))) != action_digest(ACTION)
    assert action_digest(replace(ACTION, targets=(TARGET, target))) != (
        action_digest(replace(ACTION, targets=(target, TARGET)))
    )


def test_the_order_of_keys_does_not_matter() -> None:
    turned = replace(ACTION, limits=dict(reversed(list(ACTION.limits.items()))))
    assert action_bytes(turned) == action_bytes(ACTION)


def test_an_action_does_not_change_with_what_it_was_made_of() -> None:
    limits: dict[str, Any] = {"memory_bytes": 1, "nested": {"list": [1]}}
    action = replace(ACTION, limits=limits)
    before = action_digest(action)
    limits["memory_bytes"] = 2
    limits["nested"]["list"].append(2)
    assert action_digest(action) == before
    with pytest.raises(TypeError):
        action.limits["memory_bytes"] = 3  # type: ignore[index]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"tenant": ""}, "tenant"),
        ({"epoch": 0}, "epoch"),
        ({"epoch": 1.0}, "epoch"),
        ({"epoch": True}, "epoch"),
        ({"bundle_digest": "a" * 64}, "bundle_digest"),
        ({"runtime_digest": named("A")}, "runtime_digest"),
        ({"entrypoint_digest": named("a") + "\n"}, "entrypoint_digest"),
        ({"payload_commitment": "d" * 63}, "payload_commitment"),
        ({"limits": {"cpu": 0.5}}, "limits"),
        ({"limits": {"cpu": None}}, "limits"),
        ({"limits": {"cpu": 2**53}}, "limits"),
        ({"limits": {1: 1}}, "limits"),
        ({"limits": []}, "limits"),
        ({"gateway_scopes": {"a": [{"b": b"bytes"}]}}, "gateway_scopes"),
        ({"targets": (replace(TARGET, version=0),)}, "targets.version"),
        ({"targets": (replace(TARGET, template_digest=""),)}, "targets.template_digest"),
        ({"policy": DecidingPolicy(version=1, digest="")}, "policy.digest"),
    ],
)
def test_what_has_no_one_byte_form_is_refused_by_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(ActionInvalid, match=f"^{field}: "):
        replace(ACTION, **changes)


def test_a_string_that_is_no_text_is_refused() -> None:
    with pytest.raises(ActionInvalid, match="no text"):
        action_digest(replace(ACTION, requester="\ud800"))
