"""Who may answer for a certificate, and which answers count (RFC 6960)."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha1

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from signing import (
    AlgorithmPolicy,
    AlgorithmRule,
    ChainEngine,
    ChainPolicy,
    Evidence,
    RevocationNeed,
    Standing,
    SubIndication,
    Usage,
    der,
    oids,
)
from signing.errors import FormatFailure
from signing.formats.elements import elements
from signing.validation.rfc5280.ocsp_response import MAX_OCSP, read_ocsp
from signing.validation.verdicts import RevocationVerdict
from tests.signing.rfc5280.workshop import DAY, NOW, Node, Tree, answer, certify, judged, responder_for, revoke_list, spki, tree


def status(
    one: Tree, *ocsps: bytes, policy: ChainPolicy | None = None, crls: tuple[bytes, ...] = (), others: tuple[Node, ...] = ()
) -> RevocationVerdict:
    """What responses say about a tree's signer."""
    found = judged(one.signer, one.root, (one.authority, *others), (one.lists[0], *crls), ocsps, policy=policy)
    return found.revocation[0]


@pytest.mark.parametrize("by_name", [True, False])
@pytest.mark.parametrize("digest", [SHA1(), SHA256(), SHA384(), SHA512()])
def test_the_issuer_answers_itself(by_name: bool, digest: HashAlgorithm) -> None:
    one = tree()
    assert status(one, answer(one.signer, one.authority, by_name=by_name, digest=digest)).standing is Standing.GOOD
    gone = answer(one.signer, one.authority, by_name=by_name, digest=digest, revoked_at=NOW - 3 * DAY)
    assert (status(one, gone).standing, status(one, gone).revoked_at) == (Standing.REVOKED, NOW - 3 * DAY)


@pytest.mark.parametrize("by_name", [True, False])
def test_a_delegate_answers(by_name: bool) -> None:
    one = tree()
    delegate = responder_for(one.authority)
    assert status(one, answer(one.signer, one.authority, delegate, by_name=by_name)).standing is Standing.GOOD


def test_a_delegate_named_by_name_may_be_at_hand_instead_of_embedded() -> None:
    one = tree()
    delegate = responder_for(one.authority)
    silent = answer(one.signer, one.authority, delegate, by_name=True, embed=False)
    assert "not at hand" in status(one, silent).detail
    assert status(one, silent, others=(delegate,)).standing is Standing.GOOD


def test_who_is_no_delegate() -> None:
    one = tree()
    sibling = certify("Sibling", one.root, ca=True)
    plain = certify("Responder", one.authority)
    expired = responder_for(one.authority, until=NOW - DAY)
    encipher = x509.KeyUsage(False, False, True, False, False, False, False, False, False)
    odd = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    cases = {
        "not issued directly": responder_for(sibling),
        "not for signing OCSP": plain,
        "not valid when it answered": expired,
        "digitalSignature": responder_for(one.authority, usage=encipher),
        "unknown critical": responder_for(one.authority, extensions=((odd, True),)),
    }
    for reason, delegate in cases.items():
        found = status(one, answer(one.signer, one.authority, delegate))
        assert found.standing is Standing.UNKNOWN, reason
        assert reason in found.detail


def test_a_delegate_signed_by_someone_else_is_none() -> None:
    one = tree()
    forged = responder_for(one.authority, signer=certify("Evil", ca=True).key)
    assert "not issued directly" in status(one, answer(one.signer, one.authority, forged)).detail


def test_a_delegate_without_no_check_needs_a_status_of_its_own() -> None:
    one = tree()
    delegate = responder_for(one.authority, no_check=False)
    said = answer(one.signer, one.authority, delegate)
    assert "own status" in status(one, said).detail
    lenient = ChainPolicy(responder_revocation=RevocationNeed.IF_AVAILABLE)
    assert status(one, said, policy=lenient).standing is Standing.GOOD
    scope = (x509.IssuingDistributionPoint(None, None, False, False, frozenset({x509.ReasonFlags.key_compromise}), False, False), True)
    for_compromise = revoke_list(one.authority, extensions=(scope,))
    assert "own status" in status(one, said, policy=lenient, crls=(for_compromise,)).detail
    assert status(one, said, answer(delegate, one.authority)).standing is Standing.GOOD
    gone = answer(delegate, one.authority, revoked_at=NOW - 5 * DAY)
    assert status(one, said, gone).standing is Standing.UNKNOWN


