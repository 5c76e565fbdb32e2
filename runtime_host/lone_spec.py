"""What a host is asked to run for no run: a self-test, a trial, a bench, a test of ours."""

from pipeline.execution import ExecutionSpec, Limits
from pipeline.ids import uuid7
from runtime_host.bundle import digest_of


def lone_spec(
    bundle: bytes,
    *,
    runtime: str,
    runtime_digest: str,
    limits: Limits,
    payload: bytes = b"{}",
    entrypoint: tuple[str, ...] = ("main.py",),
) -> ExecutionSpec:
    """A bundle on a payload, once, under ids that nothing else has.

    Args:
        bundle: The tar.gz itself.
    """
    return ExecutionSpec(
        tenant_id=uuid7(),
        run_id=uuid7(),
        execution_id=uuid7(),
        fence=1,
        bundle=bundle,
        bundle_digest=digest_of(bundle),
        payload=payload,
        payload_digest=digest_of(payload),
        runtime=runtime,
        runtime_digest=runtime_digest,
        entrypoint=entrypoint,
        limits=limits,
        assistant_id=uuid7(),
    )
