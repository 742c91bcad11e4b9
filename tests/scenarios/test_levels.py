"""Runs with letters made to last: sums and raw operations still exact, a silent, slow or wrong service, archives, later verdicts."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from ssl import DER_cert_to_PEM_cert
from typing import get_args

import pytest

from console.reports.trace_csv import COLUMNS
from exchange.domain.calendar import VN
from scenarios.office.registers import ARCHIVED, Registers
from scenarios.run import RunResult, run
from scenarios.trace import (
    AXIS,
    Befallen,
    Checked,
    Dispatched,
    Issued,
    Judged,
    Preserved,
    Record,
    Registered,
    StampChecked,
    Submitted,
    Timestamped,
)
from scenarios.tracefile import decode, encode
from scenarios.world import pki
from scenarios.world.file import load_world
from scenarios.world.model import World
from scenarios.world.pki import WorldPki
from signing import PackedLetter, SignatureLevel, SubIndication, letter_claims, parse_token, read_stamped, unpack_letter
from tests.judges import needs_faketime, needs_openssl, needs_pdfsig, needs_pyhanko
from tests.scenarios.letters import Fetched, letters_of
from tests.signing.letter import judges

FIRST_DAY = files("scenarios.library").joinpath("first-day.toml").read_text(encoding="utf-8")
TIME_STAMP_SEEN = "Unable to validate this type of signature"
"""What pdfsig says of a document time-stamp: it knows there is one, and no more."""
OUTAGE = "[time-stamping]\noutages = [{ since = 2021-09-27T07:00:00, until = 2021-09-28T07:00:00 }]\n"


@dataclass(frozen=True)
class Lived:
    """One run: its world, records, result and folder."""

    world: World
    records: list[Record]
    result: RunResult
    folder: Path

    def of(self, kind: type) -> list:  # type: ignore[type-arg]
        return [record for record in self.records if isinstance(record, kind)]

    def operations(self, purpose: str) -> dict[str, int]:
        return {one.kind: one.metered for one in self.result.operations if one.purpose == purpose}


Live = Callable[..., Lived]


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Live:
    """Run the teaching world at a level, with tables added to its file."""

    def go(level: str, days: int = 1, tables: str = "", top: str = "") -> Lived:
        folder = tmp_path_factory.mktemp("level")
        text = FIRST_DAY.replace('province = "17"\n', f'province = "17"\nsignature_level = "{level}"\n{top}', 1)
        text = text.replace("value = 750", "value = 2000").replace("[[assumption]]", f"{tables}\n[[assumption]]", 1)
        (folder / "world.toml").write_text(text, encoding="utf-8")
        world = load_world(folder / "world.toml", "1")
        records: list[Record] = []
        result = run(world, days=days, sink=records.append, workdir=folder)
        return Lived(world, records, result, folder)

    return go


@pytest.fixture(scope="module")
def stamped(live: Live) -> Lived:
    return live("B-T")


@pytest.fixture(scope="module")
def archived(live: Live) -> Lived:
    return live("B-LTA", 2, top="control_times = [2021-10-04T09:00:00, 2026-01-05T09:00:00]\n")


# --- nothing changes where nothing is said ---


def test_at_b_b_nothing_is_stamped_and_no_assumption_is_added(live: Live) -> None:
    plain = live("B-B")
    assert not plain.of(Timestamped)
    assert not plain.of(StampChecked)
    assert plain.operations("timestamp") == {"signs": 0, "verifies": 0}
    assert not {"time_stamp_tries", "archive_run_minutes"} & {one.key for one in plain.world.assumptions}
    assert plain.result.survival == ()


def test_the_written_trace_of_worlds_without_time_stamps_keeps_its_columns() -> None:
    """The new records have no field that others had not before, so that a first day's file is the same to the byte."""
    new = {Timestamped, StampChecked, Preserved, Befallen}
    older = {name for kind in get_args(Record) if kind not in new for name in kind.__dataclass_fields__}
    assert {name for kind in new for name in kind.__dataclass_fields__} <= older
    assert set(COLUMNS) - {"record", "instant"} == older


# --- time-stamped before they are sent ---


def test_a_run_at_b_t_is_exact(stamped: Lived) -> None:
    """Both sums, the reconciliation with the axis' own time-stamp rows, and every raw operation."""
    assert stamped.result.holds
    assert stamped.result.disagreements == ()
    assert stamped.operations("timestamp")["signs"] == sum(one.count for one in stamped.of(Timestamped)) > 10
    assert stamped.operations("timestamp")["verifies"] == sum(one.verifies for one in stamped.of(StampChecked)) > 20


