"""How an execution spec and its result look on the runtime host's socket, both ways."""

import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from uuid import UUID

from pipeline.errors import AwgpError
from pipeline.execution import (
    ExecutionResult,
    ExecutionSpec,
    ExitReason,
    Limits,
    LimitsInvalid,
    OutputLine,
    Usage,
)
from pipeline.gateway_call import GatewayCall
from pipeline.gateway_scope import MAX_GRANTS, Injection, SandboxPolicyInvalid, Scope
from pipeline.sandbox_policy import MAX_VARIABLES, check_variable
from pipeline.syscalls import Syscalls
from runtime_host.bundle import digest_of, is_digest
from runtime_host.manifest import MAX_ARGUMENT_CHARACTERS, MAX_ARGUMENTS
from runtime_host.wire import Frame, encode

MAX_LEASE_SECONDS = 3600
_RUNTIME = re.compile(r"[a-z0-9-]{1,64}")


class SpecRefused(AwgpError):
    """A launch is refused. `error` is a stable name, the message says it in words."""

    def __init__(self, error: str, message: str) -> None:
        super().__init__(message)
        self.error = error


def encode_launch(spec: ExecutionSpec, lease_seconds: float) -> bytes:
    """The frame a client sends."""
    body = {
        # A host that knows no profiles, and no memory, takes it for unknown: it does not run it
        # without one, and the run waits for a host that does.
        "type": "launch_confined" if spec.syscalls.strict or spec.scope.memory else "launch",
        "lease_seconds": lease_seconds,
        "tenant_id": str(spec.tenant_id),
        "run_id": str(spec.run_id),
        "execution_id": str(spec.execution_id),
        "fence": spec.fence,
        "bundle_bytes": len(spec.bundle),
        "bundle_digest": spec.bundle_digest,
        "payload_digest": spec.payload_digest,
        "runtime": spec.runtime,
        "runtime_digest": spec.runtime_digest,
        "entrypoint": list(spec.entrypoint),
        "limits": spec.limits.as_json(),
        "environment": dict(spec.environment),
        "scope": spec.scope.as_json(),
        "syscalls": spec.syscalls.as_json(),
        "assistant_id": None if spec.assistant_id is None else str(spec.assistant_id),
        "credentials": {name: [each.header, each.value] for name, each in spec.credentials.items()},
    }
    return encode(body, spec.bundle + spec.payload)


def decode_launch(frame: Frame) -> tuple[ExecutionSpec, float]:
    """The spec and its lease in seconds, with every digest of bytes checked.

    Raises:
        SpecRefused: `bundle_digest_mismatch`, `payload_digest_mismatch`, `limits_invalid`,
            `environment_invalid`, `scope_invalid`, `syscalls_invalid`, `entrypoint_invalid` or
            `spec_invalid`.
    """
    body = frame.body
    try:
        split = _whole(body["bundle_bytes"])
        spec = ExecutionSpec(
            tenant_id=UUID(body["tenant_id"]),
            run_id=UUID(body["run_id"]),
            execution_id=UUID(body["execution_id"]),
            fence=_whole(body["fence"]),
            bundle=frame.blob[:split],
            bundle_digest=_text(body["bundle_digest"]),
            payload=frame.blob[split:],
            payload_digest=_text(body["payload_digest"]),
            runtime=_text(body["runtime"]),
            runtime_digest=_text(body["runtime_digest"]),
            entrypoint=_entrypoint(body["entrypoint"]),
            limits=Limits.from_json(body["limits"]),
            environment=_environment(body["environment"]),
            # A worker from before there were gateways says nothing of them.
            scope=_scope(body.get("scope", {})),
            credentials=_credentials(body.get("credentials", {})),
            syscalls=_syscalls(body.get("syscalls", {})),
            assistant_id=_assistant(body.get("assistant_id")),
        )
        lease_seconds = lease(body["lease_seconds"])
    except LimitsInvalid as exc:
        raise SpecRefused("limits_invalid", str(exc)) from exc
    except KeyError as exc:
        raise SpecRefused("spec_invalid", f"the field {exc} is missing") from exc
    except (ValueError, TypeError, AttributeError) as exc:
        raise SpecRefused("spec_invalid", f"a field is not what it must be: {exc}") from exc
    _check_digest("bundle", spec.bundle, spec.bundle_digest)
    _check_digest("payload", spec.payload, spec.payload_digest)
    if not _RUNTIME.fullmatch(spec.runtime) or not is_digest(spec.runtime_digest):
        raise SpecRefused("spec_invalid", "the runtime or its digest has no sound form")
    return spec, lease_seconds


