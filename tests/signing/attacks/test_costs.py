"""What the largest and worst inputs of each door cost; two seconds at most, and memory within bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache

import pytest
from asn1crypto import cms, ocsp

from signing import ChainEngine, Evidence, FormatFailure, LetterRefused, Purpose, SigningKey, der, load_policy, oids, read_signed
from signing import verdict_timeline as timeline
from signing.formats import cades
from signing.formats.artefacts import Artefacts
from signing.formats.letter.augment import add_document_timestamp, add_store
from signing.formats.letter.claims import letter_claims
from signing.validation.rfc5280.objects import read_crl
from signing.validation.rfc5280.ocsp_response import MAX_SINGLE_RESPONSES, read_ocsp
from tests.pace import at_most
from tests.signing.ades.lab import DAY, World, claim
from tests.signing.lab import AT, CONTENT, good_attributes, person, signed, signer_info
from tests.signing.letter import lab as letters
from tests.signing.letter import long_term
from tests.signing.rfc5280.workshop import NOW, Node, answer, tree

ETSI = load_policy("etsi-baseline")
ONE = tree()


def long_list(issuer: Node, entries: Sequence[bytes]) -> bytes:
    """A list with entries of any kind, indirect, properly signed."""
    key = SigningKey(issuer.key)
    name = issuer.certificate.subject.public_bytes()
    scope = der.sequence(der.oid(oids.ISSUING_DISTRIBUTION_POINT), der.TRUE, der.octet_string(der.sequence(b"\x84\x01\xff")))
    times = der.time(NOW - DAY), der.time(NOW + 6 * DAY)
    tbs = der.sequence(
        der.integer(1), key.algorithm.encoded, name, *times, der.sequence(*entries), der.context(0, der.sequence(scope))
    )  # fmt: skip
    return der.sequence(tbs, key.algorithm.encoded, der.bit_string(key.sign(tbs, Purpose.CRL)))


def other_issuer(number: int) -> bytes:
    """An entry extension that names another certificate issuer."""
    name = der.sequence(der.tlv(der.SET, der.sequence(der.oid("2.5.4.3"), der.utf8(f"{number:x}"))))
    return der.sequence(
        der.sequence(der.oid(oids.CERTIFICATE_ISSUER), der.TRUE, der.octet_string(der.sequence(der.context(4, name))))
    )  # fmt: skip


def test_a_long_list_of_nobody() -> None:
    """Seven megabytes of entries, each under another issuer, before whose signature was looked at a quarter of a minute had passed."""
    entries = [der.sequence(der.integer(ONE.signer.serial), der.time(NOW - DAY), other_issuer(number)) for number in range(60_000)]
    whole = long_list(ONE.authority, entries)
    unsigned = whole[:-1] + bytes((whole[-1] ^ 1,))
    with at_most():
        evidence = Evidence((ONE.root.der,), certificates=(ONE.authority.der,), crls=(*ONE.lists, unsigned, whole))
        assert ChainEngine(evidence).validate(ONE.signer.der, NOW).passed
    with at_most(), pytest.raises(FormatFailure, match="4096 certificate issuers"):
        read_crl(whole).find(ONE.signer.certificate.issuer.public_bytes(), ONE.signer.serial)


def test_a_long_list_of_the_issuer_is_read_and_found_in() -> None:
    """A hundred thousand entries, the signer's the last: found, and the last of two for one certificate stands."""
    times = der.time(NOW - DAY), der.time(NOW - 2 * DAY)
    entries = [der.sequence(der.integer(number), times[0]) for number in range(1, 100_000)]
    entries += [der.sequence(der.integer(ONE.signer.serial), one) for one in times]
    crl = read_crl(long_list(ONE.authority, entries))
    with at_most():
        found = crl.find(ONE.signer.certificate.issuer.public_bytes(), ONE.signer.serial)
        assert found is not None
        assert found.at == int((NOW - 2 * DAY).timestamp())
        assert crl.find(ONE.signer.certificate.issuer.public_bytes(), 100_000) is None


@pytest.mark.parametrize(
    "entry",
    [
        b"\x30\x80\x00\x00",
        b"\x30\x03\x02\x01\x01",
        b"\x31\x12\x02\x01\x01\x17\x0d240101000000Z",
        b"\x30\x13\x02\x02\x00\x01\x17\x0d240101000000Z",
    ],
)
def test_entries_that_are_none(entry: bytes) -> None:
    """BER, no date, a SET, a serial number with a zero too many: a list with one of them is not used, signed or not (X.690 §8.3.2)."""
    crl = read_crl(long_list(ONE.authority, [der.sequence(der.integer(5), der.time(NOW)), entry]))
    with pytest.raises(FormatFailure):
        crl.find(ONE.signer.certificate.issuer.public_bytes(), 5)


def test_answers_by_the_thousand() -> None:
    """One OCSP response of a thousand answers for one serial number, and a hundred responses of as many as are read."""
    with pytest.raises(FormatFailure):
        read_ocsp(_flood(MAX_SINGLE_RESPONSES + 1, 0))
    floods = tuple(_flood(MAX_SINGLE_RESPONSES, number) for number in range(100))
    with at_most():
        evidence = Evidence((ONE.root.der,), certificates=(ONE.authority.der,), crls=ONE.lists, ocsps=floods)
        found = ChainEngine(evidence).validate(ONE.signer.der, NOW)
    assert found.passed
    assert len(found.revocation[0].rejected) <= 64


