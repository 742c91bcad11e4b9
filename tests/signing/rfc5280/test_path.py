"""The walk along a path: constraints, names, policies (RFC 5280 §6.1)."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_network

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from signing import ChainPolicy, ChainVerdict, SubIndication
from tests.signing.rfc5280.workshop import Node, certify, judged, name, revoke_list

S = SubIndication
GOLD, SILVER, ANY = (x509.ObjectIdentifier(one) for one in ("1.3.6.1.4.1.99999.1", "1.3.6.1.4.1.99999.2", "2.5.29.32.0"))


def policies(*identifiers: x509.ObjectIdentifier) -> tuple[x509.ExtensionType, bool]:
    return x509.CertificatePolicies([x509.PolicyInformation(one, None) for one in identifiers]), False


def walked(*authorities: Sequence[tuple[x509.ExtensionType, bool]], signer: Sequence[tuple[x509.ExtensionType, bool]] = (),
           policy: ChainPolicy | None = None, subject: x509.Name | None = None) -> ChainVerdict:  # fmt: skip
    """The verdict on a signer under authorities with these extensions, the anchor first."""
    nodes: list[Node] = []
    for number, extensions in enumerate(authorities):
        nodes.append(certify(f"Authority {number}", nodes[-1] if nodes else None, ca=True, extensions=extensions))
    target = certify("Signer", nodes[-1], extensions=signer, subject=subject)
    return judged(target, nodes[0], nodes[1:], [revoke_list(node) for node in nodes], policy=policy)


def detail(found: ChainVerdict) -> str:
    assert found.sub_indication is S.CERTIFICATE_CHAIN_GENERAL_FAILURE
    return f"{found.checks[-1].name}: {found.checks[-1].detail}"


def test_unknown_critical_extensions_end_a_path_wherever_they_stand() -> None:
    odd = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    for position in range(3):
        extensions: list[list[tuple[x509.ExtensionType, bool]]] = [[], [], []]
        extensions[position] = [(odd, True)]
        found = walked(*extensions[:2], signer=extensions[2])
        assert "unknown critical extension 1.2.3.4" in detail(found)
        extensions[position] = [(odd, False)]
        assert walked(*extensions[:2], signer=extensions[2]).passed


def test_path_length() -> None:
    root = certify("Root", ca=True, path_length=1)
    one = certify("One", root, ca=True, path_length=0)
    two = certify("Two", one, ca=True)
    for issuer, between, holds in ((one, (one,), True), (two, (one, two), False)):
        signer = certify("Signer", issuer)
        assert judged(signer, root, between, [revoke_list(node) for node in (root, one, two)]).passed is holds
    loose = ChainPolicy(anchor_constraints=False)
    flat = certify("Flat", ca=True, path_length=0)
    below = certify("Below", flat, ca=True)
    signer = certify("Signer", below)
    lists = [revoke_list(flat), revoke_list(below)]
    assert "path length" in detail(judged(signer, flat, (below,), lists))
    assert judged(signer, flat, (below,), lists, policy=loose).passed


def test_who_is_no_authority() -> None:
    root = certify("Root", ca=True)
    plain = certify("Plain", root, plain=True)
    only_lists = certify("Lists", root, ca=True, usage=x509.KeyUsage(False, False, False, False, False, False, True, False, False))
    for issuer, reason in ((plain, "is not an authority"), (only_lists, "may not sign certificates")):
        signer = certify("Signer", issuer)
        assert reason in detail(judged(signer, root, (issuer,), [revoke_list(root), revoke_list(issuer)]))


def test_an_anchor_that_may_not_sign_certificates() -> None:
    anchor = certify("Root", usage=x509.KeyUsage(True, False, False, False, False, False, True, False, False))
    signer = certify("Signer", anchor)
    lists = [revoke_list(anchor)]
    assert "not an authority" in detail(judged(signer, anchor, (), lists))
    assert judged(signer, anchor, (), lists, policy=ChainPolicy(anchor_constraints=False)).passed
    old = certify("Old", plain=True)
    assert judged(certify("Signer", old), old, (), [revoke_list(old)]).passed, "an anchor without extensions says nothing"


def constraints(permitted: Sequence[x509.GeneralName] = (), excluded: Sequence[x509.GeneralName] = ()) -> tuple[x509.ExtensionType, bool]:
    return x509.NameConstraints(list(permitted) or None, list(excluded) or None), True


def alternative(*names: x509.GeneralName) -> tuple[x509.ExtensionType, bool]:
    return x509.SubjectAlternativeName(list(names)), False


TEST_TREE = x509.DirectoryName(
    x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "vn"), x509.NameAttribute(NameOID.ORGANIZATION_NAME, " Test ")])
)
OTHER_TREE = x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "XX")]))
MAIL, DNS, URI = x509.RFC822Name, x509.DNSName, x509.UniformResourceIdentifier


@pytest.mark.parametrize(
    ("permitted", "excluded", "names", "holds"),
    [
        ([TEST_TREE], [], [], True),
        ([OTHER_TREE], [], [], False),
        ([OTHER_TREE, TEST_TREE], [], [], True),
        ([], [TEST_TREE], [], False),
        ([], [OTHER_TREE], [], True),
        ([DNS("a.test")], [], [DNS("x.a.test")], True),
        ([DNS("a.test")], [], [DNS("A.TEST")], True),
        ([DNS("a.test")], [], [DNS("xa.test")], False),
        ([DNS("a.test")], [], [MAIL("who@b.test")], True),
        ([], [DNS("a.test")], [DNS("x.a.test")], False),
        ([MAIL("a.test")], [], [MAIL("who@a.test")], True),
        ([MAIL("a.test")], [], [MAIL("who@x.a.test")], False),
        ([MAIL(".a.test")], [], [MAIL("who@x.a.test")], True),
        ([MAIL(".a.test")], [], [MAIL("who@a.test")], False),
        ([MAIL("who@a.test")], [], [MAIL("who@A.test")], True),
        ([MAIL("who@a.test")], [], [MAIL("Who@a.test")], False),
        ([URI("a.test")], [], [URI("http://a.test/x")], True),
        ([URI("a.test")], [], [URI("http://who@a.test:80/x")], True),
        ([URI(".a.test")], [], [URI("http://x.a.test/x")], True),
        ([URI(".a.test")], [], [URI("http://a.test/x")], False),
        ([URI("a.test")], [], [URI("http://127.0.0.1/x")], False),
        ([URI("a.test")], [], [URI("urn:oid:1.2.3")], False),
        ([x509.IPAddress(ip_network("10.1.0.0/16"))], [], [x509.IPAddress(ip_network("10.1.2.3/32").network_address)], True),
        ([x509.IPAddress(ip_network("10.1.0.0/16"))], [], [x509.IPAddress(ip_network("10.2.2.3/32").network_address)], False),
        ([x509.IPAddress(ip_network("10.1.0.0/16"))], [], [x509.IPAddress(ip_network("::1/128").network_address)], False),
        ([], [x509.IPAddress(ip_network("::/0"))], [x509.IPAddress(ip_network("::1/128").network_address)], False),
        ([x509.RegisteredID(x509.ObjectIdentifier("1.2"))], [], [x509.RegisteredID(x509.ObjectIdentifier("1.2"))], False),
        ([x509.RegisteredID(x509.ObjectIdentifier("1.2"))], [], [DNS("a.test")], True),
        ([DNS(".a.test")], [], [DNS("x.a.test")], False),
    ],
)
def test_name_constraints(
    permitted: list[x509.GeneralName], excluded: list[x509.GeneralName], names: list[x509.GeneralName], holds: bool
) -> None:
    signer = [alternative(*names)] if names else []
    found = walked([], [constraints(permitted, excluded)], signer=signer)
    assert found.passed is holds
    if not holds:
        assert "name-constraints" in detail(found)
    assert walked([constraints(permitted, excluded)], [], signer=signer).passed is holds, "those of the anchor bind too (RFC 5937)"


def test_constraints_of_several_authorities_hold_together() -> None:
    wide, narrow = constraints([DNS("test")]), constraints([DNS("a.test")])
    for order in ((wide, narrow), (narrow, wide)):
        assert walked([], [order[0]], [order[1]], signer=[alternative(DNS("x.a.test"))]).passed
        assert not walked([], [order[0]], [order[1]], signer=[alternative(DNS("b.test"))]).passed


def test_an_address_in_the_subject_is_bound_too() -> None:
    subject = name("Signer", (NameOID.EMAIL_ADDRESS, "who@b.test"))
    assert "e-mail" in detail(walked([], [constraints([MAIL("a.test")])], subject=subject))
    assert walked([], [constraints([MAIL("b.test")])], subject=subject).passed
    assert walked([], [constraints([MAIL("a.test")])], signer=[alternative(MAIL("who@a.test"))], subject=subject).passed


def test_a_subject_that_is_empty_is_not_bound_by_directory_names() -> None:
    assert walked([], [constraints([TEST_TREE])], signer=[alternative(DNS("a.test"))], subject=x509.Name([])).passed


def test_millions_of_comparisons_are_refused() -> None:
    bases = [DNS(f"{number}.test") for number in range(700)]
    names = [DNS(f"x{number}.test") for number in range(700)]
    assert "comparisons" in detail(walked([], [constraints(excluded=bases)], signer=[alternative(*names)]))


def test_policies_are_handed_on_and_told() -> None:
    both = [policies(GOLD, SILVER)]
    assert walked([], both, signer=[policies(GOLD)]).policies == {GOLD.dotted_string}
    assert walked([], [policies(ANY)], signer=[policies(GOLD)]).policies == {GOLD.dotted_string}
    assert walked([], [policies(SILVER)], signer=[policies(GOLD)]).policies == frozenset()
    wanted = ChainPolicy(initial_policies=frozenset({SILVER.dotted_string}), explicit_policy=True)
    assert "no valid policy" in detail(walked([], both, signer=[policies(GOLD)], policy=wanted))
    assert walked([], both, signer=[policies(GOLD, SILVER)], policy=wanted).policies == {SILVER.dotted_string}


def test_an_anchor_may_require_a_policy() -> None:
    require = (x509.PolicyConstraints(0, None), True)
    assert "no valid policy" in detail(walked([require], []))
    assert walked([require], [policies(GOLD)], signer=[policies(GOLD)]).passed
    assert "§6.1.5 (g)" in detail(walked([], [], signer=[require])), "so may the certificate at the end"


def test_policy_mappings() -> None:
    """gold of the authority above is silver below; anyPolicy cannot be mapped."""

    def mapping(one: x509.ObjectIdentifier, other: x509.ObjectIdentifier) -> tuple[x509.ExtensionType, bool]:
        from signing import der

        value = der.sequence(der.sequence(der.oid(one.dotted_string), der.oid(other.dotted_string)))
        return x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.33"), value), True

    mapped = [policies(GOLD), mapping(GOLD, SILVER)]
    assert walked([], mapped, signer=[policies(SILVER)]).policies == {GOLD.dotted_string}
    inhibited = ChainPolicy(inhibit_mapping=True, explicit_policy=True)
    assert "policies" in detail(walked([], mapped, signer=[policies(SILVER)], policy=inhibited))
    assert "maps anyPolicy" in detail(walked([], [policies(GOLD), mapping(ANY, SILVER)], signer=[policies(SILVER)]))
