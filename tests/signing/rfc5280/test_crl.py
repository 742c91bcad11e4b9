"""What a revocation list may say, and about whom (RFC 5280 §6.3)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.x509 import ReasonFlags

from signing import AlgorithmPolicy, AlgorithmRule, ChainEngine, ChainPolicy, Evidence, Standing, SubIndication
from signing.validation.rfc5280.objects import read_crl
from signing.validation.verdicts import RevocationVerdict
from tests.pace import at_most
from tests.signing.rfc5280.workshop import (
    AUTHORITY_USAGE,
    DAY,
    LIST_USAGE,
    NOW,
    Entry,
    Node,
    Tree,
    certify,
    judged,
    name,
    revoke_list,
    tree,
)

S = SubIndication
OTHER_REASONS = frozenset(ReasonFlags) - {ReasonFlags.unspecified, ReasonFlags.remove_from_crl, ReasonFlags.key_compromise}


def status(one: Tree, *crls: bytes, others: tuple[Node, ...] = (), policy: ChainPolicy | None = None) -> RevocationVerdict:
    """What lists say about a tree's signer."""
    return judged(one.signer, one.root, (one.authority, *others), (one.lists[0], *crls), policy=policy).revocation[0]


def point(*names: str, reasons: frozenset[ReasonFlags] | None = None, issuer: x509.Name | None = None) -> x509.DistributionPoint:
    return x509.DistributionPoint(
        [x509.UniformResourceIdentifier(one) for one in names] or None,
        None,
        reasons,
        None if issuer is None else [x509.DirectoryName(issuer)],
    )


def scope(*names: str, user: bool = False, ca: bool = False, attribute: bool = False, indirect: bool = False,
          reasons: frozenset[ReasonFlags] | None = None) -> tuple[x509.IssuingDistributionPoint, bool]:  # fmt: skip
    full = [x509.UniformResourceIdentifier(one) for one in names] or None
    return x509.IssuingDistributionPoint(full, None, user, ca, reasons, indirect, attribute), True


def test_a_list_of_another_issuer_says_nothing() -> None:
    one = tree()
    stranger = certify("Stranger", one.root, ca=True)
    found = status(one, revoke_list(stranger, [one.signer]))
    assert (found.standing, found.rejected) == (Standing.UNKNOWN, ())


def test_a_list_of_a_namesake_says_nothing() -> None:
    """The same name, another key: its signature does not hold under the issuer's, and the namesake leads to no anchor."""
    one = tree()
    namesake = certify("Authority", ca=True, label="namesake")
    found = status(one, revoke_list(namesake, [one.signer]), others=(namesake,))
    assert found.standing is Standing.UNKNOWN
    assert "chain of its own" in found.rejected[0][1]
    assert "does not hold under any key" in status(one, revoke_list(one.authority, [one.signer], key=namesake.key)).rejected[0][1]


def test_an_issuer_that_may_not_sign_lists() -> None:
    root = certify("Root", ca=True)
    only_certificates = x509.KeyUsage(False, False, False, False, False, True, False, False, False)
    authority = certify("Authority", root, ca=True, usage=only_certificates)
    signer = certify("Signer", authority)
    found = judged(signer, root, (authority,), [revoke_list(root), revoke_list(authority)])
    assert found.sub_indication is S.TRY_LATER
    assert "may not sign revocation lists" in found.revocation[0].detail


def test_a_second_key_for_lists_under_the_same_name() -> None:
    one = tree()
    lister = certify("Authority", one.root, label="lists only", usage=LIST_USAGE)
    assert status(one, revoke_list(lister), others=(lister,)).standing is Standing.GOOD
    assert status(one, revoke_list(lister, [one.signer]), others=(lister,)).standing is Standing.REVOKED
    assert status(one, revoke_list(lister)).standing is Standing.UNKNOWN


def test_a_revoked_signer_of_lists_is_not_believed() -> None:
    one = tree()
    lister = certify("Authority", one.root, label="lists only", usage=LIST_USAGE)
    gone = revoke_list(one.root, [lister], number=2)
    found = judged(one.signer, one.root, (one.authority, lister), (gone, revoke_list(lister)))
    assert found.sub_indication is S.TRY_LATER
    assert found.revocation[0].standing is Standing.UNKNOWN


def test_a_list_older_than_the_certificate_says_nothing() -> None:
    one = tree(since=NOW - DAY / 2)
    found = status(one, one.lists[1])
    assert found.standing is Standing.UNKNOWN
    assert "before the certificate was valid" in found.detail