def test_every_letter_is_stamped_before_it_is_sent_and_found_so_by_all(stamped: Lived) -> None:
    got = {one.document: one for one in stamped.of(Timestamped)}
    sealed_at = {one.document: one.at for one in stamped.of(Issued) if one.seals}
    sent_at = {one.document: one.at for one in stamped.of(Dispatched)}
    assert got
    assert sent_at.keys() == got.keys()
    for document, one in got.items():
        assert (one.accepted, one.signed_at) == (True, one.at)
        assert sealed_at[document] + 2 <= one.at <= sealed_at[document] + 131
        assert sent_at[document] == one.at
    seen = stamped.of(StampChecked)
    assert {one.document for one in seen if one.agency == AXIS} == {one.document for one in stamped.of(Judged)}
    assert {(one.agency, one.document) for one in seen if one.agency != AXIS} == {(one.agency, one.document) for one in stamped.of(Checked)}
    assert all(one.signed_at == got[one.document].signed_at for one in seen)


def test_the_new_records_come_back_from_the_trace_file(archived: Lived) -> None:
    for kind in (Timestamped, StampChecked, Preserved):
        assert all(decode(encode(one)) == one for one in archived.of(kind))
        assert archived.of(kind)


def test_the_same_seed_gives_the_same_bytes(live: Live, stamped: Lived) -> None:
    assert [encode(one) for one in live("B-T").records] == [encode(one) for one in stamped.records]


# --- a service that is silent, slow or wrong ---


def test_a_silent_service_lets_letters_go_without_after_three_tries(live: Live) -> None:
    silent = live("B-T", tables=OUTAGE)
    assert silent.result.holds
    tried = silent.of(Timestamped)
    assert {(one.accepted, one.messages, one.count, one.reason) for one in tried} == {(False, 3, 0, "silent")}
    sealed_at = {one.document: one.at for one in silent.of(Issued) if one.seals}
    assert {one.at - sealed_at[one.document] for one in tried} == {540}
    assert {one.document for one in silent.of(Submitted) if one.kind == "edoc"} == {one.document for one in tried}
    assert all(one.accepted for one in silent.of(Judged))
    assert not silent.of(StampChecked)


def test_a_slow_service_delays_sending(live: Live, stamped: Lived) -> None:
    slow = live("B-T", tables=OUTAGE.replace("outages", "slow").replace(" }", ", seconds = 170 }"))
    assert slow.result.holds
    sealed_at = {one.document: one.at for one in slow.of(Issued) if one.seals}
    assert {one.at - sealed_at[one.document] for one in slow.of(Dispatched)} == {170}
    assert {one.document for one in slow.of(Timestamped)} == {one.document for one in stamped.of(Timestamped)}


def test_a_service_slower_than_patience_is_as_good_as_none(live: Live) -> None:
    slow = live("B-T", tables=OUTAGE.replace("outages", "slow").replace(" }", ", seconds = 180 }"))
    assert {(one.accepted, one.reason, one.count) for one in slow.of(Timestamped)} == {(False, "slow", 0)}


def test_lost_requests_are_asked_again(live: Live) -> None:
    table = '[[assumption]]\nkey = "time_stamp_lost_share"\nvalue = 0.5\nlabel = "share of requests that get no answer"\n'
    lossy = live("B-T", tables=table)
    assert lossy.result.holds
    assert {one.messages for one in lossy.of(Timestamped) if one.accepted} >= {1, 2}


@pytest.mark.parametrize(("how", "signed"), [("unavailable", 0), ("imprint", 3), ("nonce", 3)])
def test_an_answer_to_another_question_is_not_used(live: Live, how: str, signed: int) -> None:
    """The software sees it, asks again and goes without; tokens signed in vain are counted all the same."""
    wrong = live("B-T", tables=OUTAGE.replace("outages", "wrong").replace(" }", f', how = "{how}" }}'))
    assert wrong.result.holds
    reason = "unavailable" if how == "unavailable" else "wrong"
    assert {(one.accepted, one.count, one.reason) for one in wrong.of(Timestamped)} == {(False, signed, reason)}
    assert all(one.accepted for one in wrong.of(Judged))


@pytest.mark.parametrize(
    ("how", "refused", "why"),
    [
        ("signature", True, SubIndication.SIG_CRYPTO_FAILURE),
        ("stale", True, SubIndication.TIMESTAMP_ORDER_FAILURE),
        ("revoked-certificate", False, SubIndication.REVOKED_NO_POE),
    ],
)
def test_a_wrong_token_is_found_out_by_who_reads_the_letter(live: Live, how: str, refused: bool, why: SubIndication) -> None:
    """Forged and ante-dated ones refuse the letter; one of a revoked unit proves nothing, and the letter holds without it."""
    wrong = live("B-T", tables=OUTAGE.replace("outages", "wrong").replace(" }", f', how = "{how}" }}'))
    assert wrong.result.holds
    assert all(one.accepted for one in wrong.of(Timestamped))
    said = {(one.accepted, one.rule, one.sub_indication) for one in wrong.of(Judged)}
    assert said == ({(False, "letter-time-stamp", str(why))} if refused else {(True, "accepted", "")})
    if not refused:
        assert {one.sub_indication for one in wrong.of(StampChecked)} == {str(why)}
        assert any(one.agency != AXIS for one in wrong.of(StampChecked))


