"""Time-stamps that say less than they seem to: of nobody known, of another authority, over a weak index, out of the future."""

from __future__ import annotations

from dataclasses import replace

import pytest

from signing import SignatureLevel, certificate_facts, load_policy, oids
from signing.formats import cades
from signing.formats.archive import Reach
from signing.formats.signed_data import read_tolerant
from signing.formats.strict import read_envelope
from signing.pki import timestamp
from tests.signing.ades.lab import ALONE, DAY, World, attribute_der, claim, unit, with_attributes
from tests.signing.lab import AT, CONTENT, DIGEST, new_pki

ETSI = load_policy("etsi-baseline")


def test_a_token_of_nobody_known_does_not_make_a_level() -> None:
    """A policy asks for B-T and bears broken tokens; a token of an attacker's own authority has the form (EN 319 122-1 §6.1)."""
    world, stranger = World.make(), unit(new_pki("stranger"))
    demanding = replace(ETSI, required_level=SignatureLevel.T)
    assert world.judge(world.t(), AT + DAY, demanding).passed
    forged = world.judge(world.t(holder=stranger), AT + DAY, demanding)
    assert (forged.level, forged.sub_indication) == ("B-T", "SIG_CONSTRAINTS_FAILURE")
    assert world.judge(world.t(holder=stranger), AT + DAY, ETSI).passed


def test_a_token_copied_from_another_signature_does_not_make_a_level() -> None:
    """The same with an honest token over somebody else's signature value (RFC 3161 §2.4.2)."""
    world = World.make()
    found, other = claim(world.t()), claim(World.make("ades", name="Trần Văn Hai").t())
    (own,), (theirs,) = found.signature_tokens, other.signature_tokens
    copied = replace(found, signature_tokens=(replace(theirs, expected=own.expected, covers=own.covers),))
    assert world.judge(copied, AT + DAY, replace(ETSI, required_level=SignatureLevel.T)).sub_indication == "SIG_CONSTRAINTS_FAILURE"
    assert world.judge(copied, AT + DAY, ALONE).sub_indication == "HASH_FAILURE"


def test_a_token_that_names_another_authority(monkeypatch: pytest.MonkeyPatch) -> None:
    """A unit signs a token that says it is of the Government's authority: what is printed is what is believed (RFC 3161 §2.4.2)."""
    world = World.make()
    honest = world.judge(world.t(), AT + DAY, ALONE)
    assert honest.passed
    assert honest.best_signature_time == AT
    other, read = certificate_facts(world.signer.issuer_chain[0]), certificate_facts
    monkeypatch.setattr(timestamp, "certificate_facts", lambda one: replace(read(one), subject_der=other.subject_der))
    lying = world.judge(world.t(), AT + DAY, ALONE)
    assert lying.sub_indication == "FORMAT_FAILURE"
    assert "names an authority that its signing certificate does not" in lying.tokens[0].checks[-1].detail


def test_a_weak_digest_in_the_index_of_a_strong_token() -> None:
    """SHA-256 in the imprint, SHA-1 in the hash index: whoever can make a second list of one SHA-1 has it proven back to that day.

    EN 319 122-1 §5.5.2: the index uses the digest of its token's imprint.
    """
    world = World.make()
    cms = world.with_evidence(world.t(), AT)
    for algorithm, holds in (("sha256", True), ("sha1", False)):
        archived = _archived(world, cms, algorithm)
        (found,) = read_tolerant(archived, CONTENT)
        assert bool(found.archive_tokens) is holds
        if not holds:
            assert "must use the digest of its token's imprint" in found.findings[0][0]


def _archived(world: World, cms: bytes, algorithm: str) -> bytes:
    """An archive time-stamp over an index of that digest."""
    index = Reach(read_envelope(cms), read_envelope(cms).signers[0]).index

    class Other(Reach):
        def index(self, _: str = "sha256") -> bytes:
            return index(algorithm)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cades, "Reach", Other)
        return world.archive(cms, AT + DAY)


def test_a_token_out_of_the_future_proves_nothing_yet() -> None:
    """A clock seven hours ahead: until then the token is not there, and a revocation in between is not outlived (§5.4.4)."""
    world = World.make()
    ahead = world.t(AT + DAY)
    assert world.judge(ahead, AT, ALONE).best_signature_time == AT
    assert world.judge(ahead, AT, replace(ALONE, required_level=SignatureLevel.T)).sub_indication == "SIG_CONSTRAINTS_FAILURE"


@pytest.mark.parametrize(
    ("purposes", "critical"),
    [
        ((oids.TIME_STAMPING,), False),
        ((oids.TIME_STAMPING, oids.EMAIL_PROTECTION), True),
        ((oids.ANY_EXTENDED_KEY_USAGE,), True),
        ((oids.EMAIL_PROTECTION,), True),
    ],
)
def test_a_unit_of_the_wrong_purpose_stamps_nothing(purposes: tuple[str, ...], critical: bool) -> None:
    """A certificate for anything else, or not only and critically for time-stamps (RFC 3161 §2.3)."""
    world = World.make()
    wrong = unit(world.owner, "TSA WRONG", purposes=purposes, critical=critical)
    verdict = world.judge(world.t(holder=wrong), AT + DAY, ALONE)
    assert verdict.best_signature_time == AT + DAY
    assert verdict.tokens[0].sub_indication == "CHAIN_CONSTRAINTS_FAILURE"


def test_an_older_stamp_of_the_content_is_not_one_of_the_signature() -> None:
    """A content time-stamp is over what was signed: it proves a signature younger, never older (EN 319 102-1 §5.3.4)."""
    world = World.make()
    token = world.stamp(AT - DAY)(DIGEST)
    cms = with_attributes(world.signer, attribute_der(oids.CONTENT_TIME_STAMP, token))
    verdict = world.judge(cms, AT + DAY, ETSI)
    assert verdict.passed
    assert verdict.best_signature_time == AT + DAY
