"""``truc chaos`` for seconds, on real servers and real processes; and the campaigns that are kept."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from console import campaign as campaigns
from console.campaign import CAMPAIGNS, Campaign
from console.cli import app
from console.locale import catalogue
from tests.judges import needs_postgres, needs_valkey

TEXT = catalogue("en")


@needs_postgres
@needs_valkey
@pytest.mark.slow
def test_a_service_that_is_struck_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Two kills, few agencies: how soon it recovers is for campaigns, on a machine with nothing else to do."""
    from console.chaos.command import Wish, lines, run

    wish = Wish(
        kills=2, seed="3", scenario="load-field", agencies=6, apis=1, workers=1, burst=8, every=0.5, broker=True, disturb=False, json=True,
        cache=tmp_path,
    )  # fmt: skip
    found = run(wish, TEXT, Console(stderr=True, quiet=True))
    tree = found.tree()
    assert (tree["lost"], tree["doubled"], tree["changed"], tree["open"], tree["unanswered"]) == (0, 0, 0, 0, 0), tree
    assert tree["kills_in_all"] == 2
    assert found.reckoning.accepted > 10
    assert found.watched.looks > 3
    assert not found.watched.breaches
    assert not found.held.rejected
    said = list(lines(found, TEXT))
    assert len(said) > 3


def test_the_clock_that_jumps_is_moved_for_those_who_are_told_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import runpy

    clock = tmp_path / "clock"
    clock.write_text("7200\n", "ascii")
    real = time.time
    path = Path(campaigns.__file__).parent / "chaos" / "moved" / "sitecustomize.py"
    monkeypatch.setattr(time, "time", real)
    monkeypatch.delenv("TRUC_MOVED_CLOCK", raising=False)
    runpy.run_path(str(path))
    assert time.time is real
    monkeypatch.setenv("TRUC_MOVED_CLOCK", str(clock))
    runpy.run_path(str(path))
    assert 7190 < time.time() - real() < 7210
    clock.unlink()
    time.sleep(0.25)
    assert abs(time.time() - real()) < 10


def test_campaigns_are_listed_with_what_they_do() -> None:
    done = CliRunner().invoke(app, ["campaign", "--lang", "en"])
    assert done.exit_code == 0
    assert [line for line in done.stdout.splitlines() if not line.startswith(" ")] == list(CAMPAIGNS)
    assert CliRunner().invoke(app, ["campaign", "no-such", "--lang", "en"]).exit_code == 2


def test_a_campaign_is_kept_with_commit_machine_and_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("python", "-c", "import json; print(json.dumps({'lost': 0}))")
    monkeypatch.setitem(campaigns.CAMPAIGNS, "tried", Campaign("tried", words, ("python", "-c", "raise SystemExit(1)")))  # type: ignore[arg-type]
    assert campaigns.campaign("tried", TEXT, records=tmp_path) == 0
    (path,) = tmp_path.glob("tried-*.json")
    record = json.loads(path.read_text("utf-8"))
    assert record["result"] == {"lost": 0}
    assert record["command"] == list(words)
    assert record["machine"]["commit"]
    assert record["machine"]["python"] == sys.version.split()[0]
    assert campaigns.campaign("tried", TEXT, short=True, records=None) == 1, "the campaign's own exit code"
    assert len(list(tmp_path.iterdir())) == 1


def test_without_the_source_repository_a_campaign_says_so(tmp_path: Path) -> None:
    assert campaigns.campaign("tamper-10000", TEXT, root=tmp_path) == 3


@pytest.mark.parametrize("name", sorted(CAMPAIGNS))
def test_every_campaign_names_a_module_or_a_command_that_is_there(name: str) -> None:
    import importlib.util

    for program, *words in (CAMPAIGNS[name].full, CAMPAIGNS[name].short):
        if program == "truc":
            assert CliRunner().invoke(app, [words[0], "--help"]).exit_code == 0
        else:
            assert (program, words[0]) == ("python", "-m")
            assert importlib.util.find_spec(words[1]) is not None
