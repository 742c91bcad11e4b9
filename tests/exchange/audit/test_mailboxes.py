"""Lines of mailboxes, which nothing signs: what they must be follows from what is signed, with roads between the agencies and without."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from exchange.audit import ArchiveReport, TrustFolder, audit_archive
from exchange.domain.lifecycle import Operation, StatusCode
from exchange.edxml.model import Business
from tests.exchange.audit.test_evasions import opened
from tests.exchange.axis.field import DEPARTMENT, DISTRICT, NEIGHBOUR, PROVINCE, Doc, at, file_url, open_field, pki, report, send, take

DOC = Doc(PROVINCE, (DEPARTMENT, DISTRICT), "15")
OTHER = Doc(PROVINCE, (NEIGHBOUR,), "16")
RECALL = replace(DOC, business=Business(Operation.RECALL, "ban hành nhầm"))
Build = Callable[[Path], None]


def build(path: Path) -> None:
    """A document fetched, reported and recalled; another taken back before it was fetched; a report refused."""
    axis = open_field(file_url(path))
    send(axis, PROVINCE, DOC.package(), 0)
    send(axis, PROVINCE, OTHER.package(), 0)
    send(axis, PROVINCE, report(PROVINCE, OTHER, StatusCode.TAKE_BACK, to=NEIGHBOUR), 1)
    axis.settle(at(60))
    take(axis, DEPARTMENT, 60)
    for code in (StatusCode.ARRIVED, StatusCode.REGISTERED, StatusCode.AGREED):  # nobody had asked for anything
        send(axis, DEPARTMENT, report(DEPARTMENT, DOC, code), 70)
    axis.settle(at(100))
    take(axis, PROVINCE, 100)
    send(axis, PROVINCE, RECALL.package(), 200)
    axis.settle(at(300))
    take(axis, DEPARTMENT, 300)
    axis.seal(at(400))
    axis.close()


@pytest.fixture(scope="module", params=["roads", "no roads"])
def archive(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("mailboxes") / "axis.db"
    with pytest.MonkeyPatch.context() as patched:
        if request.param == "no roads":
            patched.setattr("tests.exchange.axis.field.HOPS", ())
        build(path)
    return path


def audited(archive: Path, folder: Path, *statements: str) -> ArchiveReport:
    path = folder / "changed.db"
    shutil.copy(archive, path)
    with closing(opened(path)) as db:
        for statement in statements:
            assert db.execute(statement).rowcount == 1, statement
    return audit_archive(path, trust=TrustFolder((pki().root.certificate_der,), crls=pki().crls(at(0))))


def told(found: ArchiveReport) -> set[tuple[str, str]]:
    return {(one.place.table, one.rule) for one in found.findings}


def counted(archive: Path, query: str) -> int:
    with closing(sqlite3.connect(archive)) as db:
        return int(db.execute(query).fetchone()[0])


REPORTS = "SELECT count(*) FROM mailbox m JOIN package p ON p.id = m.package WHERE p.kind != 'edoc' OR p.operation = 1"
ROADS = "SELECT count(*) > 0 FROM delivery WHERE route != ''"


def of(kind: str, more: str = "1") -> str:
    """The first line of a mailbox with a package of this kind."""
    return f"(SELECT m.id FROM mailbox m JOIN package p ON p.id = m.package WHERE p.kind = '{kind}' AND {more} ORDER BY m.id LIMIT 1)"


REPORT, REQUEST = of("status", "p.id IN (SELECT package FROM status WHERE code = '01')"), of("edoc", "p.operation = 1")
FETCHED = of("edoc", "p.operation = 0 AND m.outcome = 'fetched'")
LINE = "INSERT INTO mailbox (organ, package, available_at, open, outcome, reason, closed_at, rank)"
CHANGES: dict[str, tuple[str, str]] = {
    "a report in no mailbox": (f"DELETE FROM mailbox WHERE id = {REPORT}", "mailbox-missing"),
    "a report in another mailbox": (f"UPDATE mailbox SET organ = 'H17' WHERE id = {REPORT}", "mailbox-differs"),
    "a report in nobody's mailbox": (f"UPDATE mailbox SET organ = 'x' WHERE id = {REPORT}", "mailbox-differs"),
    "a report in one mailbox more": (
        f"{LINE} SELECT 'H17', package, available_at, open, outcome, reason, closed_at, rank FROM mailbox WHERE id = {REPORT}",
        "mailbox-extra",
    ),
    "a report before it was sent": (f"UPDATE mailbox SET available_at = available_at - 600 WHERE id = {REPORT}", "mailbox-differs"),
    "a report fetched before it came": (
        f"UPDATE mailbox SET closed_at = available_at - 1 WHERE id = {of('status', 'm.open = 0')}", "mailbox-differs",
    ),
    "a refused report in a mailbox": (
        f"{LINE} SELECT 'H28', r.about, p.admitted_at, 1, '', '', NULL, 4 FROM refusal r JOIN package p ON p.id = r.about"
        " JOIN status s ON s.package = r.about",
        "mailbox-extra",
    ),
    "a request in no mailbox": (f"DELETE FROM mailbox WHERE id = {REQUEST}", "mailbox-missing"),
    "a request in another mailbox": (f"UPDATE mailbox SET organ = 'H17' WHERE id = {REQUEST}", "mailbox-extra"),
    "a request before it was made": (f"UPDATE mailbox SET available_at = available_at - 600 WHERE id = {REQUEST}", "mailbox-differs"),
    "a report that ended in no way there is": (
        f"UPDATE mailbox SET outcome = 'x' WHERE id = {of('status', 'm.open = 0')}", "mailbox-differs",
    ),
    "another reason than the step's": (
        f"UPDATE mailbox SET reason = 'x' WHERE id = {FETCHED}", "mailbox-differs",
    ),
}  # fmt: skip


def test_untouched_it_holds(archive: Path, tmp_path: Path) -> None:
    found = audited(archive, tmp_path)
    assert found.findings == ()
    assert {one.what: one.count for one in found.unchecked}["lines of mailboxes"] == counted(archive, REPORTS)


@pytest.mark.parametrize("change", CHANGES)
def test_every_line_is_where_it_belongs(archive: Path, tmp_path: Path, change: str) -> None:
    statement, rule = CHANGES[change]
    table = "delivery" if "step" in change else "mailbox"
    assert (table, rule) in told(audited(archive, tmp_path, statement))


FETCHES: dict[str, tuple[str, str]] = {
    "never fetched": ("open = 1, outcome = '', closed_at = NULL", "transport = '', transport_at = NULL"),
    "fetched later": ("closed_at = closed_at + 99", "transport_at = transport_at + 99"),
    "failed": ("outcome = 'failed'", "transport = 'failed'"),
    "expired": ("outcome = 'expired'", "transport = 'expired'"),
}


@pytest.mark.parametrize("change", FETCHES)
def test_a_fetch_is_that_of_its_step(archive: Path, tmp_path: Path, change: str) -> None:
    """In the mailbox and in the delivery at once, so that the two agree."""
    line, delivery = FETCHES[change]
    whose = f"(SELECT d.id FROM delivery d JOIN mailbox m ON m.package = d.package AND m.organ = d.organ WHERE m.id = {FETCHED})"
    statements = (f"UPDATE delivery SET {delivery} WHERE id = {whose}", f"UPDATE mailbox SET {line} WHERE id = {FETCHED}")
    assert ("delivery", "mailbox-differs") in told(audited(archive, tmp_path, *statements))


def test_what_never_arrived_was_fetched_by_nobody(tmp_path: Path) -> None:
    path = tmp_path / "axis.db"
    axis = open_field(file_url(path))
    send(axis, PROVINCE, OTHER.package(), 0)
    axis.settle(at(0))
    axis.seal(at(1))
    axis.close()
    assert told(audited(path, tmp_path)) == set()
    assert {one.what: one.count for one in audited(path, tmp_path).unchecked}["what is on its way"] == 1
    fetched = "UPDATE delivery SET transport = 'fetched', transport_at = since + 9 WHERE id = 1"
    assert told(audited(path, tmp_path, fetched)) == {("delivery", "mailbox-differs")}
    stuck = "DELETE FROM crossing WHERE id = (SELECT min(id) FROM crossing)"
    assert ("delivery", "way-missing") in told(audited(path, tmp_path, stuck))


def test_a_document_comes_with_a_package_that_brings_one(archive: Path, tmp_path: Path) -> None:
    phantom = (
        "INSERT INTO document (sender, number, notation, year, document_id, package)"
        f" SELECT 'H28', '77', 'UBND-VX', 2021, 'x', package FROM mailbox WHERE id = {REPORT}"
    )
    assert ("document", "document-differs") in told(audited(archive, tmp_path, phantom))


def test_a_request_never_expires(archive: Path, tmp_path: Path) -> None:
    expired = f"UPDATE mailbox SET open = 0, outcome = 'expired', closed_at = available_at + 9 WHERE id = {REQUEST}"
    assert ("mailbox", "mailbox-differs") in told(audited(archive, tmp_path, expired))


def test_what_needed_nobodys_consent_lies_in_no_mailbox(archive: Path, tmp_path: Path) -> None:
    """It was taken back on its road; where there is none it had arrived, and its recipient was asked."""
    asks = "SELECT p.id FROM package p JOIN status s ON s.package = p.id AND s.code = '13'"
    line = f"{LINE} SELECT 'H28', p.id, p.admitted_at, 1, '', '', NULL, 4 FROM package p WHERE p.id = ({asks})"
    taken_back = counted(archive, "SELECT count(*) FROM delivery WHERE state = 'taken-back'")
    assert taken_back == counted(archive, ROADS)
    assert taken_back + counted(archive, f"SELECT count(*) FROM mailbox WHERE package = ({asks})") == 1
    assert ("mailbox", "mailbox-extra") in told(audited(archive, tmp_path, line))


def test_where_no_road_lies_between_a_report_is_there_at_once(archive: Path, tmp_path: Path) -> None:
    """How long it was on a road nothing signs; without one there is nothing to be on."""
    change = f"UPDATE mailbox SET available_at = available_at + 5 WHERE id = {REPORT}"
    assert told(audited(archive, tmp_path, change)) == (set() if counted(archive, ROADS) else {("mailbox", "mailbox-differs")})


def test_what_is_said_to_be_on_its_way_is_told(archive: Path, tmp_path: Path) -> None:
    """Whoever takes a line away may write that it has not arrived yet: nothing signed contradicts him, and it is counted."""
    way = (
        "INSERT INTO crossing (package, sender, priority, route, step, hop, ready, organ)"
        f" SELECT package, 'H28.20', 0, 'bus:H28', 0, 'bus:H28', 0, organ FROM mailbox WHERE id = {REPORT}"
    )
    found = audited(archive, tmp_path, way, f"DELETE FROM mailbox WHERE id = {REPORT}")
    assert found.findings == ()
    assert {one.what: one.count for one in found.unchecked}["what is on its way"] == 1


def test_without_a_register_the_deliveries_say_whose_mailbox_a_code_means(archive: Path, tmp_path: Path) -> None:
    spoilt = "UPDATE evidence SET data = x'00' WHERE kind = 'register'"
    assert not {rule for _, rule in told(audited(archive, tmp_path, spoilt))} & {"mailbox-differs", "mailbox-extra", "mailbox-missing"}
    moved = f"UPDATE mailbox SET organ = 'H17' WHERE id = {REPORT}"
    assert ("mailbox", "mailbox-differs") in told(audited(archive, tmp_path, spoilt, moved))
