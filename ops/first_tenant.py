"""Everything a newcomer's first tenant has, made in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from ops.assistant_template import packed_template
from ops.embedded.data_folder import DataFolder
from ops.embedded.oidc import issuer_url, subject_of
from ops.first_policy import FIELDS, SOURCE, first_policy, first_rule, first_tests
from ops.operator_actor import operator
from ops.webhook_peer import hook_url
from pipeline.address_guard import AddressRefused, check_url
from pipeline.envelope import KeyRing
from pipeline.policy_store import activate_policy_set, add_policy_set, add_rule
from pipeline.registry import (
    add_assistant,
    add_bundle,
    add_person,
    add_source,
    add_source_secret,
    add_target,
    new_webhook_secret,
)
from pipeline.registry_names import FieldInvalid
from pipeline.work import Work
from runtime_host.bundle import inspect

TARGET: Final = "results"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a newcomer asked for.

    Args:
        tenant: A slug; it never changes.
        owner: User name of who makes and asks.
        approver: User name of who decides.
        template: Also the assistant's name.
        target_url: Where results are posted; None posts them nowhere.
    """

    tenant: str
    tenant_name: str
    owner: str
    approver: str
    template: str
    target_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """One way in. `password` is shown once; None for a login that was there before."""

    username: str
    password: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Logins:
    """Who makes and asks, and who decides. `signed_in` tells whether `--as` works for both."""

    owner: Login
    approver: Login
    signed_in: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstRun:
    """What was made. Secrets are the 32 bytes that sender and receiver share with AWGP."""

    tenant_id: UUID
    assistant: str
    source: str
    hook_url: str
    secret: bytes = field(repr=False)
    target_secret: bytes | None = field(repr=False)
    logins: Logins


def fill_tenant(
    work: Work, data: DataFolder, wanted: Wanted, logins: Logins, *, runtime: str
) -> FirstRun:
    """Make people, rule, policy, target, assistant and source, in the caller's transaction.

    The trail says that the operator did, for the people whose it is.

    Args:
        runtime: Digest of the runtime `python3`.
    """
    keyring = KeyRing.from_text(data.secret("kek"))
    owner, approver = (
        _person(work, data, each.username) for each in (logins.owner, logins.approver)
    )
    _policy(work, wanted, author=owner, activated_by=approver)
    target_secret = None if wanted.target_url is None else new_webhook_secret()
    targets = (
        []
        if wanted.target_url is None or target_secret is None
        else [_target(work, keyring, wanted.target_url, target_secret, owner)]
    )
    assistant_id = _assistant(work, wanted.template, runtime, owner, targets)
    source_id = add_source(
        work,
        name=SOURCE,
        scheme="standard-webhooks",
        assistant_id=assistant_id,
        owner=owner,
        actor=operator(),
    )
    secret = new_webhook_secret()
    add_source_secret(work, keyring, source_id=source_id, secret=secret, by=owner, actor=operator())
    return FirstRun(
        tenant_id=work.tenant_id,
        assistant=wanted.template,
        source=SOURCE,
        hook_url=hook_url(data, {}, source_id),
        secret=secret,
        target_secret=target_secret,
        logins=logins,
    )


def _person(work: Work, data: DataFolder, username: str) -> UUID:
    return add_person(
        work,
        issuer=issuer_url(data),
        subject=subject_of(data, username),
        display_name=username.replace("-", " ").title(),
        actor=operator(),
    )


def _policy(work: Work, wanted: Wanted, *, author: UUID, activated_by: UUID) -> None:
    add_rule(work, first_rule(), by=author, actor=operator())
    version = add_policy_set(
        work,
        source=first_policy(wanted.tenant),
        author=author,
        context_fields=FIELDS,
        tests=first_tests(wanted.tenant, wanted.template),
    )
    activate_policy_set(work, version, by=activated_by)


def check_target_url(url: str) -> None:
    """Raises: FieldInvalid."""
    try:
        check_url(url, allow_private=_is_private(url))
    except AddressRefused as error:
        raise FieldInvalid("--target-url", str(error)) from error


def _is_private(url: str) -> bool:
    """Plain HTTP is for a receiver on this machine or network, which has to be allowed by name."""
    return url.startswith("http://")


def _target(work: Work, keyring: KeyRing, url: str, secret: bytes, by: UUID) -> UUID:
    return add_target(
        work,
        keyring,
        name=TARGET,
        url=url,
        secret=secret,
        by=by,
        settings={"allow_private": True} if _is_private(url) else {},
        actor=operator(),
    )


def _assistant(work: Work, name: str, runtime: str, by: UUID, targets: Sequence[UUID]) -> UUID:
    packed = packed_template(name, name=name)
    info = inspect(packed)
    add_bundle(
        work,
        digest=info.digest,
        manifest=info.manifest.as_json(),
        content=packed,
        author=by,
        actor=operator(),
    )
    return add_assistant(
        work,
        name=name,
        bundle_digest=info.digest,
        runtime=(info.manifest.runtime, runtime),
        by=by,
        targets=targets,
        actor=operator(),
    )
