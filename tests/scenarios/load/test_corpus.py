"""A corpus: every package is what the house's own writer writes, another one than all others, and made once."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from exchange.edxml.attached import MemorySink
from exchange.edxml.model import OutgoingAttachment
from exchange.edxml.reader import EdxmlPackage, read
from exchange.edxml.writer import write_edoc
from exchange.verification import Attachment, judge
from scenarios.load import corpus as corpus_module
from scenarios.load import draw as draw_module
from scenarios.load.corpus import Corpus, prepare
from scenarios.load.draw import Recipe, draw
from scenarios.load.field import Field, FieldTooSmall
from scenarios.load.profiles import PROFILES, Form, Part, Profile
from scenarios.load.writing import POOL
from signing import METER, Validator
from tests.scenarios.load.conftest import issued

Fields = Callable[..., Field]
LETTERS, FILES = PROFILES["letters"], PROFILES["files"]


def opened(package: bytes) -> tuple[EdxmlPackage, list[Attachment]]:
    sink = MemorySink()
    found = read(package, sink)
    blobs = [sink.data[info.ref] for info in found.attachments]
    return found, [Attachment(info.name, data) for info, data in zip(found.attachments, blobs, strict=True)]


def accepted(field: Field, corpus: Corpus, index: int) -> tuple[EdxmlPackage, list[Attachment]]:
    """Read as the axis reads it, judged as the axis judges it."""
    found, attachments = opened(corpus.package(index))
    validator = Validator(issued().pki.trust_store(), issued().policy)
    at = field.parties[0].seal.holder.spec.not_before.replace(year=2027)
    said = judge(found.edoc, attachments, field.directory, validator, at, letter_rule=corpus.recipe.profile.form is Form.LETTER)
    assert said.accepted, said.detail
    assert said.verifies == (2 if corpus.recipe.profile.form is Form.LETTER else 1)
    return found, attachments


@pytest.mark.parametrize("profile", [LETTERS, FILES])
def test_every_package_is_accepted_and_is_known_by_its_digest(field_of: Fields, tmp_path: Path, profile: Profile) -> None:
    field = field_of(8, rsa=profile.rsa)
    corpus = prepare(field, Recipe(profile, 40, 8, urgent_share=0.3), tmp_path)
    numbers = set()
    for index in range(40):
        package, entry = corpus.package(index), corpus.entry(index)
        assert (len(package), sha256(package).digest()) == (entry.size, entry.sha256)
        found, _ = accepted(field, corpus, index) if index % 8 == 0 else opened(package)
        header = found.edoc
        assert header.sender_id == field.parties[entry.sender].organ
        assert header.recipient_ids == tuple(field.parties[place].organ for place in entry.recipients)
        assert len(set(entry.recipients) | {entry.sender}) == profile.recipients + 1
        assert int(header.priority) == entry.urgency
        numbers.add((header.sender_id, header.number, header.notation))
    assert len(numbers) == 40
    assert {corpus.entry(index).urgency > 0 for index in range(40)} == {True, False}


def test_a_letter_comes_back_byte_for_byte_as_the_writer_would_write_it(field: Field, tmp_path: Path) -> None:
    corpus = prepare(field, Recipe(LETTERS, 20, 8), tmp_path)
    for index in (0, 7, 19):
        package = corpus.package(index)
        found, (letter,) = opened(package)
        assert write_edoc(found.edoc, [OutgoingAttachment("van-ban", letter.name, letter.data, "application/pdf")]) == package


@pytest.mark.parametrize("size", [1, 47, 48, 49, 50, 51, POOL, POOL + 47, 2 * POOL + 1_000_001])
def test_files_have_exactly_their_size(field: Field, tmp_path: Path, size: int) -> None:
    profile = Profile("sized", Form.FILE, 1, (Part(1, size, size),))
    corpus = prepare(field, Recipe(profile, 3, 8), tmp_path)
    contents = set()
    for index in range(3):
        _, (file, _) = accepted(field, corpus, index) if index == 0 else opened(corpus.package(index))
        assert len(file.data) == size
        assert sum(len(piece) for piece in corpus.pieces(index)) == corpus.entry(index).size
        contents.add(file.data)
    assert len(contents) == 3 or size < 32


def test_it_is_signed_once_and_then_found(field: Field, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = Recipe(LETTERS, 12, 8)
    told: list[tuple[int, int]] = []
    first = prepare(field, recipe, tmp_path, lambda done, of: told.append((done, of)))
    assert told[-1] == (12, 12)
    before = METER.signs.total()
    again = prepare(field, recipe, tmp_path)
    assert METER.signs.total() - before == 2, "only the first document is written anew, to name the folder"
    assert again.folder == first.folder
    assert [again.entry(index) for index in range(12)] == [first.entry(index) for index in range(12)]
    for other in (Recipe(LETTERS, 12, 8, series=2), Recipe(LETTERS, 13, 8), Recipe(LETTERS, 12, 8, urgent_share=0.5)):
        assert prepare(field, other, tmp_path).folder != first.folder
    monkeypatch.setattr(corpus_module.writing, "LETTER_NAME", "other.pdf")
    assert prepare(field, recipe, tmp_path).folder != first.folder


def test_series_share_no_document(field: Field, tmp_path: Path) -> None:
    one, other = (prepare(field, Recipe(LETTERS, 10, 8, series=series), tmp_path) for series in (1, 2))
    names = [opened(corpus.package(index))[0].edoc for corpus in (one, other) for index in range(10)]
    assert len({(header.sender_id, header.number, header.notation) for header in names}) == 20


def test_what_breaks_off_leaves_nothing_behind(field: Field, tmp_path: Path) -> None:
    class Stopped(Exception):
        pass

    def stop(done: int, _: int) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        prepare(field, Recipe(LETTERS, 5, 8), tmp_path, stop)
    assert list(tmp_path.iterdir()) == []


def test_a_greedy_agency_sends_its_share_and_the_others_the_rest(field: Field) -> None:
    senders = [one.sender for one in draw(field, Recipe(FILES, 2000, 8, greedy_share=0.75))]
    assert senders.count(0) / 2000 == pytest.approx(0.75, abs=0.04)
    assert len(set(senders)) == 8


def test_numbers_beyond_the_largest_go_on_under_another_notation(field: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    assert draw_module.LARGEST_NUMBER == 99_999
    monkeypatch.setattr(draw_module, "LARGEST_NUMBER", 50)
    recipe = Recipe(FILES, 400, 8, greedy_share=0.5)
    names, largest = set(), 0
    for one in draw(field, recipe):
        names.add((one.sender, one.number, one.notation))
        largest = max(largest, one.number)
    assert largest == 50
    assert len(names) == recipe.documents


def test_a_field_too_small_is_said_to_be_so(field_of: Fields) -> None:
    with pytest.raises(FieldTooSmall, match="5000 are asked for"):
        field_of(5000)
    with pytest.raises(ValueError, match="190 recipients"):
        Recipe(PROFILES["broadcast"], 1, 40)


def test_the_mixes_are_those_of_the_peers(field: Field) -> None:
    """X-Road: 30 % of 2 KB, 60 % of 10 KB, 9 % of 100 KB, 0.9 % of 2 MB, 0.1 % of 10 MB. DHX: 30, 10 and 1 threads."""
    sizes = [one.size for one in draw(field, Recipe(PROFILES["x-road"], 20_000, 8))]
    shares = {size: sizes.count(size) / 20_000 for size in set(sizes)}
    expected = {2048: 0.3, 10_240: 0.6, 102_400: 0.09, 2 << 20: 0.009, 10 << 20: 0.001}
    assert shares == {size: pytest.approx(share, abs=max(0.01, share / 20)) for size, share in expected.items() if size in shares}
    assert len(shares) >= 4
    dhx = [one.size for one in draw(field, Recipe(PROFILES["dhx"], 4100, 8))]
    assert sum(size == 102_400 for size in dhx) / 4100 == pytest.approx(30 / 41, abs=0.03)
    assert sum(10 << 20 <= size <= 50 << 20 for size in dhx) / 4100 == pytest.approx(10 / 41, abs=0.03)
    assert max(dhx) <= 200 << 20


def test_the_folder_holds_what_is_read(field: Field, tmp_path: Path) -> None:
    corpus = prepare(field, Recipe(LETTERS, 5, 8), tmp_path)
    assert json.loads((corpus.folder / "corpus.json").read_text("utf-8"))["documents"] == len(corpus) == 5
    corpus.close()
