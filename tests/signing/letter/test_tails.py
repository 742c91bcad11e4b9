"""Revisions after the seal: only what this software appends to make a letter last, down to the byte; judges agree with all of it."""

from __future__ import annotations

import re
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import FormatFailure, LetterRefused, pack_letter, read_letter, read_stamped, unpack_letter
from signing.formats.artefacts import Artefacts
from signing.formats.claims import Level
from signing.formats.letter import tails
from signing.formats.letter.augment import add_document_timestamp, add_store, augment_letter
from signing.formats.letter.claims import LEADER, SEAL, letter_claims
from tests.judges import needs_openssl, needs_pdfsig, needs_pyhanko
from tests.signing.formats.lab import sha
from tests.signing.letter import judges, lab, long_term

EXPECTED = {"B-B": Level.B, "B-T": Level.T, "B-LT": Level.LT, "B-LTA": Level.LTA, "renewed": Level.LTA}
STAMPS = {"B-B": 0, "B-T": 1, "B-LT": 1, "B-LTA": 2, "renewed": 3}


@pytest.mark.parametrize("name", EXPECTED)
def test_each_level_reads_back_as_what_it_is(name: str) -> None:
    found = letter_claims(long_term.levels()[name])
    letter, leader, seal = found.letter, found.leader, found.seal
    assert letter == read_letter(lab.whole())
    assert read_stamped(long_term.levels()[name])[0] == letter
    assert (leader.name, seal.name) == (LEADER, SEAL)
    for claim, slot in ((leader, letter.leader), (seal, letter.seal)):
        assert claim.level is EXPECTED[name]
        assert claim.content("sha256") == slot.content_sha256 == claim.signer.message_digest
        assert claim.signer.signature == slot.message.signature
        assert claim.signer.claimed_at == lab.AT
        assert len(claim.archive_tokens) == STAMPS[name]
        assert all(token.expected("sha256") == token.imprint for token in claim.archive_tokens)


@pytest.mark.parametrize("name", EXPECTED)
def test_the_delivered_letter_is_the_start_of_every_artefact(name: str) -> None:
    assert long_term.levels()[name].startswith(lab.whole())


def test_what_a_document_time_stamp_covers() -> None:
    found = letter_claims(long_term.levels()["renewed"])
    leader, seal = found.leader, found.seal
    values = {sha(leader.signer.signature), sha(seal.signer.signature)}
    first, second, third = seal.archive_tokens
    stored, later = long_term.artefacts(), long_term.artefacts(long_term.LATER)
    assert values <= first.covers
    assert {sha(item) for item in stored.crls}.isdisjoint(first.covers)
    assert {sha(item) for item in (*stored.everything, first.der)} <= second.covers
    assert {sha(item) for item in later.crls}.isdisjoint(second.covers)
    assert {sha(item) for item in (*later.everything, second.der)} <= third.covers
    assert leader.archive_tokens == seal.archive_tokens


def test_the_store_holds_each_artefact_once() -> None:
    archived = long_term.levels()["B-LTA"]
    assert add_store(archived, long_term.artefacts()) == archived
    claim = letter_claims(long_term.levels()["renewed"]).leader
    assert len(set(claim.crls)) == len(claim.crls) == 6
    doubled = Artefacts(crls=lab.pki().crls(long_term.LATER) * 2)
    assert add_store(archived, doubled) == add_store(archived, Artefacts(crls=lab.pki().crls(long_term.LATER)))


def test_a_letter_at_once_and_step_by_step_is_the_same() -> None:
    at = lab.AT + timedelta(days=1)
    stepwise = add_document_timestamp(lab.whole(), long_term.stamper(at))
    stepwise = add_document_timestamp(add_store(stepwise, long_term.artefacts()), long_term.stamper(at))
    once = augment_letter(lab.whole(), Level.LTA, long_term.stamper(at), long_term.artefacts())
    assert len(once) == len(stepwise)
    assert letter_claims(once).leader.level is letter_claims(stepwise).leader.level is Level.LTA