def _flood(count: int, number: int) -> bytes:
    """A response of so many answers for the signer, signed by nobody."""
    basic = ocsp.OCSPResponse.load(answer(ONE.signer, ONE.authority))["response_bytes"]["response"].parsed
    data = basic["tbs_response_data"]
    responses = der.sequence(*([data["responses"][0].dump()] * count))
    tbs = der.sequence(data["responder_id"].dump(), data["produced_at"].dump(), responses)
    return der.sequence(
        tbs, basic["signature_algorithm"].dump(), der.bit_string(bytes((0x30, 0x06, 0x02, 0x01, 1 + number % 100, 0x02, 0x01, 1)))
    )


def crowded() -> tuple[World, bytes]:
    """A signature with sixty tokens."""
    world = World.make()
    whole = world.t()
    for number in range(59):
        whole = cades.add_signature_timestamp(whole, world.stamp(AT + timedelta(seconds=number)))
    return world, whole


def test_many_tokens_and_spare_certificates() -> None:
    """Sixty tokens that no longer hold and four hundred certificates of sixteen kilobytes: what is missing is still asked (§5.1.3)."""
    world, whole = crowded()
    junk = tuple(der.sequence(der.octet_string(bytes((number % 256, number // 256)) * 8_000)) for number in range(400))
    found = replace(claim(whole), certificates=(*claim(whole).certificates, *junk))
    with at_most(2.5):
        assert not world.judge(found, AT + 900 * DAY, ETSI, world.evidence(AT)).passed
    lists = tuple(dict.fromkeys(crl for number in range(60) for crl in world.owner.crls(AT - number * DAY)))
    with at_most(2.5), pytest.raises(FormatFailure, match="instants at which something changes"):
        timeline(found, Evidence((world.owner.root.certificate_der,), crls=lists), ETSI, AT - 90 * DAY, AT + 900 * DAY)


def test_a_letter_of_sixty_four_stamps_and_a_crowded_store() -> None:
    """As many revisions as are read, and a store of more artefacts than there are renewals for."""
    letter = letters.whole()
    for number in range(64):
        letter = add_document_timestamp(letter, long_term.stamper(letters.AT + timedelta(minutes=number)))
    with at_most(1):
        assert len(letter_claims(letter).leader.archive_tokens) == 64
    with pytest.raises(LetterRefused, match="no more than 64"):
        add_document_timestamp(add_document_timestamp(letter, long_term.stamper(letters.AT)), long_term.stamper(letters.AT))
    with at_most(1), pytest.raises(LetterRefused, match="more than 512 artefacts"):
        add_store(letters.whole(), Artefacts(tuple(der.sequence(der.integer(number)) for number in range(8_000))))


@cache
def shapes() -> dict[str, bytes]:
    """CMS files of up to sixteen megabytes that ask much of a reader."""
    whole = cms.ContentInfo.load(signed())["content"]
    digests, certificates, infos = (whole[name].dump() for name in ("digest_algorithms", "certificates", "signer_infos"))
    info = signer_info(person(), good_attributes(person().certificate_der))
    parts = [info[name].dump() for name in ("version", "sid", "digest_algorithm", "signed_attrs", "signature_algorithm", "signature")]
    data = der.sequence(der.oid(oids.DATA))

    def content_info(*fields: bytes) -> bytes:
        return der.sequence(der.oid(oids.SIGNED_DATA), der.context(0, der.sequence(*fields)))

    def indefinite(content: bytes) -> bytes:
        inside = b"\x30\x80" + der.oid(oids.DATA) + b"\xa0\x80\x24\x80" + content + b"\0\0" * 3
        fields = der.integer(1) + digests + inside + certificates + infos
        return b"\x30\x80" + der.oid(oids.SIGNED_DATA) + b"\xa0\x80\x30\x80" + fields + b"\0\0" * 3

    nested = der.octet_string(bytes(15_000_000))
    for _ in range(22):
        nested = b"\x24\x80" + nested + b"\0\0"
    many = sorted({der.sequence(der.oid(f"1.2.{one}.{two}")) for one in range(3, 50) for two in range(900)})
    unsigned = der.tlv(0xA1, der.sequence(der.oid("1.2.3"), der.tlv(der.SET, der.sequence(*[der.NULL] * 98_000))))
    return {
        "ninety thousand strings of one": indefinite(der.octet_string(bytes(160)) * 90_000),
        "strings within strings": indefinite(nested),
        "forty thousand digest algorithms": content_info(der.integer(1), der.tlv(der.SET, *many), data, certificates, infos),
        "an unsigned attribute of a hundred thousand": content_info(
            der.integer(1), digests, data, certificates, der.tlv(der.SET, der.sequence(*parts, unsigned))
        ),
        "ten thousand signers": content_info(der.integer(1), digests, data, certificates, der.tlv(der.SET, *[parts[0]] * 10_000)),
        "a version of four megabytes": content_info(der.tlv(0x02, b"\x7f" * 4_000_000), digests, data, certificates, infos),
        "an identifier of four megabytes": content_info(
            der.integer(1), digests, der.sequence(der.tlv(0x06, b"\xff" * 4_000_000 + b"\1")), infos
        ),
        "an algorithm of eight megabytes": content_info(
            der.integer(1),
            digests,
            data,
            certificates,
            der.tlv(der.SET, der.sequence(*parts[:4], der.sequence(der.oid("1.2.3"), der.octet_string(bytes(8_000_000))), parts[5])),
        ),
        "too long": bytes(40_000_000),
        "armour without end": b"-----BEGIN CMS-----\n" * 1_000_000,
    }


@pytest.mark.parametrize("case", sorted(shapes()))
def test_a_file_that_asks_much_of_a_reader(case: str) -> None:
    """Each is read or refused within two seconds, by whichever reader."""
    data = shapes()[case]
    with at_most():
        found = read_signed(data, CONTENT)
    assert found.refusal is not None or found.claims
    with at_most():
        assert not any(
            World.make().judge(one, AT, ETSI).passed for one in found.claims if one.signer.signature_algorithm.startswith("unknown")
        )
