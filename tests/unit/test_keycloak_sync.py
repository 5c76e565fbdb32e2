"""Which groups a realm should have, and what is said when Keycloak does not play along."""

import httpx
import pytest

from ops.keycloak.group_sync import carry_out, plan_groups
from ops.keycloak.realm import Group, KeycloakRefused, RealmAdmin, realm_address
from pipeline.settings import SettingInvalid, Settings

ISSUER = "https://id.example.com/realms/awgp-holding"
SECRET = "s3cret-of-the-sync"


class Realm:
    """A realm in memory."""

    def __init__(self, *names: str, foreign: tuple[str, ...] = ()) -> None:
        self.there = {name: Group(group_id=name, name=name, ours=True) for name in names}
        self.there |= {name: Group(group_id=name, name=name, ours=False) for name in foreign}

    def groups(self) -> list[Group]:
        return list(self.there.values())

    def add_group(self, name: str) -> bool:
        self.there[name] = Group(group_id=name, name=name, ours=True)
        return True

    def remove_group(self, group: Group) -> bool:
        return self.there.pop(group.name, None) is not None


def test_every_open_tenant_gets_two_groups_and_the_holding_one() -> None:
    realm = Realm("acme-admins")
    plan = plan_groups({"acme": True, "initech": True}, realm.groups())
    made, gone = carry_out(plan, realm, prune=False)
    wanted = ["acme-operators", "holding-admins", "initech-admins", "initech-operators"]
    assert (made, gone) == (wanted, [])


def test_a_second_time_nothing_differs() -> None:
    realm, tenants = Realm(), {"acme": True}
    carry_out(plan_groups(tenants, realm.groups()), realm, prune=True)
    plan = plan_groups(tenants, realm.groups())
    assert (plan.missing, plan.surplus, plan.foreign) == ((), (), ())


def test_a_closed_tenant_keeps_its_groups_and_gets_no_new_ones() -> None:
    plan = plan_groups({"acme": False}, Realm("acme-admins", "holding-admins").groups())
    assert (plan.missing, plan.surplus) == ((), ())


def test_what_is_surplus_goes_only_when_asked_and_only_if_it_is_ours() -> None:
    realm = Realm("gone-admins", "holding-admins", foreign=("else-admins", "acme-finance"))
    plan = plan_groups({}, realm.groups())
    assert [each.name for each in plan.surplus] == ["gone-admins"]
    assert plan.foreign == ("else-admins",)
    assert carry_out(plan, realm, prune=False) == ([], [])
    assert carry_out(plan, realm, prune=True) == ([], ["gone-admins"])
    assert set(realm.there) == {"holding-admins", "else-admins", "acme-finance"}


def settings(**changed: str) -> Settings:
    given = {"oidc_issuer": ISSUER, "keycloak_client_secret": SECRET} | changed
    return Settings(**given)  # type: ignore[arg-type]  # these three are strings


@pytest.mark.parametrize(
    ("changed", "names"),
    [
        ({"oidc_issuer": "https://id.example.com/"}, "AWGP_OIDC_ISSUER"),
        ({"oidc_issuer": "http://id.example.com/realms/awgp"}, "AWGP_OIDC_ISSUER"),
        ({"keycloak_client_secret": ""}, "AWGP_KEYCLOAK_CLIENT_SECRET_FILE"),
        ({"keycloak_url": "http://id.internal:8080"}, "AWGP_KEYCLOAK_URL"),
        ({"keycloak_url": "https://me:pw@id.internal"}, "AWGP_KEYCLOAK_URL"),
    ],
)
def test_what_cannot_be_a_realm_is_named(changed: dict[str, str], names: str) -> None:
    with pytest.raises(SettingInvalid, match=names):
        realm_address(settings(**changed))


def test_the_admin_api_is_beside_the_issuer_or_where_it_is_said_to_be() -> None:
    beside = "https://id.example.com/admin/realms/awgp-holding"
    assert realm_address(settings()).admin_url == beside
    inside = realm_address(settings(keycloak_url="https://kc.internal/"))
    assert inside.admin_url == "https://kc.internal/admin/realms/awgp-holding"


@pytest.mark.parametrize(
    ("token_status", "groups_status", "says"),
    [
        (401, 200, "does not know the client awgp-sync"),
        (502, 200, "gives no token"),
        (200, 403, "manage-users"),
        (200, 404, "AWGP_KEYCLOAK_URL"),
        (200, 500, "answered 500"),
    ],
)
def test_a_refusal_says_what_to_mend_and_never_the_secret(
    token_status: int, groups_status: int, says: str
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/token"):
            return httpx.Response(token_status, json={"access_token": "t"})
        return httpx.Response(groups_status, json=[])

    with httpx.Client(transport=httpx.MockTransport(answer)) as http:
        realm = RealmAdmin(realm_address(settings()), http)
        with pytest.raises(KeycloakRefused, match=says) as refused:
            list(realm.groups())
    assert SECRET not in str(refused.value)
