"""What no single signature is to blame for must cost something all the same; and what both readers pass in silence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from signing import SignedKind, load_policy, oids, read_signed, validate_document
from signing.formats.sandbox import Sandbox
from tests.judges import needs_pyhanko
from tests.signing.ades.lab import ALONE, World, attribute_der, with_attributes
from tests.signing.formats import foreign_pdfs
from tests.signing.lab import AT, CONTENT, pki

ETSI = load_policy("etsi-baseline")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as box:
        yield box


@needs_pyhanko
def test_bytes_appended_to_a_good_file(sandbox: Sandbox) -> None:
    """Seven bytes behind the signed ones are no revision and change no signature; only the account of bytes sees them (§12.8.1)."""
    evidence = World(pki(), None, None).evidence(AT)  # type: ignore[arg-type]
    good, longer = (read_signed(data, sandbox=sandbox) for data in (foreign_pdfs.signed(), foreign_pdfs.signed() + b"%later\n"))
    assert validate_document(good.claims, evidence, AT, ETSI, findings=good.findings).passed
    verdict = validate_document(longer.claims, evidence, AT, ETSI, findings=longer.findings)
    assert verdict.signatures[0].passed
    assert [check.name for check in verdict.checks if not check.passed] == ["whole-object"]
    assert "7 bytes follow the last signature" in next(check.detail for check in verdict.checks if not check.passed)


@needs_pyhanko
def test_a_field_that_cannot_be_read_beside_a_good_one(sandbox: Sandbox) -> None:
    """Of two signatures the second is spoilt so that it gives no claim; one good signature is then not the whole document (§5.1.3)."""
    found = read_signed(_second_renamed(), sandbox=sandbox)
    assert len(found.claims) == 1
    evidence = World(pki(), None, None).evidence(AT)  # type: ignore[arg-type]
    free = replace(ETSI, findings={**ETSI.findings, "ISO 32000-1 §12.8.2; EN 319 142-1 §5.5": ETSI.severity("claimed-time-present")})
    assert not validate_document(found.claims, evidence, AT, free, findings=found.findings).passed


def _second_renamed() -> bytes:
    head, _, tail = foreign_pdfs.signed_twice().rpartition(b"/ETSI.CAdES.detached")
    return head + b"/ETSI.CAdES.detachXX" + tail


@pytest.mark.parametrize("time", [b"\x17\x0b2109270200Z", b"\x17\x11210927090000+0700"])
def test_a_signing_time_that_is_not_der_is_weighed(time: bytes) -> None:
    """One reader refuses it, the other takes it without a word: the field's policy must hear of it (X.690 §11.8)."""
    world = World.make()
    found = read_signed(with_attributes(world.signer, attribute_der(oids.SIGNING_TIME, time)), CONTENT)
    assert found.kind is SignedKind.DETACHED
    assert world.judge(found.claims[0], AT, ETSI).passed
    assert world.judge(found.claims[0], AT, ETSI).warnings
    assert world.judge(found.claims[0], AT, ALONE).sub_indication == "FORMAT_FAILURE"
