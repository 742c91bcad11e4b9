"""What lists and OCSP say of a certificate at any moment agrees with the description, and with one another."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto import ocsp as asn1_ocsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import Authority, Holder, HolderSpec, InvalidHolder, Pki, RevocationReason
from tests.signing.lab import AT, PERSON, VN, new_pki

START = datetime(2021, 3, 1, tzinfo=VN)
SPEC = replace(PERSON, not_before=START)
HOUR = timedelta(hours=1)


def ask(pki: Pki, holder: Holder, at: datetime) -> ocsp.OCSPResponse:
    """What the authority's responder says of a holder."""
    certificate, issuer = (x509.load_der_x509_certificate(der) for der in (holder.certificate_der, holder.issuer_chain[0]))
    request = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA256()).build()
    return ocsp.load_der_ocsp_response(pki.ocsp(request.public_bytes(Encoding.DER), at))


def listed(pki: Pki, holder: Holder, at: datetime) -> x509.RevokedCertificate | None:
    """The holder's entry in its authority's list of a moment."""
    crl = pki.crl(holder.spec.authority, at)
    assert crl is not None
    serial = x509.load_der_x509_certificate(holder.certificate_der).serial_number
    return x509.load_der_x509_crl(crl).get_revoked_certificate_by_serial_number(serial)


@st.composite
def lives(draw: st.DrawFn) -> HolderSpec:
    """A holder with up to three holds and perhaps a revocation, at whole hours of three weeks."""
    hours = sorted(draw(st.lists(st.integers(0, 500), max_size=7, unique=True)))
    moments = [START + hour * HOUR for hour in hours]
    revoked = moments.pop() if moments and draw(st.booleans()) else None
    pairs = [(since, until) for since, until in zip(moments[::2], moments[1::2], strict=False)]
    open_hold = [(moments[-1], revoked if draw(st.booleans()) else None)] if len(moments) % 2 else []
    return replace(
        SPEC,
        holds=(*pairs, *open_hold),
        revoked_at=revoked,
        reason=draw(st.sampled_from([reason for reason in RevocationReason if reason is not RevocationReason.CERTIFICATE_HOLD]))
        if revoked
        else RevocationReason.UNSPECIFIED,
    )


def described(spec: HolderSpec, at: datetime) -> str:
    """The status by the description alone."""
    if at < spec.not_before:
        return "unknown"
    if spec.revoked_at is not None and spec.revoked_at <= at:
        return "revoked"
    return "hold" if any(since <= at and (until is None or at < until) for since, until in spec.holds) else "good"


def said(answer: ocsp.OCSPResponse) -> str:
    if answer.certificate_status is ocsp.OCSPCertStatus.UNKNOWN:
        return "unknown"
    if answer.certificate_status is ocsp.OCSPCertStatus.GOOD:
        return "good"
    return "hold" if answer.revocation_reason is x509.ReasonFlags.certificate_hold else "revoked"


@settings(max_examples=60, deadline=None)
@given(lives(), st.integers(-30, 600))
def test_ocsp_says_what_the_description_says_and_lists_what_ocsp_said_when_they_were_made(spec: HolderSpec, hour: int) -> None:
    pki = new_pki("lives")
    holder = pki.issue(spec)
    at = START + hour * HOUR
    assert said(ask(pki, holder, at)) == described(spec, at)
    entry, made = listed(pki, holder, at), at.replace(hour=0)
    assert (entry is not None) is (described(spec, made) in ("hold", "revoked"))
    answer = ask(pki, holder, made)
    if entry is not None:
        assert entry.revocation_date_utc == answer.revocation_time_utc
        reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason if len(entry.extensions) else None
        assert reason == answer.revocation_reason


@settings(max_examples=30, deadline=None)
@given(lives(), st.lists(st.integers(0, 600), min_size=1, max_size=4))
def test_what_is_told_step_by_step_is_what_is_described_at_once(spec: HolderSpec, hours: list[int]) -> None:
    """Entering a life event by event, between questions, ends in the same bytes as describing it whole."""
    whole, told = new_pki("lives"), new_pki("lives")
    holder = whole.issue(spec)
    assert (
        told.issue(replace(spec, holds=(), revoked_at=None, reason=RevocationReason.UNSPECIFIED)).certificate_der == holder.certificate_der
    )
    moments = [START + hour * HOUR for hour in hours]
    for since, until in spec.holds:
        told.crls(moments[0])
        told.hold(holder.subject, since)
        if until is not None:
            told.crls(moments[-1])
            told.release(holder.subject, until)
    if spec.revoked_at is not None:
        told.revoke(holder.subject, spec.revoked_at, spec.reason)
    assert [told.crls(at) for at in moments] == [whole.crls(at) for at in moments]


