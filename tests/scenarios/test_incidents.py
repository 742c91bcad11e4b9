"""Faults that a world plans: each is the catalogue's, befalls a letter of an ordinary run, and the axis says of it what is expected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path

import pytest

from exchange.domain.calendar import VN
from exchange.domain.identifiers import OrganId
from exchange.faults import PackageFault, accepted_by_axis, package_faults
from scenarios.measures.incidents import Fate, IncidentFold, Outcome
from scenarios.run import RunResult, run
from scenarios.trace import Befallen, Dispatched, Issued, Judged, Record, RefusalReceived, Submitted, Timestamped
from scenarios.tracefile import decode, encode
from scenarios.world import pki
from scenarios.world.file import WorldFileError, load_world
from scenarios.world.incidents import plannable
from scenarios.world.model import IncidentPlan, World
from signing import FaultGroup, every_fault

FIRST_DAY = files("scenarios.library").joinpath("first-day.toml").read_text(encoding="utf-8")
TOY = (Path(__file__).parent / "worlds" / "toy.toml").read_text(encoding="utf-8")
AGENCIES = ("H28", *(f"H28.{number:02d}" for number in (2, 3, 4, 5, 6, *range(30, 36))))
ANNEXES = '\n[[assumption]]\nkey = "annex_share"\nvalue = 0.5\nlabel = "every other letter has an annex"\n'
FILE = FaultGroup.LETTER


def incident(agency: str, fault: str, at: str = "2021-09-27T08:00:00") -> str:
    return f'\n[[incident]]\nagency = "{agency}"\nfault = "{fault}"\nat = {at}\n'


@dataclass(frozen=True)
class Lived:
    """One run with its world and records."""

    world: World
    records: list[Record]
    result: RunResult

    def of(self, kind: type) -> list:  # type: ignore[type-arg]
        return [record for record in self.records if isinstance(record, kind)]

    def outcomes(self) -> tuple[Outcome, ...]:
        fold = IncidentFold()
        for record in self.records:
            handler = fold.handlers().get(type(record))
            if handler is not None:
                handler(record)
        return fold.outcomes(self.world.incidents)


Live = Callable[..., Lived]


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Live:
    def go(text: str, days: int = 1) -> Lived:
        folder = tmp_path_factory.mktemp("incidents")
        (folder / "world.toml").write_text(text, encoding="utf-8")
        world = load_world(folder / "world.toml", "1")
        records: list[Record] = []
        return Lived(world, records, run(world, days=days, sink=records.append, workdir=folder))

    return go


@pytest.fixture(scope="module")
def broken(live: Live) -> Lived:
    """Twelve agencies that time-stamp, and every fault that can be planned, one after the other."""
    tables = "".join(incident(AGENCIES[number % len(AGENCIES)], name) for number, name in enumerate(plannable()))
    text = TOY.replace('province = "17"\n', 'province = "17"\nsignature_level = "B-T"\n', 1).replace("value = 900", "value = 2500")
    return live(text + ANNEXES + tables, days=2)


# --- every fault of the catalogue that can befall a letter ---


def test_every_fault_befalls_one_letter_and_the_run_stays_exact(broken: Lived) -> None:
    """Conservation, reconciliation and raw operations hold, also where a letter cannot be read and its annex can."""
    assert sorted(one.reason for one in broken.of(Befallen)) == sorted(plannable())
    assert len(plannable()) >= 28
    assert broken.result.holds
    assert broken.result.disagreements == ()
    unread = [one for one in broken.of(Judged) if one.rule == "letter-form"]
    assert {one.verifies for one in unread} == {0, 1}, "of some an annex was verified, of others nothing"


def test_the_axis_says_what_the_catalogue_expects(broken: Lived) -> None:
    for one in broken.outcomes():
        fault = plannable()[one.plan.fault]
        assert one.fate is (Fate.ACCEPTED if accepted_by_axis(fault) else Fate.REFUSED), one
    assert {one.fate for one in broken.outcomes()} == {Fate.ACCEPTED, Fate.REFUSED}


def test_the_axis_names_what_was_broken(broken: Lived) -> None:
    """The file where that was changed, else the signature that the catalogue says does not hold."""
    for one in broken.outcomes():
        fault = plannable()[one.plan.fault]
        if one.fate is not Fate.REFUSED:
            continue
        if isinstance(fault, PackageFault):
            assert one.rule == fault.rule, one
            continue
        who = next(number for number, sub in enumerate((*fault.expected.signatures, "file")) if sub is not None)
        expected = "letter-form" if fault.group is FILE else ("leader-signature", "organisation-signature")[who]
        assert one.rule == expected, one


def test_whatever_no_incident_befell_is_accepted(broken: Lived) -> None:
    befallen = {one.document for one in broken.of(Befallen)}
    others = [one for one in broken.of(Judged) if one.document not in befallen]
    assert len(others) > 20
    assert all(one.accepted for one in others)


def test_the_senders_get_their_refusals(broken: Lived) -> None:
    refused = {one.document for one in broken.of(Judged) if not one.accepted}
    assert {one.document for one in broken.of(RefusalReceived)} == refused


def test_it_is_the_first_letter_signed_from_then_on(broken: Lived) -> None:
    for one in broken.of(Befallen):
        issued = next(record for record in broken.of(Issued) if record.document == one.document)
        assert (issued.agency, issued.number, issued.notation, issued.at) == (one.agency, one.number, one.notation, one.at)
        assert any(record.document == one.document and record.channel == "axis" for record in broken.of(Dispatched))
        assert one.at >= 8 * 3600


def test_without_an_answer_of_the_service_the_letter_goes_unstamped(broken: Lived) -> None:
    silent = next(one.document for one in broken.of(Befallen) if one.reason == "stamp-service-silent")
    asked = [(one.accepted, one.reason) for one in broken.of(Timestamped) if one.document == silent]
    assert asked == [(False, "silent")]
    assert all(one.accepted for one in broken.of(Timestamped) if one.document != silent)


def test_second_certificates_are_the_same_peoples(broken: Lived, tmp_path: Path) -> None:
    """The register knows them, so that nothing is wrong but what the catalogue says."""
    issued = pki.build(broken.world, tmp_path)
    assert {broken.world.incidents[number].fault for number, _ in issued.tokens} >= {"signer-revoked", "seal-revoked", "public-authority"}
    for (_, who), holder in issued.tokens.items():
        assert issued.directory.owner(holder.subject) == OrganId(who.partition("/")[0])
    counted = sum(issued.issued_by_agency().values())
    assert counted == len(issued.organisations) + len(issued.persons) + len(issued.former) + len(issued.tokens)


# --- the same seed, nothing planned, nothing happening ---


def test_the_same_seed_gives_the_same_bytes(live: Live) -> None:
    text = FIRST_DAY + incident("H28.13", "text-overwritten") + incident("H28", "signer-suspended")
    one, again = live(text), live(text)
    assert [encode(record) for record in one.records] == [encode(record) for record in again.records]
    assert len(one.of(Befallen)) == 2
    assert all(decode(encode(record)) == record for record in one.of(Befallen))


def test_an_incident_changes_nothing_before_its_moment(live: Live) -> None:
    """And a world without any has neither second certificates nor other hierarchies."""
    plain, other = live(FIRST_DAY), live(FIRST_DAY + incident("H28.13", "comment-added", "2021-09-27T13:00:00"))
    noon = 13 * 3600
    assert [one for one in plain.records if one.at < noon] == [one for one in other.records if one.at < noon]
    assert plain.records != other.records
    assert plain.of(Befallen) == []
    assert plain.world.incidents == ()
    assert pki.build(plain.world).tokens == {}


def test_an_incident_without_a_letter_did_not_happen(live: Live) -> None:
    lived = live(FIRST_DAY + incident("H28.13", "text-overwritten", "2021-09-27T23:00:00"))
    assert [(one.fate, one.letter) for one in lived.outcomes()] == [(Fate.NOT_HAPPENED, None)]
    assert lived.result.holds


def test_two_alike_befall_two_letters_in_order(live: Live) -> None:
    later, sooner = (incident("H28.13", "saved-again", f"2021-09-27T{hour}:00:00") for hour in ("09", "08"))
    lived = live(FIRST_DAY.replace("value = 750", "value = 2000") + later + sooner)
    outcomes = lived.outcomes()
    assert [one.plan.at.hour for one in outcomes] == [8, 9]
    letters = [one.letter for one in outcomes if one.letter is not None]
    assert len({one.document for one in letters}) == 2
    assert letters[0].at <= letters[1].at


# --- what a file may not ask for ---


@pytest.mark.parametrize("fault", ["stamp-demanded", "revoked-later-stamped", "leaf-only-unknown", "sender-dissolved"])
def test_a_fault_that_befalls_no_letter_is_refused_with_those_that_do(fault: str, tmp_path: Path) -> None:
    path = tmp_path / "world.toml"
    path.write_text(FIRST_DAY + incident("H28.13", fault), encoding="utf-8")
    with pytest.raises(WorldFileError) as caught:
        load_world(path, "1")
    assert caught.value.place.startswith("incident.1.fault (line ")
    assert caught.value.rule == f"the fault '{fault}' befalls no letter on its way; those that do are {', '.join(plannable())}"


def test_a_token_is_lent_by_another_agency_or_the_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "world.toml"
    head, *tables = FIRST_DAY.split("[[agency]]")
    alone = [table.replace("[[agency]]", "") + ("software = false\n" if 'id = "H28"' not in table else "") for table in tables]
    planned = incident("H28", "signed-by-another-agency")
    path.write_text("[[agency]]".join([head, *tables]) + planned, encoding="utf-8")
    assert load_world(path, "1").incidents
    path.write_text("[[agency]]".join([head, *alone]) + planned, encoding="utf-8")
    with pytest.raises(WorldFileError, match="no other agency of the file has a seal"):
        load_world(path, "1")
    revoked = "".join(f'\n[[revocation]]\nagency = "{one}"\nrole = "seal"\nat = 2021-09-27T08:00:00\n' for one in ("H28.13", "H28.32"))
    path.write_text(FIRST_DAY + revoked + planned, encoding="utf-8")
    with pytest.raises(WorldFileError, match="both good while it waits for a letter"):
        load_world(path, "1")


@pytest.mark.parametrize(("role", "fault"), [("seal", "sealed-by-another-agency"), ("leader", "signed-by-another-agency")])
def test_a_token_that_is_lent_is_good_so_that_nothing_is_wrong_but_whose_it_is(role: str, fault: str, live: Live) -> None:
    """The first other agency's was revoked the day before: somebody else lends one."""
    revoked = f'\n[[revocation]]\nagency = "H28"\nrole = "{role}"\nat = 2021-09-27T08:00:00\n'
    lived = live(FIRST_DAY + revoked + incident("H28.13", fault, "2021-09-28T08:00:00"), 2)
    (outcome,) = lived.outcomes()
    assert outcome.rule == ("organisation-not-sender" if role == "seal" else "leader-not-of-sender")