def test_a_store_without_a_time_stamp_reaches_no_level() -> None:
    assert letter_claims(add_store(lab.whole(), long_term.artefacts())).leader.level is Level.B


def test_letters_without_a_tail_pack_as_before() -> None:
    packed = pack_letter(lab.whole())
    assert packed is not None
    assert unpack_letter(packed) == lab.whole()


@settings(max_examples=150)
@given(st.data())
def test_no_byte_of_a_tail_can_change_unseen(data: st.DataObject) -> None:
    """A changed byte breaks the rebuilding, or lies in a token or artefact, where the next time-stamp's imprint tells."""
    whole = long_term.levels()["renewed"]
    at = data.draw(st.integers(len(lab.whole()), len(whole) - 1))
    value = data.draw(st.integers(0, 255).filter(lambda byte: byte != whole[at]))
    changed = whole[:at] + bytes((value,)) + whole[at + 1 :]
    try:
        claim = letter_claims(changed).leader
    except LetterRefused:
        return
    genuine = letter_claims(whole).leader
    broken = [token.expected("sha256") != token.imprint for token in claim.archive_tokens]
    assert any(broken) or claim.archive_tokens[-1].der != genuine.archive_tokens[-1].der


def _objects(data: bytes) -> list[int]:
    return [int(number) for number in re.findall(rb"(?:^|\n)(\d+) 0 obj\n", data[len(lab.whole()) :])]