# --- archives ---


def copies(lived: Lived) -> list[tuple[str, bytes, bytes, str]]:
    """Document, delivered bytes, archived bytes and level of every archived copy."""
    registers = Registers(lived.folder / "offices.db")
    try:
        return [
            (
                row["document"],
                unpack_letter(PackedLetter(row["delivered_template"], row["delivered_tail"])),
                unpack_letter(PackedLetter(row["template"], row["tail"])),
                row["level"],
            )
            for row in registers.rows(ARCHIVED)
        ]
    finally:
        registers.close()


def test_a_run_at_b_lta_is_exact(archived: Lived) -> None:
    assert archived.result.holds
    assert archived.operations("timestamp")["signs"] == sum(one.count for one in archived.of(Timestamped))
    assert {one.kind for one in archived.of(Timestamped)} == {"document", "archive"}


LISTS = "[revocation-lists]\n{how} = [{{ {more}since = 2021-09-28T00:00:00, until = 2021-09-29T00:00:00 }}]\n"


@pytest.mark.parametrize("how", ["outages", "unavailable", "stale"])
def test_a_night_without_lists_is_made_up_for_in_the_next(how: str, live: Live) -> None:
    """Nothing is to be had, or only what was published before the letters were stamped: the copies wait, and lose nothing by it."""
    wrong = how != "outages"
    tables = LISTS.format(how="wrong" if wrong else how, more=f'how = "{how}", ' if wrong else "")
    late = live("B-LTA", 3, tables=tables)
    assert late.result.holds
    assert {one.at // 86_400 for one in late.of(Preserved)} == {2}
    assert {level for *_, level in copies(late)} == {"B-T", "B-LTA"}


def test_slow_lists_make_the_night_longer(live: Live) -> None:
    slow = live("B-LT", 2, tables=LISTS.format(how="slow", more="seconds = 7200, "))
    assert slow.result.holds
    assert {2.5 <= one.at % 86_400 / 3_600 < 4 for one in slow.of(Preserved)} == {True}


def test_lists_whose_signature_is_broken_are_kept_and_found_worthless_later(live: Live) -> None:
    """Every copy is called B-LTA, and none of them outlives its signers' certificates."""
    broken = live("B-LTA", 2, tables=LISTS.format(how="wrong", more='how = "signature", '), top="control_times = [2026-01-05T09:00:00]\n")
    assert broken.result.holds
    kept = [one for one in broken.result.survival if one.level == "B-LTA"]
    assert kept
    assert {one.indication for one in kept} == {"INDETERMINATE"}


def test_what_is_kept_begins_with_what_was_delivered(archived: Lived) -> None:
    """Every registered letter has its copy; a night later it is at the level asked for, and the delivered bytes are as they were."""
    found = copies(archived)
    assert len(found) == len(archived.of(Registered))
    levels = {level for *_, level in found}
    assert levels == {"B-T", "B-LTA"}
    for _, delivered, kept, level in found:
        assert kept.startswith(delivered)
        assert (kept == delivered) == (level == "B-T")
        read = letter_claims(kept)
        claims = (read.leader, read.seal)
        assert {claim.level.value for claim in claims} == {level}


def test_archives_work_at_night_with_lists_newer_than_the_letter(archived: Lived) -> None:
    for one in archived.of(Preserved):
        hour = one.at % 86_400 / 3_600
        assert 0.5 <= hour < 2
        assert one.accepted
    assert archived.of(Preserved)


def test_a_letter_without_a_time_stamp_gets_one_first_and_its_lists_a_night_later(live: Live) -> None:
    """The service works again at night: time-stamped on the first, its lists and archive time-stamp on the second."""
    late = live("B-LTA", 3, tables=OUTAGE.replace("2021-09-28T07", "2021-09-28T00"))
    assert late.result.holds
    unstamped = {one.document for one in late.of(Timestamped) if one.kind == "document" and not one.accepted}
    days: dict[str, list[tuple[int, str]]] = {}
    for one in late.of(Preserved):
        days.setdefault(f"{one.agency} {one.document}", []).append((one.at // 86_400, one.level))
    steps = [days[key] for key in days if key.partition(" ")[2] in unstamped]
    assert steps
    assert all(step[:2] == [(1, "B-T"), (2, "B-LTA")] for step in steps if len(step) > 1)
    assert any(len(step) > 1 for step in steps)


def test_what_the_later_verdicts_say_is_counted_from_every_copy(archived: Lived) -> None:
    """A week later all hold; in 2026 the certificates have run out, and only copies with lists and an archive time-stamp hold."""
    soon, late = datetime(2021, 10, 4, 9, tzinfo=VN), datetime(2026, 1, 5, 9, tzinfo=VN)
    counts = {level: sum(found == level for *_, found in copies(archived)) for level in ("B-T", "B-LTA")}
    found = {(one.at, one.level): (one.indication, one.count, bool(one.missing)) for one in archived.result.survival}
    assert found == {
        (soon, "B-T"): ("TOTAL-PASSED", counts["B-T"], False),
        (soon, "B-LTA"): ("TOTAL-PASSED", counts["B-LTA"], False),
        (late, "B-T"): ("INDETERMINATE", counts["B-T"], True),
        (late, "B-LTA"): ("TOTAL-PASSED", counts["B-LTA"], False),
    }


# --- before judges from outside ---


def issued_of(lived: Lived) -> WorldPki:
    return pki.build(lived.world, lived.folder / "keys")


def trust(issued: WorldPki, at: datetime) -> judges.Trust:
    return judges.Trust(issued.pki.root.certificate_der, at, issued.pki.crls(at))


@pytest.fixture(scope="module")
def fetched(stamped: Lived) -> tuple[Fetched, ...]:
    found = tuple(letters_of(stamped.world, issued_of(stamped), stamped.folder))
    assert found
    return found


@needs_pyhanko
def test_pyhanko_accepts_letters_of_a_b_t_run(stamped: Lived, fetched: tuple[Fetched, ...]) -> None:
    for one in fetched[:5]:
        verdicts = judges.pyhanko_verdicts(one.letter, trust(issued_of(stamped), one.admitted_at))
        assert [status.valid and status.trusted for status in verdicts] == [True, True, True]
        assert verdicts[1].modification_level.name == "LTA_UPDATES"


@needs_pdfsig
@needs_faketime
def test_pdfsig_accepts_letters_of_a_b_t_run(stamped: Lived, fetched: tuple[Fetched, ...], tmp_path: Path) -> None:
    for one in fetched[:3]:
        said = judges.pdfsig(one.letter, tmp_path, trust(issued_of(stamped), one.admitted_at))
        assert said.count("Signature is Valid") == said.count("Certificate is Trusted") == 2
        assert said.count("Signature Type: ETSI.CAdES.detached") == 2
        assert said.count(TIME_STAMP_SEEN) == 1


@needs_pyhanko
def test_pyhanko_accepts_copies_of_a_b_lta_archive(archived: Lived) -> None:
    issued, moment = issued_of(archived), datetime(2021, 9, 29, 12, tzinfo=VN)
    kept = [letter for *_, letter, level in copies(archived) if level == SignatureLevel.LTA]
    assert kept
    for letter in kept[:3]:
        verdicts = judges.pyhanko_verdicts(letter, trust(issued, moment))
        assert [status.valid and status.trusted for status in verdicts] == [True] * 4


@needs_pdfsig
@needs_faketime
def test_pdfsig_accepts_copies_of_a_b_lta_archive(archived: Lived, tmp_path: Path) -> None:
    issued, moment = issued_of(archived), datetime(2021, 9, 29, 12, tzinfo=VN)
    kept = next(letter for *_, letter, level in copies(archived) if level == SignatureLevel.LTA)
    said = judges.pdfsig(kept, tmp_path, trust(issued, moment))
    assert said.count("Signature is Valid") == said.count("Certificate is Trusted") == 2
    assert said.count(TIME_STAMP_SEEN) == 2


@needs_openssl
def test_openssl_accepts_every_time_stamp_of_an_archived_copy(archived: Lived, tmp_path: Path) -> None:
    issued = issued_of(archived)
    (tmp_path / "root.pem").write_text(DER_cert_to_PEM_cert(issued.pki.root.certificate_der))
    kept = next(letter for *_, letter, level in copies(archived) if level == SignatureLevel.LTA)
    slots = read_stamped(kept)[1]
    assert len(slots) == 2
    for slot in slots:
        (tmp_path / "token").write_bytes(slot.token)
        asked = ["-digest", slot.content_sha256.hex(), "-token_in", "-in", str(tmp_path / "token"), "-CAfile", str(tmp_path / "root.pem")]
        at = str(int(parse_token(slot.token).info.generated_at.timestamp()))
        done = subprocess.run(["openssl", "ts", "-verify", *asked, "-attime", at], capture_output=True, text=True, check=False)
        assert "Verification: OK" in done.stdout + done.stderr
