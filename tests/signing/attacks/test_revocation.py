"""Revocations hidden by lists and answers of people who may not speak, or who speak of something else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509

from signing import Standing, SubIndication
from tests.signing.rfc5280.workshop import (
    AUTHORITY_USAGE,
    DAY,
    LIST_USAGE,
    NOW,
    Entry,
    Node,
    answer,
    certify,
    judged,
    responder_for,
    revoke_list,
)

ROOT = certify("Root", ca=True)
AUTHORITY = certify("Authority", ROOT, ca=True)
SIGNER = certify("Signer", AUTHORITY)
HOSTILE = certify("Hostile authority", ROOT, ca=True)
ROOT_LIST = revoke_list(ROOT)


@pytest.mark.parametrize("usage", [LIST_USAGE, AUTHORITY_USAGE])
def test_an_authority_under_the_same_root_lends_another_ones_name(usage: x509.KeyUsage) -> None:
    """A hostile authority certifies the name of the signer's issuer for a key of its own, whose empty list hides the revocation.

    Names agree, the list's signature holds, and its issuer has a good chain to the same anchor: all that RFC 5280 §6.3.3 (f) asks for.
    """
    double = certify("Authority", HOSTILE, ca=usage is AUTHORITY_USAGE, usage=usage, label="another key")
    lists = (ROOT_LIST, revoke_list(HOSTILE), revoke_list(double))
    found = judged(SIGNER, ROOT, (AUTHORITY, HOSTILE, double), lists)
    assert found.sub_indication is SubIndication.TRY_LATER
    assert found.revocation[0].standing is Standing.UNKNOWN
    assert "no authority of the certificate's own chain" in found.revocation[0].detail


@pytest.mark.parametrize("above", [ROOT, AUTHORITY])
def test_a_second_key_of_the_authority_itself_speaks(above: Node) -> None:
    """What the attack imitates: a key for lists under the same name, certified from above or by the authority itself (PKITS 4.4, 4.5)."""
    second = certify("Authority", above, usage=LIST_USAGE, label="list key")
    lists = (ROOT_LIST, revoke_list(second), revoke_list(AUTHORITY, key=AUTHORITY.key, until=NOW + DAY))
    assert judged(SIGNER, ROOT, (AUTHORITY, second), lists).passed
    assert judged(SIGNER, ROOT, (AUTHORITY, second), (ROOT_LIST, revoke_list(second, [SIGNER]))).sub_indication == "REVOKED_NO_POE"


def test_a_delegated_name_lent_by_a_hostile_authority() -> None:
    """The same where the signer's certificate delegates its lists to another name (cRLIssuer)."""
    point = x509.DistributionPoint(None, None, None, [x509.DirectoryName(_name("Lister"))])
    signer = certify("Signer", AUTHORITY, extensions=((x509.CRLDistributionPoints([point]), False),))
    scope = x509.IssuingDistributionPoint(None, None, False, False, None, True, False)
    for certifier, standing in ((ROOT, Standing.GOOD), (HOSTILE, Standing.UNKNOWN)):
        lister = certify("Lister", certifier, usage=LIST_USAGE, label=str(standing))
        crl = revoke_list(lister, [Entry(1, issuer=AUTHORITY.certificate.subject)], extensions=((scope, True),))
        lists = (ROOT_LIST, revoke_list(HOSTILE), crl)
        assert judged(signer, ROOT, (AUTHORITY, HOSTILE, lister), lists).revocation[0].standing is standing


def _name(common: str) -> x509.Name:
    return certify(common, ROOT).certificate.subject


def test_an_older_list_does_not_hide_a_revocation() -> None:
    """Both lists are at hand, both fresh, the older without the entry; whichever order they come in (RFC 5280 §6.3)."""
    revoked, clean = revoke_list(AUTHORITY, [SIGNER], number=2), revoke_list(AUTHORITY, since=NOW - 2 * DAY, number=1)
    later_clean = revoke_list(AUTHORITY, since=NOW - timedelta(hours=1), number=3)
    for lists in ((revoked, clean), (clean, revoked), (later_clean, revoked, clean)):
        assert judged(SIGNER, ROOT, (AUTHORITY,), (ROOT_LIST, *lists)).sub_indication is SubIndication.REVOKED_NO_POE


