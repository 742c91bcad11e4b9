"""Whatever bytes are handed in, the answer is a verdict: nothing else is raised, nothing takes long."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import ChainEngine, Evidence, SubIndication
from signing.errors import FormatFailure
from signing.validation.rfc5280.objects import read_certificate, read_crl
from signing.validation.rfc5280.ocsp_response import read_ocsp
from tests.pace import at_most
from tests.scorecard.chains import PKITS
from tests.signing.rfc5280.workshop import NOW, answer, responder_for, tree

ONE = tree()
RESPONSE = answer(ONE.signer, ONE.authority, responder_for(ONE.authority))
LISTS = [path.read_bytes() for path in sorted((PKITS / "crls").iterdir())]
CERTIFICATES = [path.read_bytes() for path in sorted((PKITS / "certs").iterdir())]


def mutated(data: bytes, chance: Random) -> bytes:
    """A few octets changed, taken away or doubled, mostly in one place; lengths are left wrong or put right by luck."""
    body = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        at = chance.randrange(len(body))
        change = chance.randrange(5)
        if change == 0:
            body[at] ^= 1 << chance.randrange(8)
        elif change == 1:
            body[at] = chance.choice((0x00, 0x01, 0x30, 0x31, 0x7F, 0x80, 0x81, 0x84, 0xA0, 0xFF))
        elif change == 2:
            del body[at : at + chance.randrange(1, 8)]
        elif change == 3:
            body[at:at] = body[at : at + chance.randrange(1, 8)]
        else:
            body[at:at] = chance.randbytes(chance.randrange(1, 4))
        if not body:
            return b""
    return bytes(body)


def judge(certificate: bytes, crl: bytes, response: bytes) -> SubIndication | None:
    evidence = Evidence((ONE.root.der,), certificates=(ONE.authority.der, certificate), crls=(*ONE.lists, crl), ocsps=(response,))
    return ChainEngine(evidence).validate(certificate, NOW, extra=(certificate,)).sub_indication


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32))
def test_mutated_artefacts_are_verdicts(seed: int) -> None:
    chance = Random(seed)
    with at_most():
        found = judge(mutated(ONE.signer.der, chance), mutated(ONE.lists[1], chance), mutated(RESPONSE, chance))
        assert found is None or isinstance(found, SubIndication)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32))
def test_mutated_pkits_objects_are_read_or_refused(seed: int) -> None:
    """With all their extensions, of which the usual tree has few."""
    chance = Random(seed)
    for reader, samples in ((read_certificate, CERTIFICATES), (read_crl, LISTS), (read_ocsp, [RESPONSE])):
        sample = mutated(chance.choice(samples), chance)
        with suppress(FormatFailure):
            assert reader(sample).der == sample


@given(st.binary(max_size=200))
def test_rubbish_is_refused(rubbish: bytes) -> None:
    assert judge(rubbish, rubbish, rubbish) in (SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE, SubIndication.NO_CERTIFICATE_CHAIN_FOUND)


def test_a_changed_signer_never_passes() -> None:
    """Every single octet of a signer's certificate, changed: no chain, or not a certificate."""
    whole = ONE.signer.der
    for at in range(len(whole)):
        changed = whole[:at] + bytes((whole[at] ^ 0x01,)) + whole[at + 1 :]
        assert judge(changed, ONE.lists[1], RESPONSE) is not None


@pytest.mark.parametrize("reader", [read_certificate, read_crl, read_ocsp])
def test_deep_nesting_and_great_length_are_refused(reader: object) -> None:
    nested = b""
    for _ in range(4000):
        nested = b"\x30" + (bytes((len(nested),)) if len(nested) < 128 else b"\x83" + len(nested).to_bytes(3, "big")) + nested
    for sample in (nested, b"\x30\x84\xff\xff\xff\xff", b"\x30\x80\x00\x00", bytes(9 * 1024 * 1024)):
        with pytest.raises(FormatFailure):
            reader(sample)  # type: ignore[operator]


def test_the_suites_are_where_they_should_be() -> None:
    assert len(CERTIFICATES) == 405
    assert len(LISTS) == 173
    assert Path(PKITS / "pkits.json").is_file()
