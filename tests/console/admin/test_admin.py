"""``truc admin`` on a database that an axis works on: what it prints, what it leaves behind, how it says no."""

from __future__ import annotations

import json
import re
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from console.cli import app
from console.locale import LANGUAGES
from exchange.api import Caller
from exchange.axis import Axis
from exchange.errors import LockedOut, Unauthenticated
from exchange.web.wire import ReceiptBody
from tests.exchange.axis.field import DEPARTMENT, PROVINCE, Doc, at, caller, file_url, open_field, send, take


@pytest.fixture
def url(shared_url: str) -> str:
    return shared_url


@pytest.fixture
def axis(url: str) -> Iterator[Axis]:
    opened = open_field(url)
    yield opened
    opened.close()


def run(url: str, *words: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, ["admin", *words, "--database", url, "--lang", "en"])
    assert done.exit_code == code, done.output
    assert "Traceback" not in done.output
    return done.output


def listed(url: str, *words: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(run(url, *words, "--json"))
    return found


def test_an_agency_is_locked_out_and_let_in_again(axis: Axis, url: str) -> None:
    assert run(url, "lock", "H28.20", "--reason", "stolen", "--operator", "an") == "H28.20 is locked out.\n"
    with pytest.raises(LockedOut, match="stolen"):
        axis.waiting(caller(DEPARTMENT), at(0))
    assert [one["agency"] for one in listed(url, "members") if one["locked"]] == ["H28.20"]
    assert "stolen" in run(url, "members")
    assert run(url, "unlock", "H28.20", "--reason", "found", "--operator", "an") == "H28.20 is let in again.\n"
    assert run(url, "unlock", "H28.20", "--reason", "found", "--operator", "an") == "H28.20 was not locked out.\n"
    assert axis.waiting(caller(DEPARTMENT), at(0)) == ()
    record = [(one["operator"], one["action"], one["agency"], one["reason"], one["rows"]) for one in listed(url, "record")]
    assert record == [
        ("an", "unlock", "H28.20", "found", 0), ("an", "unlock", "H28.20", "found", 1), ("an", "lock", "H28.20", "stolen", 1),
    ]  # fmt: skip


def test_a_new_secret_stands_in_a_file_alone(axis: Axis, url: str, tmp_path: Path) -> None:
    out = tmp_path / "secret"
    said = run(url, "rotate-secret", "H28.20", "--reason", "yearly", "--out", str(out))
    secret = out.read_text().strip()
    assert len(secret) >= 43
    assert secret not in said + run(url, "record") + run(url, "members")
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    with pytest.raises(Unauthenticated):
        axis.waiting(caller(DEPARTMENT), at(0))
    assert axis.waiting(Caller(DEPARTMENT, secret), at(0)) == ()
    run(url, "rotate-secret", "H28.20", "--reason", "again", "--out", str(out), code=2)
    assert axis.waiting(Caller(DEPARTMENT, secret), at(0)) == ()
    run(url, "rotate-secret", "H99", "--reason", "none", "--out", str(tmp_path / "other"), code=1)
    assert not (tmp_path / "other").exists()


def test_mail_is_sent_again(axis: Axis, url: str) -> None:
    receipt = send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "10").package(), 0)
    axis.settle(at(5000))
    first = take(axis, DEPARTMENT, 5000)
    assert run(url, "resend", receipt.package_id, "H28.20", "--reason", "lost") == f"Package {receipt.package_id} waits for H28.20 again.\n"
    assert take(axis, DEPARTMENT, 6000) == first
    assert run(url, "replay", "H28.20", "--since", "2021-09-27", "--reason", "lost") == "1 package waits for H28.20 again.\n"
    assert take(axis, DEPARTMENT, 7000) == first
    assert "never in that mailbox" in run(url, "resend", "x", "H28.20", "--reason", "lost", code=1)
    assert "--since" in run(url, "replay", "H28.20", "--since", "yesterday", "--reason", "lost", code=2)


def test_dead_letters_are_listed_and_put_back(axis: Axis, url: str) -> None:
    assert run(url, "parked") == "Nothing is there.\n"
    assert run(url, "requeue", "--all", "--reason", "mended") == "0 packages put back to work.\n"
    assert run(url, "requeue", "x", "--reason", "mended", code=1) == "Package x is not among the dead letters.\n"
    for words in ([], ["x", "--all"]):
        assert run(url, "requeue", *words, "--reason", "mended", code=2) == "Name packages, or give --all.\n"


def test_receipts_are_held_against_the_database(axis: Axis, url: str, tmp_path: Path) -> None:
    receipts = [send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), str(number)).package(), 0) for number in (10, 11)]
    kept = tmp_path / "receipts.jsonl"
    bodies = [json.loads(ReceiptBody.of(one).model_dump_json()) for one in receipts]
    kept.write_text("".join(json.dumps(one) + "\n" for one in bodies))
    assert run(url, "missing", str(kept)).endswith("2 receipts compared, 0 packages missing.\n")
    lost = {**bodies[0], "package_id": "0" * 24}
    kept.write_text(kept.read_text() + "\n" + json.dumps(lost) + "\n")
    said = run(url, "missing", str(kept), code=1)
    assert "0" * 24 in said
    assert said.endswith("3 receipts compared, 1 package missing.\n")
    for line in ("[]", "{", '{"package_id": 1}', "[" * 50_000, "\xff"):
        kept.write_text(line + "\n", encoding="latin-1")
        assert run(url, "missing", str(kept), code=2) == f"{kept}: line 1 is no receipt: a JSON object with package_id.\n"


def test_what_is_no_axis_database_is_left_alone(tmp_path: Path) -> None:
    assert "no file" in run(file_url(tmp_path / "none.db"), "members", code=3)
    assert not (tmp_path / "none.db").exists()
    assert run("no address", "members", code=2)
    with sqlite3.connect(tmp_path / "other.db") as raw:
        raw.execute("CREATE TABLE recipes (name TEXT)")
    raw.close()
    assert "schema none" in run(file_url(tmp_path / "other.db"), "members", code=3)


def test_a_code_that_is_none_is_said_to_be_none(axis: Axis, url: str) -> None:
    assert "H28..1" in run(url, "lock", "H28..1", "--reason", "x", code=2)
    assert run(url, "lock", "H99", "--reason", "x", code=1) == "H99 is no member of this axis.\n"


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    "words",
    [
        ("requeue", "x", "--reason", "y"),
        ("lock", "H99", "--reason", "y"),
        ("lock", "nowhere", "--reason", "y"),
        ("resend", "x", "H28.20", "--reason", "y"),
        ("replay", "H28.20", "--since", "27/09/2021", "--reason", "y"),
        ("unlock", "H28.20", "--reason", "y"),
        ("lock", "H28.20", "--reason", "y"),
        ("parked",),
    ],
)
def test_what_is_said_is_a_sentence_with_its_full_stop_in_either_language(axis: Axis, url: str, words: tuple[str, ...], lang: str) -> None:
    done = CliRunner().invoke(app, ["admin", *words, "--database", url, "--lang", lang])
    assert done.output.endswith(".\n")
    assert done.output.count("\n") == 1
    assert lang == "en" or re.search(r"\b(is|the|not|was)\b", done.output) is None, done.output
