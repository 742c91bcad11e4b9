"""Paths are found among many certificates, and looking for them ends whatever the certificates are."""

from __future__ import annotations

from itertools import pairwise

import pytest
from cryptography import x509

from signing import ChainEngine, ChainPolicy, Evidence, SubIndication
from signing.validation.rfc5280.build import MAX_CANDIDATES, MAX_PATHS, MAX_WORK
from tests.pace import at_most
from tests.signing.rfc5280.workshop import NOW, Node, certify, judged, key_for, name, revoke_list, tree

S = SubIndication


def ladder(length: int) -> list[Node]:
    """A root and authorities one under the other, and a signer: ``length`` certificates, anchor first."""
    nodes = [certify("Root", ca=True)]
    for number in range(length - 2):
        nodes.append(certify(f"Authority {number}", nodes[-1], ca=True))
    return [*nodes, certify("Signer", nodes[-1])]


@pytest.mark.parametrize(("length", "holds"), [(3, True), (8, True), (9, False), (30, False)])
def test_depth_is_bounded(length: int, holds: bool) -> None:
    nodes = ladder(length)
    found = judged(nodes[-1], nodes[0], nodes[1:-1], [revoke_list(node) for node in nodes[:-1]])
    assert found.passed is holds
    if not holds:
        assert found.sub_indication is S.NO_CERTIFICATE_CHAIN_FOUND
        assert "within 8 certificates" in found.checks[-1].detail
    assert judged(nodes[-1], nodes[0], nodes[1:-1], [revoke_list(node) for node in nodes[:-1]], policy=ChainPolicy(max_depth=length)).passed


def test_circles_are_not_entered() -> None:
    """Two authorities that certify each other, and no way out."""
    one = certify("One", ca=True)
    other = certify("Other", one, ca=True)
    back = certify("One", other, ca=True)
    signer = certify("Signer", other)
    root = certify("Root", ca=True)
    assert judged(signer, root, (one, other, back), ()).sub_indication is S.NO_CERTIFICATE_CHAIN_FOUND
    bridge = certify("Other", root, ca=True)
    found = judged(signer, root, (one, other, back, bridge), [revoke_list(root), revoke_list(other)])
    assert found.passed
    assert found.chain == (signer.der, bridge.der, root.der)


def mesh(size: int, root: Node | None) -> list[Node]:
    """Every authority certified by every other: a number of paths that grows like a factorial."""
    plain = [certify(f"Mesh {number}", ca=True) for number in range(size)]
    crossed = [
        certify(f"Mesh {lower}", upper, ca=True, serial=1000 + size * lower + position)
        for position, upper in enumerate(plain)
        for lower in range(size)
        if lower != position
    ]
    return [*crossed, *([certify("Mesh 0", root, ca=True)] if root else [])]


@pytest.mark.parametrize("reachable", [True, False])
def test_many_cross_certified_authorities_do_not_take_long(reachable: bool) -> None:
    root = certify("Root", ca=True)
    nodes = mesh(12, root if reachable else None)
    issuer = next(node for node in nodes if node.certificate.subject == name("Mesh 5"))
    signer = certify("Signer", issuer)
    lists = [revoke_list(node) for node in (root, *{node.certificate.subject: node for node in nodes}.values())]
    with at_most():
        found = judged(signer, root, nodes, lists)
    assert found.passed is reachable
    if reachable:
        assert len(found.chain) == 4


def test_a_mesh_whose_paths_all_fail_ends_too() -> None:
    """Revoked at the bottom: no path holds, and only so many are tried."""
    root = certify("Root", ca=True)
    nodes = mesh(10, root)
    issuer = next(node for node in nodes if node.certificate.subject == name("Mesh 7"))
    signer = certify("Signer", issuer)
    lists = [revoke_list(root), *(revoke_list(node, [signer]) for node in {node.certificate.subject: node for node in nodes}.values())]
    with at_most():
        found = judged(signer, root, nodes, lists)
    assert found.sub_indication is S.REVOKED_NO_POE


def test_a_mesh_that_only_seems_to_reach_the_anchor_ends_too() -> None:
    """The way out is forged: by names every path leads to the anchor, and all links but the last hold."""
    root, forger = certify("Root", ca=True), certify("Root", ca=True, label="forger")
    nodes = mesh(12, forger)
    issuer = next(node for node in nodes if node.certificate.subject == name("Mesh 5"))
    signer = certify("Signer", issuer)
    with at_most():
        found = judged(signer, root, nodes, ())
    assert found.sub_indication is S.NO_CERTIFICATE_CHAIN_FOUND
    assert f"{MAX_WORK} issuers" in found.checks[-1].detail