def test_whoever_is_lent_a_token_is_not_in_the_register_with_it(broken: Lived) -> None:
    issued = pki.build(broken.world)
    assert {broken.world.incidents[number].fault for number, _ in issued.lent} == {"signed-by-another-agency", "sealed-by-another-agency"}
    for (_, name), holder in issued.lent.items():
        owner = issued.directory.owner(holder.subject)
        assert owner is not None
        assert str(owner) != name.partition("/")[0]


def test_what_is_no_fault_at_all_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "world.toml"
    path.write_text(FIRST_DAY + incident("H28.13", "zzz"), encoding="utf-8")
    with pytest.raises(WorldFileError, match=r"the catalogue has no fault 'zzz' of a letter; there are sound-letter, "):
        load_world(path, "1")


def test_every_fault_with_an_incident_can_be_planned() -> None:
    assert set(plannable()) == {one.name for one in (*every_fault(), *package_faults()) if one.incident is not None}


# --- the fold ---


PLAN = IncidentPlan(OrganId("H28"), "saved-again", datetime(2021, 9, 27, 8, tzinfo=VN))
LETTER = Befallen(30_000, "H28", "d", "1", "QĐ-UBND", "saved-again")


@pytest.mark.parametrize(
    ("said", "fate", "rule"),
    [
        ([], Fate.UNJUDGED, ""),
        ([Submitted(30_060, "H28", "d", "edoc", "", False, "too-large")], Fate.REJECTED, "too-large"),
        ([Submitted(30_060, "H28", "d", "edoc", "p", True, "")], Fate.UNJUDGED, ""),
        ([Judged(30_060, "H28", "d", "p", False, "letter-form", "FORMAT_FAILURE", 0)], Fate.REFUSED, "letter-form"),
        ([Judged(30_060, "H28", "other", "p", False, "letter-form", "FORMAT_FAILURE", 0)], Fate.UNJUDGED, ""),
        (
            [Judged(30_060, "H28", "d", "p", True, "accepted", "", 2), Judged(40_000, "H28", "d", "q", False, "letter-form", "", 0)],
            Fate.ACCEPTED,
            "accepted",
        ),
    ],
)
def test_the_first_word_of_the_axis_counts(said: list[Record], fate: Fate, rule: str) -> None:
    fold = IncidentFold()
    for record in (LETTER, *said):
        fold.handlers()[type(record)](record)
    (outcome,) = fold.outcomes([PLAN])
    assert (outcome.letter, outcome.fate, outcome.rule) == (LETTER, fate, rule)


def test_the_guide_names_every_fault_that_can_be_planned() -> None:
    guide = files("scenarios.library").joinpath("README.md").read_text(encoding="utf-8")
    row = next(line for line in guide.splitlines() if "`[[incident]]`" in line)
    assert [name for name in plannable() if f"`{name}`" not in row] == []
