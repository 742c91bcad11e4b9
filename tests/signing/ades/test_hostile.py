"""Nothing a claim or evidence holds makes the validation raise or take long; and nothing broken passes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import FormatFailure
from signing.evidence import Evidence
from signing.formats.claims import SignatureClaim
from signing.formats.signed_data import read_tolerant
from signing.validation.ades.door import validate
from signing.validation.ades.policy_file import load_policy
from signing.validation.verdicts import ProofOfExistence
from tests.pace import at_most
from tests.signing.ades.lab import DAY, World, claim
from tests.signing.lab import AT, CONTENT

ETSI = load_policy("etsi-baseline")
JUNK = st.binary(max_size=40)


@cache
def made() -> tuple[World, bytes]:
    world = World.make()
    return world, world.lta()


def good() -> tuple[World, SignatureClaim]:
    world, cms = made()
    return world, claim(cms)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_mutated_files_give_a_verdict(data: st.DataObject) -> None:
    world, whole = made()
    cms = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 3))):
        cms[data.draw(st.integers(0, len(cms) - 1))] = data.draw(st.integers(0, 255))
    try:
        claims = read_tolerant(bytes(cms), CONTENT)
    except FormatFailure:
        return
    for found in claims:
        verdict = world.judge(found, AT + 3 * DAY, ETSI)
        if verdict.passed:
            assert found.signer.message_digest == claim(world.b()).signer.message_digest


FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "issuer": st.none() | JUNK,
    "serial": st.none() | st.integers(),
    "key_id": st.none() | JUNK,
    "digest_algorithm": st.sampled_from(["sha256", "sha1", "md5", "unknown:00", ""]),
    "signature_algorithm": st.sampled_from(
        ["ecdsa-p256-sha256", "rsa-pkcs1-sha256", "rsa-pss-sha256", "ed25519", "dsa-sha1", "unknown:00", ""]
    ),
    "signature": JUNK,
    "content_type_attribute": st.none() | st.text(max_size=5),
    "message_digest": st.none() | JUNK,
    "signed_attributes": st.none() | JUNK,
    "ess_certificates": st.lists(
        st.tuples(st.sampled_from(["sha256", "sha1", "shake"]), JUNK, st.none() | JUNK, st.none() | st.integers())
    ).map(tuple),
    "algorithm_protection": st.none() | st.booleans(),
    "policy_id": st.none() | st.text(max_size=5),
    "deviations": st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=2).map(tuple),
}


@settings(max_examples=120, deadline=None)
@given(st.fixed_dictionaries({}, optional=FIELDS), st.lists(JUNK, max_size=3), st.lists(JUNK, max_size=3))
def test_junk_in_a_claim_gives_a_verdict(fields: dict[str, Any], certificates: list[bytes], lists: list[bytes]) -> None:
    world, found = good()
    signer = replace(found.signer, **fields)
    bent = replace(found, signer=signer, certificates=(*found.certificates, *certificates), crls=(*found.crls, *lists), ocsps=tuple(lists))
    evidence = world.evidence(AT + 3 * DAY, *lists) + Evidence((), tuple(certificates), tuple(certificates), (), tuple(lists))
    verdict = validate(bent, evidence, AT + 3 * DAY, ETSI)
    essential = {"digest_algorithm", "signature_algorithm", "signature", "message_digest", "signed_attributes"}
    if any(getattr(signer, name) != getattr(found.signer, name) for name in essential):
        assert not verdict.passed
        assert any(not check.passed for check in verdict.checks)


@pytest.mark.parametrize("anchors", [(), (b"",), (b"\x30\x00",)])
def test_without_a_readable_anchor_there_is_no_chain(anchors: tuple[bytes, ...]) -> None:
    _, found = good()
    assert validate(found, Evidence(anchors), AT + 3 * DAY, ETSI).sub_indication == "NO_CERTIFICATE_CHAIN_FOUND"


def test_many_certificates_lists_and_proofs_take_no_long_time() -> None:
    world, found = good()
    strangers = tuple(World.make("crowd", name=f"Người {number}").signer.certificate_der for number in range(60))
    lists = tuple(dict.fromkeys(crl for number in range(60) for crl in world.owner.crls(AT - number * DAY)))
    proofs = [ProofOfExistence(number.to_bytes(32), AT + timedelta(seconds=number), "receipt", None) for number in range(5000)]
    bent = replace(found, certificates=(*found.certificates, *strangers), signature_tokens=found.signature_tokens * 8)
    evidence = world.evidence(AT + 3 * DAY, *lists)
    with at_most():
        verdict = validate(bent, evidence, AT + 3 * DAY, ETSI, proofs)
        assert verdict.passed
