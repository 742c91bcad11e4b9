"""Letters as the field has them: leaf-only signatures, signers of the first generation and of a public authority, a clock 7 h ahead."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from signing import (
    Authority,
    CadesSigner,
    HolderKind,
    HolderSpec,
    KeyKind,
    LetterReport,
    Pki,
    PkiSpec,
    Purpose,
    SubIndication,
    Tree,
    Validator,
    read_letter,
    verify_letter,
)
from tests.judges import needs_faketime, needs_pdfsig
from tests.signing.letter import judges, lab

FIRST_YEARS = datetime(2016, 5, 5, 9, tzinfo=lab.VN)


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki.build(PkiSpec(seed="letter", trees=tuple(Tree), key_cache=tmp_path_factory.mktemp("keys")))


def _spec(kind: HolderKind, name: str, authority: Authority) -> HolderSpec:
    return HolderSpec(
        kind,
        name,
        authority,
        datetime(2015, 1, 1, tzinfo=lab.VN) if authority.tree is Tree.G1 else datetime(2020, 1, 1, tzinfo=lab.VN),
        datetime(2025, 1, 1, tzinfo=lab.VN),
        organisation="Ủy ban nhân dân tỉnh Hòa Bình" if kind is HolderKind.PERSON else "",
        locality="Hòa Bình",
        key=KeyKind.RSA2048 if authority.tree is Tree.G1 else KeyKind.P256,
    )


def _letter(pki: Pki, leader: Authority, *, leaf_only: bool = False, at: datetime = lab.AT) -> bytes:
    signers = [
        CadesSigner(pki.issue(_spec(kind, name, authority)), leaf_only=leaf_only, purpose=Purpose.LETTER)
        for kind, name, authority in (
            (HolderKind.PERSON, "Nguyễn Văn Ánh", leader),
            (HolderKind.ORGANISATION, "Ủy ban nhân dân tỉnh Hòa Bình", Authority.STATE),
        )
    ]
    return lab.PRESS.issue(lab.PRESS.sign(lab.CONTENT, signers[0], at=at), "107", lab.DAY, signers[1], at=at)


def _verdicts(report: LetterReport) -> list[SubIndication | None]:
    assert report.refusal is None
    return [verdict.sub_indication for verdict in (report.leader, report.seal) if verdict is not None]


def test_a_leaf_only_letter_verifies_where_the_authority_is_known(trees: Pki) -> None:
    """Fewer bytes, the same verdict: the chain is built from the verifier's own store."""
    whole, bare = (_letter(trees, Authority.STATE, leaf_only=leaf_only) for leaf_only in (False, True))
    assert [len(slot.message.signer.certificates) for slot in (read_letter(bare).leader, read_letter(bare).seal)] == [1, 1]
    assert len(bare) < len(whole)
    for letter in (whole, bare):
        assert _verdicts(verify_letter(letter, Validator(trees.trust_store()), lab.AT)) == [None, None]


@needs_pdfsig
@needs_faketime
def test_pdfsig_accepts_a_leaf_only_letter_of_which_it_knows_the_root_alone_as_valid_but_not_as_trusted(trees: Pki, tmp_path: Path) -> None:
    """Why leaf-only is a fault worth teaching: the signature holds, and the reader still cannot say whose it is."""
    said = judges.pdfsig(_letter(trees, Authority.STATE, leaf_only=True), tmp_path, judges.Trust(trees.root.certificate_der, lab.AT))
    assert said.count("Signature is Valid") == 2
    assert said.count("Certificate is Trusted") == 0


def test_a_leader_with_a_public_certificate_has_no_chain_to_the_government(trees: Pki) -> None:
    letter = _letter(trees, Authority.PUBLIC)
    assert _verdicts(verify_letter(letter, Validator(trees.trust_store()), lab.AT)) == [SubIndication.NO_CERTIFICATE_CHAIN_FOUND, None]


def test_a_leader_of_the_first_generation_fails_by_sha1_once_it_has_ended(trees: Pki) -> None:
    """The token signs with SHA-256; what fails in 2021 is the SHA-1 of the certificate's own signature. In 2016 it did not."""
    letter = _letter(trees, Authority.G1_STATE)
    validator = Validator(trees.trust_store())
    assert read_letter(letter).leader.message.signer.signature_algorithm == "rsa-pkcs1-sha256"
    assert _verdicts(verify_letter(letter, validator, lab.AT)) == [SubIndication.CRYPTO_CONSTRAINTS_FAILURE, None]
    early = verify_letter(letter, validator, FIRST_YEARS)
    assert early.leader is not None
    assert early.leader.sub_indication is None


def test_local_time_taken_for_utc_claims_seven_hours_later(trees: Pki) -> None:
    """What a signer's software writes when it labels 09:15 in Hanoi as UTC; the signature itself holds."""
    mislabelled = lab.AT.replace(tzinfo=UTC)
    letter = _letter(trees, Authority.STATE, at=mislabelled)
    assert read_letter(letter).leader.claimed_at == lab.AT + timedelta(hours=7)
    assert _verdicts(verify_letter(letter, Validator(trees.trust_store()), lab.AT)) == [None, None]


def test_trees_change_no_certificate_of_the_second_generation(trees: Pki) -> None:
    """Worlds with and without the other hierarchies are the same to the byte where they overlap."""
    spec = replace(_spec(HolderKind.PERSON, "Người thứ ba", Authority.STATE))
    alone = Pki.build(PkiSpec(seed="letter"))
    assert alone.issue(spec).certificate_der == trees.issue(spec).certificate_der
    assert alone.crl(Authority.STATE, lab.AT) == trees.crl(Authority.STATE, lab.AT)
