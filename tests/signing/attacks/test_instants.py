"""Instants at the ends of the calendar, without a zone, or of a year that is none."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from signing import Evidence, Holder, ProofOfExistence, Purpose, SigningKey, der, load_policy, oids, validate_claim, verdict_timeline
from signing.formats.letter.claims import letter_claims
from signing.formats.pades import read_claimed_time
from signing.formats.pdf import _claimed
from signing.formats.signed_data import read_tolerant
from tests.signing.ades.lab import DAY, World, attribute_der, claim, with_attributes
from tests.signing.lab import AT, CONTENT, PERSON, signed
from tests.signing.letter import lab
from tests.signing.rfc5280.workshop import NOW, Node, certify, revoke_list

ETSI = load_policy("etsi-baseline")
END = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
FIRST = datetime(1, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("until", [END, NOW + DAY])
@pytest.mark.parametrize("at", [FIRST, NOW, NOW + 30 * DAY, END])
def test_certificates_and_lists_without_end(until: datetime, at: datetime) -> None:
    """RFC 5280 §4.1.2.5 writes "no end" as the last second of 9999: one second later there is no calendar, and there was no verdict."""
    root = certify("Endless root", ca=True, until=END)
    authority = certify("Endless authority", root, ca=True, until=END)
    person = certify("Endless person", authority, until=END)
    found = claim(signed(Holder("x", person.der, SigningKey(person.key), (authority.der, root.der), PERSON)))
    lists = (revoke_list(root, until=until), revoke_list(authority, until=until))
    evidence = Evidence((root.der,), (), (authority.der,), lists)
    verdict = validate_claim(found, evidence, at, ETSI)
    assert verdict.passed is (NOW <= at <= until)
    assert verdict_timeline(found, evidence, ETSI, NOW - 800 * DAY, END)[1].because


@pytest.mark.parametrize("at", [FIRST, AT, END])
def test_a_revocation_at_the_beginning_of_the_calendar(at: datetime) -> None:
    """A list that dates a revocation into the first second there is, to make the second before it overflow (EN 319 102-1 §5.6.2.2.4)."""
    root = certify("First root", ca=True)
    person = certify("First person", root)
    found = claim(signed(Holder("x", person.der, SigningKey(person.key), (root.der,), PERSON)))
    crl = _list(root, der.sequence(der.integer(person.serial), der.generalized_time(FIRST)))
    proofs = [ProofOfExistence(one, FIRST, "receipt", None) for one in (sha256(found.signer.signature).digest(), sha256(crl).digest())]
    verdict = validate_claim(found, Evidence((root.der,), crls=(crl,)), at, ETSI, proofs)
    assert not verdict.passed
    assert at < AT or verdict.sub_indication == "NOT_YET_VALID"


def _list(issuer: Node, entry: bytes) -> bytes:
    """A list with an entry that no library would write."""
    key = SigningKey(issuer.key)
    name = issuer.certificate.subject.public_bytes()
    times = der.generalized_time(FIRST), der.generalized_time(END)
    tbs = der.sequence(der.integer(1), key.algorithm.encoded, name, *times, der.sequence(entry))
    return der.sequence(tbs, key.algorithm.encoded, der.bit_string(key.sign(tbs, Purpose.CRL)))


@pytest.mark.parametrize(
    "time",
    [b"\x18\x0e20210927020000", b"\x18\x0f00000927020000Z", b"\x18\x1300010101000000+0700", b"\x18\x1399991231235959-0700"],
)
def test_a_claimed_time_that_is_no_instant(time: bytes) -> None:
    """A signing-time without zone, of year 0, or outside the calendar elsewhere, to make comparing it raise (RFC 5652 §11.3)."""
    world = World.make()
    (found,) = read_tolerant(with_attributes(world.signer, attribute_der(oids.SIGNING_TIME, time)), CONTENT)
    assert found.signer.claimed_at is None
    assert any("signing-time cannot be read" in rule for rule, _ in found.signer.deviations)
    assert world.judge(found, AT, ETSI).passed


def test_times_claimed_in_a_pdf_are_instants_everywhere() -> None:
    """/M in the first hours of year 1 at +07:00 has no UTC: whoever prints it in another zone would fail (ISO 32000-1 §7.9.4)."""
    first = read_claimed_time(b"/M(D:00010101000000+07'00')", 0)
    assert first is not None
    letter = lab.PRESS.issue(lab.PRESS.sign(lab.CONTENT, lab.leader(), at=first), "107", lab.DAY, lab.seal(), at=lab.AT)
    assert letter_claims(letter).leader.signer.claimed_at is None
    assert letter_claims(letter).seal.signer.claimed_at == lab.AT
    assert _claimed("D:00010101000000+07'00'") is None
    assert _claimed("D:99991231235959-07'00'") is None
    assert _claimed("D:20210927090000+07'00'") == AT
    assert _claimed("D:20210927090000+99'00'") is None


def test_a_greatest_age_beyond_the_calendar() -> None:
    """revocation_max_age_seconds may be a century: added to a list of the last days it must not raise (EN 319 102-1 §5.2.5)."""
    world = World.make()
    assert world.judge(world.b(), AT, replace(ETSI, max_age=timedelta(days=3_640_000))).passed