def test_a_key_lost_before_it_was_reported_says_since_when() -> None:
    """invalidityDate in the entry (RFC 5280 §5.3.2), the reason beside it, and the same in the OCSP answer (RFC 6960 §4.4.5)."""
    pki = new_pki()
    lost = AT - timedelta(days=20)
    spec = replace(PERSON, revoked_at=AT - timedelta(days=2), reason=RevocationReason.KEY_COMPROMISE, invalid_since=lost)
    entry = listed(pki, pki.issue(spec), AT)
    assert entry is not None
    assert entry.extensions.get_extension_for_class(x509.InvalidityDate).value.invalidity_date_utc == lost.astimezone(UTC)
    assert entry.extensions.get_extension_for_class(x509.CRLReason).value.reason is x509.ReasonFlags.key_compromise
    answer = asn1_ocsp.OCSPResponse.load(pki.status(pki.issue(spec).certificate_der, AT))
    extensions = answer.basic_ocsp_response["tbs_response_data"]["responses"][0]["single_extensions"]
    said = {extension["extn_id"].native: extension["extn_value"].parsed.native for extension in extensions}
    assert said == {"archive_cutoff": pki.spec.not_before.astimezone(UTC), "invalidity_date": lost.astimezone(UTC)}
    other = pki.issue(replace(spec, name="Người khác", reason=RevocationReason.UNSPECIFIED))
    entry = listed(pki, other, AT)
    assert entry is not None
    assert [extension.oid.dotted_string for extension in entry.extensions] == ["2.5.29.24"]


def test_a_released_certificate_stands_in_no_later_list() -> None:
    pki = new_pki()
    holder = pki.issue(PERSON)
    pki.hold(holder.subject, AT)
    tomorrow, later = AT + timedelta(days=1), AT + timedelta(days=9)
    before = pki.crls(later)
    pki.release(holder.subject, AT + timedelta(days=5))
    entry = listed(pki, holder, tomorrow)
    assert entry is not None
    assert entry.extensions.get_extension_for_class(x509.CRLReason).value.reason is x509.ReasonFlags.certificate_hold
    assert listed(pki, holder, later) is None
    assert pki.crls(later) != before


@pytest.mark.parametrize(
    ("steps", "rule"),
    [
        ((("hold", 1), ("hold", 2)), "already on hold"),
        ((("release", 1),), "not on hold"),
        ((("hold", 2), ("release", 1)), "order of time"),
        ((("hold", 1), ("release", 3), ("hold", 2)), "order of time"),
        ((("revoke", 1), ("hold", 2)), "already revoked"),
        ((("hold", 2), ("revoke", 1)), "order of time"),
        ((("hold", -9999),), "before it is valid"),
    ],
)
def test_a_register_takes_events_in_their_order_only(steps: tuple[tuple[str, int], ...], rule: str) -> None:
    pki = new_pki()
    holder = pki.issue(PERSON)
    *good, (last, day) = steps
    for verb, offset in good:
        getattr(pki, verb)(holder.subject, AT + timedelta(days=offset))
    before = pki.crls(AT + timedelta(days=30))
    with pytest.raises(InvalidHolder, match=rule):
        getattr(pki, last)(holder.subject, AT + timedelta(days=day))
    assert pki.crls(AT + timedelta(days=30)) == before


def test_a_hold_is_no_reason_of_a_revocation() -> None:
    pki = new_pki()
    with pytest.raises(InvalidHolder, match="not a revocation"):
        pki.revoke(pki.issue(PERSON).subject, AT, RevocationReason.CERTIFICATE_HOLD)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"holds": ((AT, None), (AT + HOUR, None))}, "without a release"),
        ({"holds": ((AT, AT - HOUR),)}, "order of time"),
        ({"holds": ((AT, AT + HOUR),), "revoked_at": AT}, "order of time"),
        ({"invalid_since": AT}, "without being revoked"),
        ({"revoked_at": AT, "reason": RevocationReason.CERTIFICATE_HOLD}, "not as the reason"),
    ],
)
def test_impossible_lives_are_refused(changes: dict[str, object], rule: str) -> None:
    pki = new_pki()
    with pytest.raises(InvalidHolder, match=rule):
        pki.issue(replace(PERSON, **changes))  # type: ignore[arg-type]
    assert pki.holders == {}


def test_authorities_and_units_are_known_to_whoever_certified_them() -> None:
    """Each certificate the root ever made is good from its first moment and unknown before, asked for in any order."""
    pki = new_pki(revoked_authorities=((Authority.PARTY, AT),), compromised_stampers=(AT,))
    root = pki.root.certificate_der
    unit = pki.time_stamping(datetime(2022, 1, 1, tzinfo=VN))
    for certificate, moment, expected in (
        (pki.authority(Authority.STATE).certificate_der, AT, "good"),
        (pki.authority(Authority.PARTY).certificate_der, AT - HOUR, "good"),
        (pki.authority(Authority.PARTY).certificate_der, AT, "revoked"),
        (unit.certificate_der, AT - HOUR, "unknown"),
        (unit.certificate_der, AT, "good"),
        (pki.time_stamping(AT - HOUR).certificate_der, AT, "revoked"),
    ):
        assert said(ask(pki, Holder("", certificate, unit.key, (root,), PERSON), moment)) == expected