def test_a_delegate_does_not_vouch_for_itself() -> None:
    one = tree()
    delegate = responder_for(one.authority, no_check=False)
    said = [answer(one.signer, one.authority, delegate), answer(delegate, one.authority, delegate)]
    assert status(one, *said).standing is Standing.UNKNOWN


def test_an_answer_for_a_namesake_of_the_issuer_is_another_ones() -> None:
    one = tree()
    namesake = certify("Authority", one.root, ca=True, label="namesake")
    assert "issuer's key" in status(one, answer(one.signer, one.authority, named=namesake)).detail
    elsewhere = certify("Signer", certify("Other name", one.root, ca=True), serial=one.signer.serial)
    assert "issuer's name" in status(one, answer(elsewhere, one.authority)).detail


def test_a_delegate_certified_by_a_refused_algorithm() -> None:
    one = tree()
    only = ChainPolicy(algorithms=AlgorithmPolicy({"ecdsa-p256-sha256": AlgorithmRule(256)}))
    for digest, standing in ((SHA256(), Standing.GOOD), (SHA384(), Standing.UNKNOWN)):
        delegate = responder_for(one.authority, digest=digest)
        assert status(one, answer(one.signer, one.authority, delegate), policy=only).standing is standing


def test_a_broken_signature() -> None:
    one = tree()
    said = bytearray(answer(one.signer, one.authority))
    said[-1] ^= 1
    assert "does not hold" in status(one, bytes(said)).detail


def test_unknown_is_no_answer_and_unasked_serials_are_none() -> None:
    one = tree()
    assert "does not know" in status(one, answer(one.signer, one.authority, unknown=True)).detail
    other = certify("Other", one.authority)
    assert status(one, answer(other, one.authority)).rejected == ()


def test_times() -> None:
    one = tree()
    stale = status(one, answer(one.signer, one.authority, since=NOW - 9 * DAY, until=NOW - 8 * DAY))
    assert (stale.standing, stale.fresh) == (Standing.GOOD, False)
    early = answer(one.signer, one.authority, since=NOW + DAY, until=NOW + 2 * DAY)
    assert "after the moment" in status(one, early).detail
    assert status(one, early, policy=ChainPolicy(retroactive=True)).fresh
    open_ended = answer(one.signer, one.authority, until=None)
    assert not status(one, open_ended).fresh
    assert status(one, open_ended, policy=ChainPolicy(max_age=2 * DAY)).fresh
    assert status(one, answer(one.signer, one.authority, since=NOW, until=None)).fresh


def test_an_expired_certificate_needs_an_archive_cutoff() -> None:
    one = tree(until=NOW - 3 * DAY)
    said = answer(one.signer, one.authority)
    assert "need not know it" in status(one, said).detail
    gone = answer(one.signer, one.authority, revoked_at=NOW - 5 * DAY)
    assert status(one, gone).standing is Standing.REVOKED


def test_hold_and_release() -> None:
    one = tree()
    held = answer(one.signer, one.authority, revoked_at=NOW - 3 * DAY, reason=x509.ReasonFlags.certificate_hold)
    assert status(one, held).standing is Standing.ON_HOLD
    free = answer(one.signer, one.authority, since=NOW - timedelta(hours=1))
    assert status(one, held, free).standing is Standing.GOOD


def test_list_and_response_that_disagree() -> None:
    one = tree()
    gone = revoke_list(one.authority, [one.signer])
    assert status(one, answer(one.signer, one.authority), crls=(gone,)).standing is Standing.REVOKED
    assert status(one, answer(one.signer, one.authority, revoked_at=NOW - DAY), crls=(one.lists[1],)).standing is Standing.REVOKED


def test_a_responders_own_chain() -> None:
    one = tree()
    delegate = responder_for(one.authority)
    engine = ChainEngine(Evidence((one.root.der,), certificates=(one.authority.der,), crls=one.lists[:1]))
    assert engine.validate(delegate.der, NOW, usage=Usage.OCSP).passed
    assert engine.validate(delegate.der, NOW).sub_indication is SubIndication.TRY_LATER


def test_a_basic_response_alone_is_read_alike() -> None:
    one = tree()
    whole = answer(one.signer, one.authority)
    ((_, outer),) = elements(whole)
    (_, (_, explicit)) = elements(outer)
    ((_, held),) = elements(explicit)
    basic = elements(held)[1][1]
    assert read_ocsp(basic).responses == read_ocsp(whole).responses
    assert status(one, basic).standing is Standing.GOOD