REFUSED = {
    "a byte more": (lambda letter: letter + b"\n", "later revision"),
    "another catalog entry": (lambda letter: letter.replace(b"/Type/Catalog/DSS", b"/Type/Catalog/OpenAction 9 0 R/DSS"), ""),
    "a field more on the page": (lambda letter: letter.replace(b"/Annots[23 0 R 24 0 R 25 0 R 26 0 R 33 0 R]", b"/Annots[33 0 R]"), ""),
    "a visible time-stamp": (lambda letter: letter.replace(b"/Rect[0 0 0 0]", b"/Rect[0 0 9 9]"), ""),
    "capital digits in a token": (lambda letter: letter[: len(lab.whole())] + letter[len(lab.whole()) :].replace(b"<30820", b"<3082A"), ""),
    "a shorter list of lists": (lambda letter: re.sub(rb"/CRLs\[(\d+ 0 R) ", rb"/CRLs[", letter), ""),
    "a stream of another length": (lambda letter: re.sub(rb"/Length (\d+)>>stream\n0\x82", b"/Length 5>>stream\n0\x82", letter), ""),
    "the end of the last revision": (lambda letter: letter[:-7], "end of file"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_other_tails_are_refused(case: str) -> None:
    change, place = REFUSED[case]
    changed = change(long_term.levels()["B-LTA"])
    assert changed != long_term.levels()["B-LTA"]
    with pytest.raises(LetterRefused) as refusal:
        letter_claims(changed)
    assert refusal.value.place.startswith(place)


def test_a_tail_may_not_be_moved_to_another_letter() -> None:
    other = lab.write("108")
    tail = long_term.levels()["B-T"][len(lab.whole()) :]
    with pytest.raises(LetterRefused):
        letter_claims(other + tail)


def test_a_token_that_does_not_fit_its_room_is_refused() -> None:
    with pytest.raises(FormatFailure, match="does not fit"):
        add_document_timestamp(lab.whole(), long_term.stamper(lab.AT), room=1024)
    roomy = add_document_timestamp(lab.whole(), long_term.stamper(lab.AT), room=8192)
    assert letter_claims(roomy).leader.level is Level.T


def test_a_service_that_stamps_something_else_is_refused() -> None:
    honest = long_term.stamper(lab.AT)
    with pytest.raises(FormatFailure, match="another imprint"):
        augment_letter(lab.whole(), Level.T, lambda digest: honest(bytes(32)))


@pytest.mark.parametrize("item", [b"\x30\x05\x00", b"\x30\x00\x00", b"\x31\x00", b"x", b"\x30\x80\x00\x00"])
def test_only_der_goes_into_the_store(item: bytes) -> None:
    with pytest.raises(LetterRefused, match="DER"):
        add_store(lab.whole(), Artefacts(certificates=(item,)))


def test_renewals_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tails, "MAX_TAILS", 3)
    with pytest.raises(LetterRefused, match="no more than 3"):
        letter_claims(long_term.levels()["renewed"])


def test_fifty_years_of_renewals_fit() -> None:
    """One pair every five years stays far below the limit of a letter."""
    letter = lab.whole()
    for year in range(0, 50, 5):
        at = lab.AT + timedelta(days=365 * year)
        crls = tuple(bytes((0x30, 0x82, 4, 0)) + sha256(bytes((year, n))).digest() * 32 for n in range(3))
        letter = augment_letter(letter, Level.LTA, long_term.stamper(at), Artefacts(crls=crls))
    assert len(letter) < 300_000
    assert len(letter_claims(letter).leader.archive_tokens) == 11


def test_objects_are_numbered_on() -> None:
    numbers = _objects(long_term.levels()["B-T"])
    assert numbers == [3, 18, 33, 34]


@needs_pdfsig
@pytest.mark.parametrize("name", ["B-T", "B-LTA", "renewed"])
def test_pdfsig_calls_both_signatures_valid_and_trusted(name: str, tmp_path: Path) -> None:
    said = judges.pdfsig(long_term.levels()[name], tmp_path)
    assert said.count("Signature is Valid") == 2
    assert said.count("Certificate is Trusted") == 2
    assert said.count("Total document signed") == 1


@needs_pyhanko
@pytest.mark.parametrize("name", ["B-T", "B-LT", "B-LTA", "renewed"])
def test_pyhanko_trusts_all_and_sees_only_long_term_updates(name: str) -> None:
    leader, seal, *stamps = judges.pyhanko_verdicts(long_term.levels()[name])
    assert leader.bottom_line
    assert seal.bottom_line
    assert leader.modification_level.name == "FORM_FILLING"
    assert seal.modification_level.name == "LTA_UPDATES"
    assert len(stamps) == STAMPS[name]
    for stamp in stamps:
        assert stamp.valid
        assert stamp.intact
        assert stamp.trusted
        assert stamp.modification_level.name in ("NONE", "LTA_UPDATES")


@needs_pyhanko
def test_pyhanko_finds_the_store() -> None:
    from io import BytesIO

    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation.dss import DocumentSecurityStore

    store = DocumentSecurityStore.read_dss(PdfFileReader(BytesIO(long_term.levels()["renewed"])))
    assert len(store.crls) == 6
    assert len(list(store.load_certs())) == 3


@needs_pyhanko
@pytest.mark.parametrize("name", ["B-LT", "B-LTA", "renewed"])
def test_pyhanko_needs_nothing_but_the_root_and_what_the_letter_stores(name: str) -> None:
    """Revocation data are required and none are fetched: the store is complete. (pyHanko's own LTA verdict after EN 319 102-1 §5.6 asks
    for a signature-time-stamp inside the CMS, which EN 319 142-1 §6.3 leaves open to a document time-stamp; it is not asked here.)
    """
    assert judges.pyhanko_from_store(long_term.levels()[name], lab.AT)
    short = long_term.artefacts()
    poorer = augment_letter(lab.whole(), Level.LT, long_term.stamper(lab.AT), Artefacts(short.certificates, short.crls[:1]))
    assert not judges.pyhanko_from_store(poorer, lab.AT)


@needs_openssl
def test_openssl_accepts_both_signatures_of_a_renewed_letter(tmp_path: Path) -> None:
    answers = judges.openssl_cades(long_term.levels()["renewed"][: len(lab.whole())], tmp_path)
    assert len(answers) == 2
    assert all("CAdES Verification successful" in answer for answer in answers)