@pytest.mark.parametrize(
    "entry",
    [
        Entry(SIGNER.serial, reason=x509.ReasonFlags.remove_from_crl),
        Entry(SIGNER.serial, reason=x509.ReasonFlags.certificate_hold),
        Entry(SIGNER.serial, at=NOW + DAY),
    ],
)
def test_a_delta_without_its_base_and_releases_do_not_undo_a_revocation(entry: Entry) -> None:
    """A delta takes only a hold away; a compromise listed in the base stays one, whatever the delta says (RFC 5280 §5.3.1)."""
    base = revoke_list(AUTHORITY, [Entry(SIGNER.serial, reason=x509.ReasonFlags.key_compromise)], number=5)
    delta = revoke_list(AUTHORITY, [entry], number=6, base=5, since=NOW - timedelta(hours=1))
    assert judged(SIGNER, ROOT, (AUTHORITY,), (ROOT_LIST, base, delta)).sub_indication is SubIndication.REVOKED_NO_POE
    assert judged(SIGNER, ROOT, (AUTHORITY,), (ROOT_LIST, delta)).sub_indication is SubIndication.TRY_LATER


def test_lists_from_tomorrow_say_nothing_today() -> None:
    """thisUpdate in the future: neither its silence nor its freshness counts (EN 319 102-1 §5.2.5)."""
    tomorrow = revoke_list(AUTHORITY, since=NOW + DAY)
    assert judged(SIGNER, ROOT, (AUTHORITY,), (ROOT_LIST, tomorrow)).sub_indication is SubIndication.TRY_LATER
    answered = answer(SIGNER, AUTHORITY, since=NOW + timedelta(hours=1))
    assert judged(SIGNER, ROOT, (AUTHORITY,), (ROOT_LIST,), (answered,)).sub_indication is SubIndication.TRY_LATER


def test_answers_about_somebody_else() -> None:
    """Good for the same serial number under another issuer, by another issuer's delegate, by a delegate of the root (RFC 6960 §4.2.2.2)."""
    twin = certify("Twin", HOSTILE, serial=SIGNER.serial)
    for response in (
        answer(twin, HOSTILE),
        answer(SIGNER, AUTHORITY, responder_for(HOSTILE)),
        answer(SIGNER, AUTHORITY, responder_for(ROOT)),
        answer(twin, HOSTILE, named=AUTHORITY),
        answer(SIGNER, AUTHORITY, SIGNER),
    ):
        found = judged(SIGNER, ROOT, (AUTHORITY, HOSTILE), (ROOT_LIST, revoke_list(HOSTILE)), (response,))
        assert found.sub_indication is SubIndication.TRY_LATER


def test_a_revoked_responder_vouches_for_nobody() -> None:
    """A delegate that was revoked, and one whose only word on itself is its own (RFC 6960 §4.2.2.2.1)."""
    delegate = responder_for(AUTHORITY, no_check=False)
    good = answer(SIGNER, AUTHORITY, delegate)
    revoked = judged(SIGNER, ROOT, (AUTHORITY,), (ROOT_LIST, revoke_list(AUTHORITY, [delegate, SIGNER])), (good,))
    assert revoked.sub_indication is SubIndication.REVOKED_NO_POE
    alone = judged(SIGNER, ROOT, (AUTHORITY,), (ROOT_LIST,), (good, answer(delegate, AUTHORITY, delegate)))
    assert alone.sub_indication is SubIndication.TRY_LATER


def test_one_good_and_one_revoked_answer() -> None:
    """Of two honest answers the revocation stands, in either order."""
    good, revoked = answer(SIGNER, AUTHORITY), answer(SIGNER, AUTHORITY, revoked_at=NOW - 5 * DAY, since=NOW - 2 * DAY, until=NOW - DAY)
    for responses in ((good, revoked), (revoked, good)):
        assert judged(SIGNER, ROOT, (AUTHORITY,), (ROOT_LIST,), responses).sub_indication is SubIndication.REVOKED_NO_POE
