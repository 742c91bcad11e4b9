"""One door for every signed object: it says what it is, never raises, and accounts for every byte."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from hashlib import sha256

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signing.formats.claims import Level
from signing.formats.coverage import NOTHING_COVERS, STRUCTURE, Span, joined
from signing.formats.sandbox import Sandbox
from signing.formats.signed_object import SignedKind, SignedObject, read_signed
from tests.judges import needs_pyhanko
from tests.signing.formats import fixtures, foreign_pdfs
from tests.signing.lab import CONTENT, chain_of, good_attributes, person, signed, signed_data, signer_info
from tests.signing.letter import lab, long_term


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as box:
        yield box


def pem(data: bytes, label: str = "CMS") -> bytes:
    """PEM armour (RFC 7468)."""
    return b"-----BEGIN %b-----\n%b-----END %b-----\n" % (label.encode(), base64.encodebytes(data), label.encode())


def accounted(found: SignedObject, size: int) -> bool:
    """Whether the spans cover every byte once, in order."""
    ends = [0, *(span.end for span in found.coverage)]
    return [span.start for span in found.coverage] == ends[:-1] and ends[-1] == size


def test_kinds_are_recognised(sandbox: Sandbox) -> None:
    whole, attached = lab.whole(), fixtures.rich_attributes()
    for data, content, kind, claims in (
        (whole, None, SignedKind.LETTER, 2),
        (long_term.levels()["renewed"], None, SignedKind.LETTER, 2),
        (attached, None, SignedKind.ATTACHED, 1),
        (signed(), CONTENT, SignedKind.DETACHED, 1),
        (fixtures.two_signers(), CONTENT, SignedKind.DETACHED, 2),
        (pem(signed()), CONTENT, SignedKind.DETACHED, 1),
        (pem(attached, "PKCS7"), None, SignedKind.ATTACHED, 1),
    ):
        found = read_signed(data, content, sandbox=sandbox)
        assert (found.kind, len(found.claims), found.refusal, found.findings) == (kind, claims, None, ())
        assert accounted(found, len(data))
        assert all(claim.content("sha256") == claim.signer.message_digest for claim in found.claims)


@needs_pyhanko
def test_foreign_pdfs_come_through_the_same_door(sandbox: Sandbox) -> None:
    found = read_signed(foreign_pdfs.long_term(), sandbox=sandbox)
    assert (found.kind, found.claims[0].level, found.refusal) == (SignedKind.PDF, Level.LTA, None)
    assert accounted(found, len(foreign_pdfs.long_term()))
    assert found.coverage[-1].label == NOTHING_COVERS  # the store for the last time-stamp comes after it


@needs_pyhanko
def test_without_a_sandbox_the_door_makes_its_own() -> None:
    assert len(read_signed(foreign_pdfs.signed()).claims) == 1


@needs_pyhanko
def test_a_letter_with_something_behind_it_is_a_foreign_pdf_that_says_why(sandbox: Sandbox) -> None:
    data = lab.whole() + b"% later\n"
    found = read_signed(data, sandbox=sandbox)
    assert found.kind is SignedKind.PDF
    assert len(found.claims) == 2
    assert "not a letter in good form" in found.findings[0][0]
    assert found.coverage[-1] == Span(len(lab.whole()), len(data), NOTHING_COVERS)


def test_a_cms_around_a_pdf_is_a_cms() -> None:
    """The usual .p7m: the PDF begins within the first hundred bytes."""
    holder, letter = person(), lab.whole()
    content = {"encap_content_info": {"content_type": "data", "content": letter}}
    attributes = good_attributes(holder.certificate_der, sha256(letter).digest())
    data = signed_data([signer_info(holder, attributes)], sorted(chain_of(holder)), **content)
    found = read_signed(data)
    assert found.kind is SignedKind.ATTACHED
    assert found.claims[0].content("sha256") == sha256(letter).digest() == found.claims[0].signer.message_digest


def test_bytes_of_a_letter_are_labelled_by_who_covers_them() -> None:
    found = read_signed(long_term.levels()["B-T"])
    assert found.coverage[0].label == "covered by ky_lanh_dao, dau_co_quan, moc_thoi_gian_1"
    assert "signature value of ky_lanh_dao, covered by dau_co_quan, moc_thoi_gian_1" in [span.label for span in found.coverage]
    assert found.coverage[-1].label == "covered by moc_thoi_gian_1"
    assert NOTHING_COVERS not in [span.label for span in found.coverage]


def test_bytes_of_a_cms_are_labelled() -> None:
    data = fixtures.rich_attributes()
    spans = {span.label: data[span.start : span.end] for span in read_signed(data).coverage if span.label != STRUCTURE}
    claim = read_signed(data).claims[0]
    assert spans["content, covered by signer 1"] == CONTENT
    assert spans["signature value of signer 1"] == claim.signer.signature
    assert claim.signer.signed_attributes is not None
    assert spans["signed attributes, covered by signer 1"][1:] == claim.signer.signed_attributes[1:]
    two = [span.label for span in read_signed(fixtures.two_signers(), CONTENT).coverage]
    assert two.count("signature value of signer 1") == two.count("signature value of signer 2") == 1


def test_trailing_bytes_are_read_past_named_and_covered_by_nothing() -> None:
    found = read_signed(signed() + b"abc", CONTENT)
    assert len(found.claims) == 1
    assert "strict reader refuses" in found.findings[0][0]
    assert found.coverage[-1] == Span(len(signed()), len(signed()) + 3, NOTHING_COVERS)


def test_text_around_a_pem_block_is_a_finding() -> None:
    found = read_signed(b" \n" + pem(signed()) + b"SignedKind regards", CONTENT)
    assert len(found.claims) == 1
    assert "text stands around" in found.findings[0][0]


@pytest.mark.parametrize(
    "data", [b"", b"plain text", b"\x30\x03\x02\x01\x00", b"-----BEGIN CMS-----\nAA-----END CMS-----", b"-----BEGIN KEY-----"]
)
def test_other_bytes_are_refused_with_a_rule(data: bytes) -> None:
    found = read_signed(data)
    assert found.refusal is not None
    assert found.refusal.rule
    assert found.claims == ()
    assert found.kind is SignedKind.UNKNOWN


def test_neighbours_join() -> None:
    assert joined([Span(0, 2, "a"), Span(2, 2, "b"), Span(2, 5, "a"), Span(5, 6, "b")]) == (Span(0, 5, "a"), Span(5, 6, "b"))


SEEDS = {
    "letter": (long_term.levels()["B-LT"], None),
    "attached": (fixtures.rich_attributes(), None),
    "archive": (fixtures.levels()["renewed"], CONTENT),
    "pem": (pem(fixtures.levels()["B-T"]), CONTENT),
}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("name", [pytest.param(name, marks=needs_pyhanko if name == "letter" else ()) for name in SEEDS])
def test_hostile_bytes_never_raise_and_are_accounted_for(name: str, sandbox: Sandbox, data: st.DataObject) -> None:
    """Cut, overwritten and inserted anywhere, and then read through the door."""
    whole, content = SEEDS[name]
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.one_of(st.integers(start, min(start + 40, len(whole))), st.integers(start, len(whole))))
    changed = whole[:start] + data.draw(st.binary(max_size=12)) + whole[end:]
    found = read_signed(changed, content, sandbox=sandbox)
    assert accounted(found, len(changed))
    assert found.claims or found.refusal or found.findings


@needs_pyhanko
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_changed_foreign_pdfs_never_raise_and_are_accounted_for(sandbox: Sandbox, data: st.DataObject) -> None:
    whole = foreign_pdfs.signed()
    start = data.draw(st.integers(0, len(whole)))
    changed = whole[:start] + data.draw(st.binary(max_size=6)) + whole[min(start + data.draw(st.integers(0, 6)), len(whole)) :]
    assert accounted(read_signed(changed, sandbox=sandbox), len(changed))


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_may_come(sandbox: Sandbox, data: bytes) -> None:
    assert accounted(read_signed(data, b"content", sandbox=sandbox), len(data)) or data == b""