def test_no_path_comes_back_to_a_key_it_has_passed() -> None:
    root = certify("Root", ca=True)
    bridge = certify("Other", root, ca=True)
    one = certify("One", bridge, ca=True)
    back = certify("Other", one, ca=True)
    signer = certify("Signer", bridge)
    engine = ChainEngine(Evidence((root.der,), certificates=(bridge.der, one.der, back.der)))
    assert list(engine.candidate_paths(signer.der)) == [(signer.der, bridge.der, root.der)]


def test_many_namesakes_do_not_take_long() -> None:
    """Thousands of certificates under one name, none of which is the issuer but one: the key identifier leads to it."""
    one = tree()
    crowd = [certify("Authority", one.root, ca=True, label=f"namesake {number}") for number in range(1500)]
    evidence = Evidence((one.root.der,), certificates=tuple(node.der for node in (*crowd, one.authority)), crls=one.lists)
    engine = ChainEngine(evidence)
    with at_most(0.5):
        assert engine.validate(one.signer.der, NOW).passed
    lost = certify("Signer", one.authority, plain=True)
    with at_most(0.5):
        found = engine.validate(lost.der, NOW)
    assert found.sub_indication in (None, S.NO_CERTIFICATE_CHAIN_FOUND)


def test_one_search_gives_so_many_paths_at_most() -> None:
    root = certify("Root", ca=True)
    twins = [certify("Authority", root, ca=True, serial=number + 1) for number in range(MAX_CANDIDATES + 4)]
    signer = certify("Signer", twins[0])
    engine = ChainEngine(Evidence((root.der,), certificates=tuple(node.der for node in twins)))
    paths = list(engine.candidate_paths(signer.der))
    assert len(paths) == min(MAX_PATHS, MAX_CANDIDATES)
    assert len(set(paths)) == len(paths)


def test_key_identifiers_only_order_the_candidates() -> None:
    """A certificate that names another key identifier than its issuer's is still that issuer's: the signature decides."""
    root = certify("Root", ca=True)
    misnamed = x509.AuthorityKeyIdentifier(b"\x01" * 20, None, None)
    signer = certify("Signer", root, plain=True, extensions=((misnamed, False),))
    assert judged(signer, root, (), [revoke_list(root)]).passed


def test_names_chain_by_meaning_not_by_bytes() -> None:
    """The issuer's name in other case, spacing and string type (RFC 5280 §7.1)."""
    oid = x509.oid.NameOID.COMMON_NAME
    root = certify("Root", ca=True, subject=x509.Name([x509.NameAttribute(oid, "Cơ  quan  GỐC", x509.name._ASN1Type.UTF8String)]))
    same = x509.Name([x509.NameAttribute(oid, " cơ quan gốc ", x509.name._ASN1Type.BMPString)])
    issuer = Node(certify("x", ca=True, subject=same, key=root.key).certificate, root.key)
    signer = certify("Signer", issuer)
    assert judged(signer, root, (), [revoke_list(root)]).passed
    assert judged(signer, root, (), [revoke_list(issuer, [signer])]).sub_indication is S.REVOKED_NO_POE


def test_a_rolled_over_key_is_followed() -> None:
    """New key certified under the old one and the old anchor only: self-issued, and not counted against the path length."""
    root = certify("Root", ca=True, path_length=0)
    rolled = certify("Root", root, ca=True, label="new key")
    signer = certify("Signer", Node(rolled.certificate, key_for("new key")))
    found = judged(signer, root, (rolled,), [revoke_list(root), revoke_list(rolled)])
    assert found.passed
    assert [len(found.chain), len(found.revocation)] == [3, 2]


def test_all_links_of_a_found_path_are_signed_by_the_next() -> None:
    nodes = ladder(6)
    found = judged(nodes[-1], nodes[0], nodes[1:-1], [revoke_list(node) for node in nodes[:-1]])
    for lower, upper in pairwise([x509.load_der_x509_certificate(der) for der in found.chain]):
        lower.verify_directly_issued_by(upper)
