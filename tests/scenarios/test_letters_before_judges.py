"""Fifty letters of a run before judges from outside: pdfsig and pyHanko call both signatures valid, OpenSSL every extracted CMS.

What the judges get are the bytes a recipient fetches from the axis and the root of the world; the moment is that of the axis' own verdict.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from scenarios.run import run
from scenarios.world import pki
from scenarios.world.file import load_world
from scenarios.world.pki import WorldPki
from tests.judges import needs_faketime, needs_openssl, needs_pdfsig, needs_pyhanko
from tests.scenarios.letters import Fetched, draw, letters_of
from tests.signing.letter import judges
from tests.signing.letter.judges import Trust

CROSSROADS = Path(__file__).parent / "worlds" / "crossroads.toml"
COUNT = 50


@dataclass(frozen=True, slots=True)
class Drawn:
    """Letters drawn from one run, and the PKI of its world, made anew from the world's description."""

    letters: tuple[Fetched, ...]
    issued: WorldPki

    def trust(self, one: Fetched) -> Trust:
        """The world's root and the lists of revoked certificates when the axis judged this letter."""
        return Trust(self.issued.pki.root.certificate_der, one.admitted_at, self.issued.pki.crls(one.admitted_at))


def draw_from(world_name: str | Path, days: int, folder: Path) -> Drawn:
    """Run a world and draw from what its axis holds."""
    world = load_world(world_name, "1")
    result = run(world, days=days, sink=lambda _: None, workdir=folder)
    assert result.holds
    issued = pki.build(world)
    return Drawn(draw(letters_of(world, issued, folder), COUNT), issued)


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    """Letters of a week at the crossroads: every level and both blocs write to each other there."""
    return draw_from(CROSSROADS, 5, tmp_path_factory.mktemp("week"))


def by_pdfsig(one: Fetched, trust: Trust, folder: Path) -> str:
    """pdfsig's objection to a letter, empty for none."""
    said = judges.pdfsig(one.letter, folder, trust)
    good = {
        "Signature Validation: Signature is Valid.": 2,
        "Certificate Validation: Certificate is Trusted.": 2,
        "Not total document signed": 1,
        "Total document signed": 1,
        "Signature Type: ETSI.CAdES.detached": 2,
    }
    return "" if {line: said.count(line) for line in good} == good else said


def by_pyhanko(one: Fetched, trust: Trust, _: Path) -> str:
    """pyHanko's objection, empty for none: both trusted, after the first only fields filled in, after the last nothing at all."""
    found = [
        (status.bottom_line, status.coverage.name, status.modification_level and status.modification_level.name)
        for status in judges.pyhanko_verdicts(one.letter, trust)
    ]
    good = [(True, "ENTIRE_REVISION", "FORM_FILLING"), (True, "ENTIRE_FILE", "NONE")]
    return "" if found == good else f"{found}"


def by_openssl(one: Fetched, trust: Trust, folder: Path) -> str:
    """OpenSSL's objection, empty for none: to either signature of the letter, or to an annex' own."""
    said = judges.openssl_cades(one.letter, folder, trust)
    said += [judges.openssl_detached(signature, data, folder, trust) for data, signature in one.annexes]
    good = [answer for answer in said if "CAdES Verification successful" in answer]
    return "" if len(good) == len(said) == 2 + len(one.annexes) else "\n".join(said)


Objection = Callable[[Fetched, Trust, Path], str]
every_judge = pytest.mark.parametrize(
    "objection",
    [
        pytest.param(by_pdfsig, marks=[needs_pdfsig, needs_faketime], id="pdfsig"),
        pytest.param(by_pyhanko, marks=needs_pyhanko, id="pyhanko"),
        pytest.param(by_openssl, marks=needs_openssl, id="openssl"),
    ],
)


def test_the_letters_are_many_and_various(week: Drawn) -> None:
    """Fifty different files of all levels and both blocs, several types, with annexes and without."""
    assert len({one.letter for one in week.letters}) == COUNT
    assert {one.group[0] for one in week.letters} == {"central", "province", "district", "commune"}
    assert {one.group[1] for one in week.letters} == {"state", "party"}
    assert len({one.sender for one in week.letters}) >= 6
    assert len({one.type for one in week.letters}) >= 5
    assert len({one.admitted_at.date() for one in week.letters}) == 5
    assert 5 <= sum(bool(one.annexes) for one in week.letters) <= COUNT - 5


@every_judge
def test_fifty_letters(week: Drawn, objection: Objection, tmp_path: Path) -> None:
    """No judge objects to any of them."""
    objections = {one.id: said for one in week.letters if (said := objection(one, week.trust(one), tmp_path))}
    assert objections == {}


@every_judge
def test_one_byte_changed(week: Drawn, objection: Objection, tmp_path: Path) -> None:
    """Each judge objects when one bit of the letter's text is another, and to nothing before that."""
    one = week.letters[0]
    assert objection(one, week.trust(one), tmp_path) == ""
    at = one.letter.index(b"\n21 0 obj") + 400  # inside the letter's own objects, which both signatures cover
    changed = replace(one, letter=one.letter[:at] + bytes([one.letter[at] ^ 1]) + one.letter[at + 1 :])
    assert objection(changed, week.trust(one), tmp_path) != ""


@every_judge
def test_another_root(week: Drawn, objection: Objection, tmp_path: Path) -> None:
    """Each judge objects when it is told to trust another world's root."""
    one = week.letters[0]
    other = pki.build(load_world(CROSSROADS, "2")).pki
    assert objection(one, replace(week.trust(one), root=other.root.certificate_der, crls=other.crls(one.admitted_at)), tmp_path) != ""


@pytest.mark.slow
@pytest.mark.timeout(600)
@needs_pdfsig
@needs_faketime
@needs_pyhanko
@needs_openssl
def test_fifty_letters_of_the_province(tmp_path: Path) -> None:
    """The same of a whole province's day: fifty letters of many agencies, no objection from any of the three."""
    drawn = draw_from("hoa-binh-2021", 1, tmp_path)
    assert len({one.letter for one in drawn.letters}) == COUNT
    assert len({one.sender for one in drawn.letters}) == COUNT
    assert {one.group[0] for one in drawn.letters} == {"central", "province", "district", "commune"}
    for objection in (by_pdfsig, by_pyhanko, by_openssl):
        assert {one.id: said for one in drawn.letters if (said := objection(one, drawn.trust(one), tmp_path))} == {}