def test_a_list_made_after_the_certificate_expired_says_nothing_unless_it_keeps_the_expired() -> None:
    one = tree(until=NOW - 2 * DAY)
    assert "need not list it" in status(one, one.lists[1]).detail
    keeps = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.60"), b"\x18\x0f20200101000000Z")
    assert status(one, revoke_list(one.authority, extensions=((keeps, False),))).standing is Standing.GOOD
    assert status(one, revoke_list(one.authority, [one.signer])).standing is Standing.REVOKED


@pytest.mark.parametrize(
    ("entry", "since", "standing"),
    [
        (Entry(0, NOW - DAY, ReasonFlags.key_compromise, NOW - 90 * DAY), NOW - 90 * DAY, Standing.REVOKED),
        (Entry(0, NOW - DAY, ReasonFlags.ca_compromise, NOW - 90 * DAY), NOW - 90 * DAY, Standing.REVOKED),
        (Entry(0, NOW - DAY, ReasonFlags.superseded, NOW - 90 * DAY), NOW - DAY, Standing.REVOKED),
        (Entry(0, NOW + DAY, ReasonFlags.key_compromise, NOW - 90 * DAY), NOW - 90 * DAY, Standing.REVOKED),
        (Entry(0, NOW + DAY, ReasonFlags.superseded, NOW - 90 * DAY), NOW + DAY, Standing.GOOD),
        (Entry(0, NOW - DAY, ReasonFlags.key_compromise, NOW + DAY), NOW - DAY, Standing.REVOKED),
    ],
)
def test_a_compromise_counts_from_its_invalidity_date(entry: Entry, since: object, standing: Standing) -> None:
    one = tree()
    listed = Entry(one.signer.serial, entry.at, entry.reason, entry.invalid_since)
    found = status(one, revoke_list(one.authority, [listed]))
    assert (found.standing, found.revoked_at) == (standing, since)


def test_unknown_critical_extensions_make_a_list_useless() -> None:
    one = tree()
    odd = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    assert status(one, revoke_list(one.authority, extensions=((odd, True),))).standing is Standing.UNKNOWN
    assert status(one, revoke_list(one.authority, extensions=((odd, False),))).standing is Standing.GOOD
    marked = Entry(77, extensions=((odd, True),))
    found = status(one, revoke_list(one.authority, [marked]))
    assert found.standing is Standing.UNKNOWN
    assert "unknown critical extension 1.2.3.4" in found.detail


def test_scope_by_kind_of_certificate() -> None:
    one = tree()
    assert status(one, revoke_list(one.authority, extensions=(scope(user=True),))).standing is Standing.GOOD
    assert status(one, revoke_list(one.authority, extensions=(scope(ca=True),))).standing is Standing.UNKNOWN
    assert status(one, revoke_list(one.authority, extensions=(scope(attribute=True),))).standing is Standing.UNKNOWN
    for_users = revoke_list(one.root, extensions=(scope(user=True),))
    assert judged(one.signer, one.root, (one.authority,), (for_users, one.lists[1])).sub_indication is S.TRY_LATER


def test_scope_by_distribution_point() -> None:
    here, there = "http://crl.test/a", "http://crl.test/b"
    one = tree(extensions=((x509.CRLDistributionPoints([point(here)]), False),))
    assert status(one, revoke_list(one.authority, extensions=(scope(here),))).standing is Standing.GOOD
    assert status(one, revoke_list(one.authority, extensions=(scope(there),))).standing is Standing.UNKNOWN
    assert status(one, revoke_list(one.authority, [one.signer], extensions=(scope(there),))).standing is Standing.UNKNOWN
    assert status(one, revoke_list(one.authority)).standing is Standing.GOOD
    nameless = tree()
    assert status(nameless, revoke_list(nameless.authority, extensions=(scope(here),))).standing is Standing.UNKNOWN


def test_reasons_must_be_covered_together() -> None:
    compromise = frozenset({ReasonFlags.key_compromise})
    one = tree()
    first = revoke_list(one.authority, extensions=(scope(reasons=compromise),))
    rest = revoke_list(one.authority, extensions=(scope(reasons=OTHER_REASONS),), number=2)
    assert status(one, first).standing is Standing.UNKNOWN
    assert status(one, first, rest).standing is Standing.GOOD
    gone = revoke_list(one.authority, [one.signer], extensions=(scope(reasons=compromise),))
    assert status(one, gone, rest).standing is Standing.REVOKED
    assert status(one, gone).standing is Standing.REVOKED


