"""Which destinations are refused, whatever they are written like."""

import ipaddress
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.address_guard import (
    AddressRefused,
    NameNotResolved,
    check_address,
    check_url,
    resolve_destination,
)

INSIDE = ["10.1.2.3", "100.64.0.1", "127.0.0.1", "172.31.255.255", "192.168.0.1", "::1", "fd12::1"]
NEVER = [
    "0.0.0.0",  # noqa: S104  # an address to refuse
    "100.100.100.200",
    "168.63.129.16",
    "169.254.169.254",
    "192.0.0.192",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "2001:0:1::",
    "2001:db8::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "not an address",
    "",
]
PUBLIC = ["8.8.8.8", "1.1.1.1", "172.32.0.1", "2606:4700::1111", "2a00:1450::1"]


@pytest.mark.parametrize("address", INSIDE)
def test_inside_addresses_pass_only_where_the_target_says_so(address: str) -> None:
    check_address(address, allow_private=True)
    with pytest.raises(AddressRefused):
        check_address(address)


@pytest.mark.parametrize("address", NEVER)
@pytest.mark.parametrize("allow_private", [False, True])
def test_some_addresses_never_pass(address: str, allow_private: bool) -> None:
    with pytest.raises(AddressRefused):
        check_address(address, allow_private=allow_private)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_pass(address: str) -> None:
    check_address(address)


@given(st.ip_addresses(v=4))
def test_no_ipv4_address_passes_that_python_calls_special(address: ipaddress.IPv4Address) -> None:
    special = (
        address.is_private
        or address.is_loopback
        or address.is_link_local
        or address.is_multicast
        or address.is_reserved
        or address.is_unspecified
        or not address.is_global
    )
    if special:
        with pytest.raises(AddressRefused):
            check_address(str(address))


@given(st.ip_addresses(v=4))
def test_no_ipv4_address_passes_in_ipv6_clothes(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    for clothes in (0xFFFF << 32, 0, 0x0064FF9B << 96, 0x2002 << 112):
        shift = 80 if clothes == 0x2002 << 112 else 0
        dressed = ipaddress.IPv6Address(clothes | number << shift)
        if dressed != ipaddress.IPv6Address("::1"):
            with pytest.raises(AddressRefused):
                check_address(str(dressed), allow_private=True)


@given(st.ip_addresses(v=6))
def test_an_ipv6_address_passes_only_within_global_unicast(
    address: ipaddress.IPv6Address,
) -> None:
    try:
        check_address(str(address))
    except AddressRefused:
        return
    assert address in ipaddress.ip_network("2000::/3")
    assert not address.is_private


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "ftp://example.com/",
        "https://",
        "https:///path",
        "https://user@example.com/",
        "https://user:secret@example.com/",
        "https://@example.com/",
        "https://example.com\\@127.0.0.1/",
        "https://exa mple.com/",
        "https://example.com/\r\nHost: other",
        "https://ex\tample.com/",
        "https://example.com:99999/",
        "https://example.com:port/",
        "https://[::1]/",
        "https://[::1%25lo]/",
        "https://[nonsense]/",
        "https://127.0.0.1/",
        "https://127%2e0.0.1/",
        "https://exämple.com/",
        "//example.com/",
        "example.com",
        "",
    ],
)
def test_a_url_that_is_not_plainly_https_to_a_public_host_is_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        check_url(url)


def test_a_url_gives_its_host_and_port() -> None:
    assert check_url("https://Example.com/a?b") == ("example.com", 443)
    assert check_url("https://example.com:8443/") == ("example.com", 8443)
    assert check_url("http://127.0.0.1:8080/", allow_private=True) == ("127.0.0.1", 8080)


@given(st.text(max_size=60))
def test_no_text_makes_reading_a_url_fail_otherwise(text: str) -> None:
    for url in (text, f"https://{text}/"):
        try:
            host, port = check_url(url)
        except AddressRefused:
            continue
        assert host
        assert 0 <= port <= 65535


def answers(*addresses: str) -> Iterable[str]:
    return addresses


def test_a_name_with_one_bad_address_among_good_ones_is_refused() -> None:
    with pytest.raises(AddressRefused):
        resolve_destination(
            "https://example.com/", resolve=lambda *_: answers("8.8.8.8", "127.0.0.1")
        )


@pytest.mark.parametrize("spelling", ["0x7f000001", "2130706433", "127.1", "0177.0.0.1"])
def test_an_address_in_an_odd_spelling_is_judged_by_what_it_resolves_to(spelling: str) -> None:
    with pytest.raises(AddressRefused):
        resolve_destination(f"https://{spelling}/", resolve=lambda *_: answers("127.0.0.1"))


def test_a_name_is_resolved_once_and_pinned() -> None:
    asked: list[str] = []

    def resolve(host: str, _port: int) -> Iterable[str]:
        asked.append(host)
        return answers("8.8.8.8", "1.1.1.1", "8.8.8.8")

    found = resolve_destination("https://example.com/hook", resolve=resolve)

    assert asked == ["example.com"]
    assert found.addresses == ("8.8.8.8", "1.1.1.1")


def test_a_name_without_an_address_may_have_one_later() -> None:
    def gone(_host: str, _port: int) -> Iterable[str]:
        raise OSError

    with pytest.raises(NameNotResolved):
        resolve_destination("https://example.com/", resolve=gone)
    with pytest.raises(NameNotResolved):
        resolve_destination("https://example.com/", resolve=lambda *_: answers())
