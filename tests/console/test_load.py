"""``truc load`` against the service as it is run: PostgreSQL, a broker, ``truc axis`` and ``truc worker``; and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from console.load.live import sentence, share
from console.load.page import page
from console.locale import LANGUAGES, catalogue
from exchange.store.engine import open_engine
from scenarios.load.run import Moment
from tests.console.test_service import truc
from tests.judges import needs_postgres, needs_valkey
from tests.scenarios.load.rig import rig
from tests.servers import Valkey, free_port

WORDS = ("--agencies", "8", "--rate", "8", "--for", "4s", "--warm-up", "1s")


@pytest.fixture
def tree(tmp_path: Path, postgres_url: str, valkey: Valkey) -> Iterator[tuple[str, dict[str, Any], Path]]:
    """A load of four seconds: its address, its report and its folder."""
    with rig(tmp_path, postgres_url, valkey.url) as service:
        out = tmp_path / "out"
        limits = ("submit.p99<30s", "delivered.p99<60s", "errors.rate<=0%", "submit.rate>=1", "delivered.urgent.p99<60s", "submit.p50<1us")
        words = [word for limit in limits for word in ("--threshold", limit)]
        watch = ("--watch", str(service.axes[0].pid), "--watch", str(service.worker.pid))
        code, said = truc(
            "load",
            service.urls[0],
            *WORDS,
            *words,
            *watch,
            "--urgent-share",
            "0.4",
            "--out",
            str(out),
            "--corpus",
            str(tmp_path / "corpus"),
        )
        assert code == 1, said
        yield service.urls[0], json.loads((out / "load.json").read_text("utf-8")), tmp_path


@needs_postgres
@needs_valkey
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_load_of_the_service_holds_closes_and_says_what_it_did_not_hold(
    tree: tuple[str, dict[str, Any], Path], postgres_url: str
) -> None:
    url, found, folder = tree
    assert [one["holds"] for one in found["thresholds"]] == [True] * 5 + [False]
    assert found["thresholds"][5] | {"value": 0} == {
        "text": "submit.p50<1us", "kind": "seconds", "operator": "<", "limit": 1e-06, "value": 0, "holds": False,
    }  # fmt: skip
    reckoning = found["reckoning"]
    assert reckoning["holds"], reckoning
    assert reckoning["accepted"] == reckoning["receipts_verified"] >= 15
    assert reckoning["pairs"] == 3 * reckoning["accepted"] == reckoning["delivered"] == reckoning["taken"]
    assert [row["stage"] for row in found["stages"]] == ["submit", "verify", "route", "mailbox"]
    assert found["cpu"]["per_document"]["axis"] > 0
    assert found["cpu"]["per_document"]["worker"] > 0
    engine = open_engine(postgres_url)
    with engine.connect() as connection:
        stored = connection.exec_driver_sql("SELECT count(*) FROM delivery WHERE state = 'fetched'").scalar_one()
    engine.dispose()
    assert stored == reckoning["pairs"]
    _again(url, found, folder)
    for lang in LANGUAGES:
        written = page(found, catalogue(lang))
        assert written.startswith("<!doctype html>")
        assert "<script" not in written
        assert written.count("<svg") >= 4


def _again(url: str, base: dict[str, Any], folder: Path) -> None:
    """The same documents once more are not loaded; others are, beside the first run, and the limits of a search are kept. Agencies of
    another seed are strangers.
    """
    code, said = truc("load", url, *WORDS, "--seed", "2", "--corpus", str(folder / "corpus"))
    assert (code, "invalid_client" in said) == (3, True), said
    code, said = truc("load", url, *WORDS, "--urgent-share", "0.4", "--corpus", str(folder / "corpus"))
    assert (code, "series 1 already" in said) == (2, True)
    words = ("--rate", "6", "--for", "3s", "--warm-up", "1s", "--agencies", "8", "--series", "2", "--profile", "files", "--even")
    out = folder / "again"
    code, said = truc("load", url, *words, "--compare", str(folder / "out"), "--out", str(out), "--corpus", str(folder / "corpus"))
    assert code == 0, said
    found = json.loads((out / "load.json").read_text("utf-8"))
    assert found["reckoning"]["accepted"] == 18
    assert {row["name"] for row in found["compared"]} >= {"submit.p99", "delivered.p99", "submit.rate"}
    before = {row["name"]: row["before"] for row in found["compared"]}
    assert before["submit.p99"] == base["summary"]["latencies"]["submit"]["all"]["p99"]
    assert {"profile", "rate", "arrivals"} <= set(found["differing"])
    search = ("--find-limit", "--step", "2s", "--warm-up", "0s", "--rate", "2", "--even", "--agencies", "8", "--profile", "files")
    code, said = truc("load", url, *search, "--limit-submit", "1ms", "--json", "--corpus", str(folder / "corpus"))
    assert code == 1, said
    knee = json.loads(said[said.index("{") :])["knee"]
    assert (knee["held"], [step["rate"] for step in knee["steps"]]) == (None, [2, 1])


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("127.0.0.1:8080",), "is no address of a service"),
        (("ftp://127.0.0.1",), "is no address of a service"),
        (("http://user@127.0.0.1",), "is no address of a service"),
        (("http://127.0.0.1:99999",), "is no address of a service"),
        (("http://192.0.2.1:8080",), "another machine"),
        (("http://127.0.0.1", "--rate", "0"), "--rate"),
        (("http://127.0.0.1", "--rate", "nan"), "--rate"),
        (("http://127.0.0.1", "--for", "soon"), "--for: soon is no duration"),
        (("http://127.0.0.1", "--for", "30h"), "--for"),
        (("http://127.0.0.1", "--for", "5s", "--warm-up", "5s"), "--warm-up"),
        (("http://127.0.0.1", "--shape", "round"), "there is no round"),
        (("http://127.0.0.1", "--profile", "stones"), "there is no stones"),
        (("http://127.0.0.1", "--profile", "broadcast"), "190 recipients"),
        (("http://127.0.0.1", "--agencies", "5000"), "5000 are asked for"),
        (("http://127.0.0.1", "--series", "0"), "--series"),
        (("http://127.0.0.1", "--urgent-share", "1.5"), "between 0 and 1"),
        (("http://127.0.0.1", "--threshold", "p99<1s"), "write METRIC"),
        (("http://127.0.0.1", "--threshold", "submit.p99<1"), "a latency is given in"),
        (("http://127.0.0.1", "--compare", "nowhere.json"), "nowhere.json"),
        (("http://127.0.0.1", "--scenario", "nowhere"), "nowhere"),
        (("http://127.0.0.1", "--scenario", "signed-for-years"), "agencies with software"),
    ],
)
def test_what_cannot_be_followed_is_said_in_one_sentence(words: tuple[str, ...], sentence: str) -> None:
    code, said = truc("load", *words)
    assert code == 2, said
    assert sentence in said
    assert "Traceback" not in said


def test_a_service_that_is_not_there_is_code_3(tmp_path: Path) -> None:
    url, corpus = f"http://127.0.0.1:{free_port()}", tmp_path / "corpus"
    words = ("--agencies", "8", "--rate", "1", "--for", "2s", "--warm-up", "0s", "--corpus", str(corpus))
    code, said = truc("load", url, *words)
    assert (code, said) == (3, f"Nobody answers at {url} (the connection is refused); truc up starts a service.\n")
    assert not corpus.exists(), "nothing is signed for a service that is not there"


@pytest.mark.parametrize(
    ("moment", "said", "done"),
    [
        (Moment(2.2, 8.0, 24, 23, 60, 1, 0.055, 0.4, "load"), "2 of 8 s · due 24 · answered 23", 0.275),
        (Moment(1.0, 30.0, 94, 93, 270, 1, 0.055, 0.4, "drain"), "everything sent · 1 s of at most 30 s", 1 / 30),
        (Moment(0.0, 0.0, 94, 94, 282, 0, 0.0, 0.0, "drain"), "everything sent · 0 s of at most 0 s", 1.0),
        (Moment(1.0, 1.0, 94, 0, 0, 0, 0.0, 0.0, "reckoning"), "reckoning: 100 %", 1.0),
    ],
)
def test_each_phase_says_how_much_of_it_is_over(moment: Moment, said: str, done: float) -> None:
    """And none says 9 of 8 seconds."""
    assert sentence(moment, catalogue("en")).startswith(said)
    assert share(moment) == pytest.approx(done)