def test_an_indirect_list_speaks_of_other_issuers_certificates() -> None:
    root = certify("Root", ca=True)
    lister = certify("List issuer", root, usage=LIST_USAGE)
    authority = certify("Authority", root, ca=True)
    where = x509.CRLDistributionPoints([point(issuer=lister.certificate.subject)])
    signer = certify("Signer", authority, extensions=((where, False),))
    other = certify("Other", authority, extensions=((where, False),))

    def standing(entries: list[Entry], *, indirect: bool = True, target: Node = signer) -> Standing:
        crl = revoke_list(lister, entries, extensions=(scope(indirect=indirect),) if indirect else ())
        return judged(target, root, (authority, lister), (revoke_list(root), crl)).revocation[0].standing

    named = authority.certificate.subject
    assert standing([]) is Standing.GOOD
    assert standing([], indirect=False) is Standing.UNKNOWN
    assert standing([Entry(signer.serial, issuer=named)]) is Standing.REVOKED
    assert standing([Entry(signer.serial)]) is Standing.GOOD, "an entry of the list's own issuer"
    assert standing([Entry(signer.serial, issuer=name("Somebody"))]) is Standing.GOOD
    assert standing([Entry(5, issuer=named), Entry(other.serial)], target=other) is Standing.REVOKED, "the issuer stands for what follows"


def test_an_indirect_list_needs_an_issuer_with_a_chain_to_the_same_anchor() -> None:
    root, elsewhere = certify("Root", ca=True), certify("Elsewhere", ca=True)
    lister = certify("List issuer", elsewhere, usage=LIST_USAGE)
    where = x509.CRLDistributionPoints([point(issuer=lister.certificate.subject)])
    signer = certify("Signer", root, extensions=((where, False),))
    crl = revoke_list(lister, extensions=(scope(indirect=True),))
    assert judged(signer, root, (lister, elsewhere), (crl, revoke_list(elsewhere))).revocation[0].standing is Standing.UNKNOWN


def test_a_list_issuer_under_another_trusted_anchor_does_not_speak_for_this_one() -> None:
    root, elsewhere = certify("Root", ca=True), certify("Elsewhere", ca=True)
    where = x509.CRLDistributionPoints([point(issuer=name("List issuer"))])
    signer = certify("Signer", root, extensions=((where, False),))
    lister = certify("List issuer", elsewhere, usage=LIST_USAGE)
    lists = (revoke_list(lister, extensions=(scope(indirect=True),)), revoke_list(elsewhere))
    engine = ChainEngine(Evidence((root.der, elsewhere.der), certificates=(lister.der,), crls=lists))
    assert engine.validate(lister.der, NOW).passed
    (chain,) = engine.candidate_paths(signer.der)
    found = engine.revocation_of(chain, NOW)
    assert found.standing is Standing.UNKNOWN
    assert "ends at the same anchor" in found.detail


def delta(one: Tree, entries: list[Entry | Node], *, base: int = 1, number: int = 5, **options: object) -> bytes:
    return revoke_list(one.authority, entries, base=base, number=number, since=NOW - timedelta(hours=1), **options)  # type: ignore[arg-type]


def test_a_delta_adds_to_its_base() -> None:
    one = tree()
    found = status(one, one.lists[1], delta(one, [one.signer]))
    assert (found.standing, found.source) == (Standing.REVOKED, "delta-crl")
    assert status(one, one.lists[1], delta(one, [])).source == "delta-crl"


def test_a_delta_takes_a_hold_away() -> None:
    one = tree()
    held = revoke_list(one.authority, [Entry(one.signer.serial, reason=ReasonFlags.certificate_hold)])
    lifted = delta(one, [Entry(one.signer.serial, reason=ReasonFlags.remove_from_crl)])
    assert status(one, held).standing is Standing.ON_HOLD
    assert status(one, held, lifted).standing is Standing.GOOD


def test_a_delta_alone_or_of_another_base_says_nothing() -> None:
    one = tree()
    assert "no complete list" in status(one, delta(one, [one.signer])).detail
    old = revoke_list(one.authority, number=1)
    too_new = delta(one, [one.signer], base=3)
    found = status(one, old, too_new)
    assert found.standing is Standing.GOOD
    assert found.rejected[0][1].startswith("no complete list")
    of_another_scope = delta(one, [one.signer], extensions=(scope("http://crl.test/x"),))
    assert status(one, old, of_another_scope).standing is Standing.GOOD


def test_a_stale_base_lives_on_with_a_fresh_delta() -> None:
    one = tree()
    base = revoke_list(one.authority, since=NOW - 30 * DAY, until=NOW - 20 * DAY)
    assert not status(one, base).fresh
    found = status(one, base, delta(one, []))
    assert (found.standing, found.fresh) == (Standing.GOOD, True)