@pytest.mark.parametrize(
    "bytes_",
    [
        b"",
        b"\x30\x00",
        b"rubbish",
        ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER).public_bytes(Encoding.DER),
        b"\x30" * (MAX_OCSP + 1),
    ],
)
def test_what_is_no_successful_response_is_refused(bytes_: bytes) -> None:
    with pytest.raises(FormatFailure):
        read_ocsp(bytes_)
    one = tree()
    assert status(one, bytes_).standing is Standing.UNKNOWN


def by_hand(one: Tree, *singles: bytes, extensions: bytes = b"", named: Node | None = None, signed_by: Node | None = None) -> bytes:
    """A BasicOCSPResponse which the builder cannot make: with these answers, said to be ``named``'s and signed by ``signed_by``.

    Both are the tree's authority unless given; the signer's certificate is embedded.
    """
    signer = signed_by or one.authority
    key_hash = sha1(spki(named or one.authority)[-65:], usedforsecurity=False).digest()
    produced = der.tlv(0x18, f"{NOW:%Y%m%d%H%M%S}Z".encode())
    data = der.sequence(der.tlv(0xA2, der.octet_string(key_hash)), produced, der.sequence(*singles), extensions)
    signature = der.bit_string(signer.key.sign(data, ec.ECDSA(SHA256())))
    return der.sequence(data, der.sequence(der.oid(oids.ECDSA_WITH_SHA256)), signature, der.context(0, der.sequence(signer.der)))


def single(one: Tree, serial: int, status: bytes = b"\x80\x00", extensions: bytes = b"") -> bytes:
    """A SingleResponse of the tree's authority about a serial number."""
    name_hash = sha1(one.authority.certificate.subject.public_bytes(), usedforsecurity=False).digest()
    key_hash = sha1(spki(one.authority)[-65:], usedforsecurity=False).digest()
    algorithm = der.sequence(der.oid(oids.SHA1), der.NULL)
    named = der.sequence(algorithm, der.octet_string(name_hash), der.octet_string(key_hash), der.integer(serial))
    since, until = (der.tlv(0x18, f"{NOW + days * DAY:%Y%m%d%H%M%S}Z".encode()) for days in (-1, 1))
    return der.sequence(named, status, since, der.context(0, until), extensions)


def extension(identifier: str, value: bytes, *, critical: bool = False) -> bytes:
    return der.context(1, der.sequence(der.sequence(der.oid(identifier), *([der.TRUE] if critical else []), der.octet_string(value))))


def test_the_answer_about_the_certificate_is_found_among_others() -> None:
    one = tree()
    gone = der.context(1, der.tlv(0x18, f"{NOW - 5 * DAY:%Y%m%d%H%M%S}Z".encode()), der.context(0, der.enumerated(4)))
    said = by_hand(one, single(one, 5, gone), single(one, one.signer.serial), single(one, 6, b"\x82\x00"))
    assert status(one, said).standing is Standing.GOOD
    said = by_hand(one, single(one, 5), single(one, one.signer.serial, gone))
    found = status(one, said)
    assert (found.standing, found.reason, found.revoked_at) == (Standing.REVOKED, "superseded", NOW - 5 * DAY)


def test_an_archive_cutoff_lets_an_answer_speak_of_the_expired() -> None:
    one = tree(until=NOW - 3 * DAY)
    for cutoff, standing in ((NOW - 4 * DAY, Standing.GOOD), (NOW - 2 * DAY, Standing.UNKNOWN)):
        value = der.tlv(0x18, f"{cutoff:%Y%m%d%H%M%S}Z".encode())
        said = by_hand(one, single(one, one.signer.serial, extensions=extension(oids.OCSP_ARCHIVE_CUTOFF, value)))
        assert status(one, said).standing is standing


def test_unknown_critical_extensions_silence_an_answer() -> None:
    one = tree()
    odd = extension("1.2.3.4", der.NULL, critical=True)
    assert "unknown critical extension" in status(one, by_hand(one, single(one, one.signer.serial, extensions=odd))).detail
    assert "unknown critical extension" in status(one, by_hand(one, single(one, one.signer.serial), extensions=odd)).detail
    mild = extension("1.2.3.4", der.NULL)
    assert status(one, by_hand(one, single(one, one.signer.serial, extensions=mild), extensions=mild)).standing is Standing.GOOD


def test_one_delegate_does_not_answer_in_the_name_of_another() -> None:
    one = tree()
    delegate, other = responder_for(one.authority), responder_for(one.authority, "Other responder")
    said = single(one, one.signer.serial)
    assert status(one, by_hand(one, said, named=delegate, signed_by=delegate)).standing is Standing.GOOD
    assert "not at hand" in status(one, by_hand(one, said, named=delegate, signed_by=other)).detail