def lease(value: object) -> float:
    """A lease in seconds, over 0 and at most an hour.

    Raises:
        ValueError: It is not.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("a lease is a number of seconds")
    if not 0 < value <= MAX_LEASE_SECONDS:
        raise ValueError(f"a lease is over 0 and at most {MAX_LEASE_SECONDS} seconds")
    return float(value)


def encode_line(line: OutputLine) -> bytes:
    """The frame of one line of output."""
    return encode(
        {
            "type": "line",
            "sequence": line.sequence,
            "stream": line.stream,
            "offset_ms": line.offset_ms,
            "text": line.text,
        }
    )


def decode_line(frame: Frame) -> OutputLine:
    """The line of a `line` frame."""
    body = frame.body
    return OutputLine(
        sequence=body["sequence"],
        stream=body["stream"],
        offset_ms=body["offset_ms"],
        text=body["text"],
    )


def encode_call(call: GatewayCall) -> bytes:
    """The frame of one call through the gateway."""
    return encode({"type": "call", "call": call.as_json()})


def decode_call(frame: Frame) -> GatewayCall:
    """The call of a `call` frame."""
    return GatewayCall.from_json(frame.body["call"])


def encode_result(result: ExecutionResult) -> bytes:
    """The last frame; lines and calls went before it, so they are not in it."""
    body = {
        "type": "result",
        "reason": result.reason.value,
        "exit_code": result.exit_code,
        "has_result": result.result is not None,
        "truncated": result.truncated,
        "duration_ms": result.duration_ms,
        "peak_memory_bytes": result.peak_memory_bytes,
        "detail": result.detail,
        "sandbox": result.sandbox,
        "warm": result.warm,
        "usage": asdict(result.usage),
    }
    return encode(body, result.result or b"")


def decode_result(
    frame: Frame, lines: tuple[OutputLine, ...], calls: tuple[GatewayCall, ...] = ()
) -> ExecutionResult:
    """The result of a `result` frame, with the lines and calls received before it."""
    body = frame.body
    return ExecutionResult(
        reason=ExitReason(body["reason"]),
        exit_code=body["exit_code"],
        result=frame.blob if body["has_result"] else None,
        lines=lines,
        truncated=body["truncated"],
        duration_ms=body["duration_ms"],
        peak_memory_bytes=body["peak_memory_bytes"],
        detail=body["detail"],
        sandbox=body["sandbox"],
        warm=body["warm"],
        calls=calls,
        # A host from before it was measured says nothing of it.
        usage=Usage(**body.get("usage", {})),
    )


def _check_digest(what: str, data: bytes, digest: str) -> None:
    if digest_of(data) != digest:
        raise SpecRefused(
            f"{what}_digest_mismatch", f"the {what}'s bytes are not what was approved"
        )


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{value!r} is not a whole number")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a text")
    return value


def _entrypoint(value: Any) -> tuple[str, ...]:
    sound = isinstance(value, list) and 1 <= len(value) <= MAX_ARGUMENTS
    if not sound or not all(isinstance(p, str) and _argument_is_sound(p) for p in value):
        raise SpecRefused("entrypoint_invalid", "the entrypoint must be a list of texts")
    parts = value[0].split("/")
    if value[0].startswith(("/", "-")) or ".." in parts:
        raise SpecRefused("entrypoint_invalid", "the entrypoint must be a file of the bundle")
    return tuple(value)


def _argument_is_sound(text: str) -> bool:
    return "\0" not in text and len(text) <= MAX_ARGUMENT_CHARACTERS


def _environment(value: Any) -> Mapping[str, str]:
    if not isinstance(value, dict) or len(value) > MAX_VARIABLES:
        raise SpecRefused("environment_invalid", f"at most {MAX_VARIABLES} variables")
    try:
        for name, text in value.items():
            check_variable(name, text)
    except SandboxPolicyInvalid as exc:
        raise SpecRefused("environment_invalid", exc.rule) from exc
    return dict(value)


def _credentials(value: Any) -> Mapping[str, Injection]:
    if not isinstance(value, dict) or len(value) > MAX_GRANTS:
        raise SpecRefused("scope_invalid", "credentials are pairs by name")
    found = {}
    for name, pair in value.items():
        if (
            not isinstance(pair, list)
            or len(pair) != 2
            or not all(isinstance(p, str) for p in pair)
        ):
            raise SpecRefused("scope_invalid", "a credential is a pair of texts")
        found[name] = Injection(header=pair[0], value=pair[1])
    return found


def _assistant(value: Any) -> UUID | None:
    return None if value is None else UUID(_text(value))


def _scope(value: Any) -> Scope:
    if not isinstance(value, dict):
        raise SpecRefused("scope_invalid", "the scope is an object")
    try:
        return Scope.from_json(value)
    except SandboxPolicyInvalid as exc:
        raise SpecRefused("scope_invalid", str(exc)) from exc


def _syscalls(value: Any) -> Syscalls:
    if not isinstance(value, dict):
        raise SpecRefused("syscalls_invalid", "syscalls is an object")
    try:
        return Syscalls.from_mapping(value)
    except SandboxPolicyInvalid as exc:
        raise SpecRefused("syscalls_invalid", str(exc)) from exc