def test_a_final_revocation_is_believed_even_from_an_old_list() -> None:
    one = tree()
    old = revoke_list(one.authority, [Entry(one.signer.serial, NOW - 40 * DAY)], since=NOW - 30 * DAY, until=NOW - 20 * DAY)
    assert status(one, old, one.lists[1]).standing is Standing.REVOKED
    held = revoke_list(one.authority, [Entry(one.signer.serial, NOW - 40 * DAY, ReasonFlags.certificate_hold)], since=NOW - 30 * DAY)
    assert status(one, held, one.lists[1]).standing is Standing.GOOD


def test_the_newest_fresh_list_is_the_one_named() -> None:
    one = tree()
    newer = revoke_list(one.authority, since=NOW - timedelta(hours=2), number=2)
    found = status(one, one.lists[1], newer)
    assert (found.artefact_sha256, found.issued_at) == (read_crl(newer).sha256, NOW - timedelta(hours=2))


def test_algorithms_of_lists_and_of_their_signers() -> None:
    """A newer list by a refused algorithm does not push an accepted one aside; alone it is what the verdict fails on."""
    one = tree()
    only = ChainPolicy(algorithms=AlgorithmPolicy({"ecdsa-p256-sha256": AlgorithmRule(256)}))
    newer = revoke_list(one.authority, since=NOW - timedelta(hours=1), number=2, digest=SHA384(), extensions=(scope(user=True),))

    def outcome(*crls: bytes, others: tuple[Node, ...] = ()) -> SubIndication | None:
        return judged(one.signer, one.root, (one.authority, *others), (one.lists[0], *crls), policy=only).sub_indication

    assert outcome(one.lists[1], newer) is None
    assert outcome(newer) is S.CRYPTO_CONSTRAINTS_FAILURE
    lister = certify("Authority", one.root, label="lists only", usage=LIST_USAGE, digest=SHA384())
    assert outcome(revoke_list(lister), others=(lister,)) is S.TRY_LATER


def test_signers_of_lists_are_looked_for_within_a_budget() -> None:
    root = certify("Root", ca=True)
    listers = [certify(f"List issuer {number}", root, usage=LIST_USAGE) for number in range(80)]
    where = x509.CRLDistributionPoints([point(issuer=node.certificate.subject) for node in listers])
    signer = certify("Signer", root, extensions=((where, False),))
    crls = [revoke_list(node, extensions=(scope(indirect=True, reasons=OTHER_REASONS),)) for node in listers]
    with at_most():
        found = judged(signer, root, listers, crls)
    assert found.sub_indication is S.TRY_LATER
    engine = ChainEngine(Evidence((root.der,), certificates=tuple(node.der for node in listers), crls=tuple(crls)))
    judge = engine._revocation
    spent = []
    original = judge._signer_holds
    judge._signer_holds = lambda *arguments: spent.append(1) or original(*arguments)  # type: ignore[method-assign,assignment,func-returns-value]
    engine.validate(signer.der, NOW)
    assert len(spent) == 64


def test_the_anchors_own_key_signs_lists_unless_its_usage_forbids() -> None:
    root = certify("Root", ca=True, usage=x509.KeyUsage(False, False, False, False, False, True, False, False, False))
    signer = certify("Signer", root)
    assert judged(signer, root, (), [revoke_list(root)]).sub_indication is S.TRY_LATER
    able = certify("Root", ca=True, usage=AUTHORITY_USAGE)
    assert judged(signer, able, (), [revoke_list(able)]).passed


def test_a_long_list_is_indexed_once() -> None:
    one = tree()
    long = revoke_list(one.authority, [Entry(10**6 + number) for number in range(20_000)])
    with at_most():
        read = read_crl(long)
    assert sum(len(places) for places in read.index.places.values()) == 20_000
    with at_most(0.5):
        for number in range(10_000):
            assert (read.find(read.issuer, 10**6 + number) is None) is False
            assert read.find(read.issuer, number) is None


def test_lists_that_hang_on_each_other_do_not_hang_us() -> None:
    """Two list issuers, each of whose status only the other's list tells."""
    root = certify("Root", ca=True)
    first, second = name("First"), name("Second")
    one = certify("First", root, usage=LIST_USAGE, extensions=((x509.CRLDistributionPoints([point(issuer=second)]), False),))
    two = certify("Second", root, usage=LIST_USAGE, extensions=((x509.CRLDistributionPoints([point(issuer=first)]), False),))
    signer = certify("Signer", root, extensions=((x509.CRLDistributionPoints([point(issuer=first)]), False),))
    crls = [revoke_list(node, extensions=(scope(indirect=True),)) for node in (one, two)]
    found = judged(signer, root, (one, two), crls)
    assert found.sub_indication is S.TRY_LATER
    assert "chain of its own" in found.revocation[0].detail
