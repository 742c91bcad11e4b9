"""Known shapes are a shorter way to the decoder's answer, never another answer."""

from __future__ import annotations

from hashlib import sha256

import pytest
from asn1crypto import core
from hypothesis import given
from hypothesis import strategies as st

from signing import CadesSigner, CadesTemplate, FormatFailure, Purpose, SignedMessage, parse_cms
from signing.algorithms import ECDSA_P256_SHA256
from signing.formats.cms import decode_cms
from signing.formats.message import Shapes
from tests.signing.lab import DIGEST, attribute, chain_of, good_attributes, person, signed, signed_data, signer_info

START = b"\x30\x18\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03\x31\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"
START += b"\x30\x2f\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04\x31\x22\x04\x20"
"""content-type, then message-digest up to its value, spelled out octet by octet."""


def _outcome(data: bytes, known: Shapes | None = None) -> SignedMessage | str:
    """What a reading ends in: by the shapes first when given, else by the decoder."""
    try:
        return (known.read(data) if known else None) or decode_cms(data)
    except FormatFailure as failure:
        return str(failure)


def _kept(data: bytes) -> Shapes:
    known = Shapes(START)
    known.keep(data, decode_cms(data), ECDSA_P256_SHA256.encoded)
    return known


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=72, max_size=72))
def test_a_known_shape_reads_as_the_decoder_does(digest: bytes, value: bytes) -> None:
    """Any digest and any signature value in a known shape say what the decoder says they do."""
    data = signed()
    first = decode_cms(data)
    template = CadesTemplate(person().certificate_der, chain_of(person()), ECDSA_P256_SHA256)
    other = template.assemble(digest, value[: len(first.signature)])
    read = _kept(data).read(other)
    assert read is not None
    assert read == decode_cms(other) == parse_cms(other)
    assert (read.message_digest, read.signer) == (digest, first.signer)


@pytest.mark.parametrize("embed", [True, False])
def test_no_changed_byte_slips_through_a_known_shape(embed: bool) -> None:
    """Every byte of a known signature changed by one bit: the same message or the same refusal as from the decoder."""
    data = signed(embed=embed)
    known = _kept(data)
    assert known.read(data) == decode_cms(data)
    read = 0
    for at in range(len(data)):
        changed = bytearray(data)
        changed[at] ^= 1 << at % 8
        assert _outcome(bytes(changed), known) == _outcome(bytes(changed))
        read += known.read(bytes(changed)) is not None
    assert read == 32 + len(decode_cms(data).signature)


def test_cut_and_longer_bytes_are_no_known_shape() -> None:
    """The length is part of the shape."""
    data = signed()
    known = _kept(data)
    for other in (data[:-1], data + b"\x00", data[1:], b"", data[: len(data) // 2], data[:-1] + b"\x00\x00"):
        assert known.read(other) is None


def test_only_the_plain_order_of_attributes_is_kept() -> None:
    """With another attribute before message-digest, or a digest that is no SHA-256 value, every reading is the decoder's."""
    holder = person()
    time = attribute("signing_time", core.UTCTime("210930020000Z"))
    foreign = signed_data([signer_info(holder, sorted([*good_attributes(holder.certificate_der), time], key=lambda item: item.dump()))], ())
    assert _kept(foreign).read(foreign) is None
    short = [item for item in good_attributes(holder.certificate_der) if item["type"].native != "message_digest"]
    short = sorted([*short, attribute("message_digest", bytes(20))], key=lambda item: item.dump())
    odd = signed_data([signer_info(holder, short)], ())
    assert _kept(odd).read(odd) is None
    assert parse_cms(odd).message_digest == bytes(20)


def test_signers_do_not_share_a_shape() -> None:
    """Another certificate, or the same one with other embedded certificates, is another shape."""
    known = _kept(signed())
    for other in (signed(person("Trần Văn Hai")), signed(embed=False)):
        assert known.read(other) is None


def test_every_length_of_signature_is_read() -> None:
    """Signatures of all lengths pass through shapes met and not yet met, always giving what was written."""
    signer = CadesSigner(person(), purpose=Purpose.LETTER)
    for number in range(100):
        digest = sha256(DIGEST + bytes([number])).digest()
        data = signer.sign(digest)
        message = parse_cms(data)
        assert message == decode_cms(data)
        assert message.message_digest == digest
        assert message.signed_attributes == signer.template.attributes(digest)
