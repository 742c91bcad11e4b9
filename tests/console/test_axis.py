"""``truc axis``: the HTTP API as processes of their own, over one PostgreSQL."""

from __future__ import annotations

import signal
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from exchange.client import HttpAxis
from exchange.domain.calendar import VN
from exchange.domain.identifiers import OrganId
from exchange.domain.lifecycle import DeliveryState
from exchange.errors import AxisUnreachable, Unauthenticated
from scenarios.secrets import caller
from scenarios.world.file import load_world
from tests.console.test_service import running, truc, wait_for
from tests.judges import needs_postgres
from tests.servers import free_port

OPERATOR = OrganId("G22")
AT = datetime(2021, 9, 27, 8, 0, tzinfo=VN)


def address(log: Path, process: subprocess.Popen[bytes]) -> str:
    """Where it says that it listens."""
    wait_for(log, "http://127.0.0.1:", process)
    return next(line for line in log.read_text("utf-8").splitlines() if line.startswith("http://"))


@needs_postgres
def test_two_processes_are_one_axis_and_stop_when_told(postgres_url: str, tmp_path: Path) -> None:
    words = ("axis", "first-day", "--database", postgres_url, "--port", "0")
    with running(tmp_path / "one", *words) as one, running(tmp_path / "two", *words) as two:
        members = [agency.id for agency in load_world("first-day", "1").agencies if agency.exchanges]
        for log, process in ((tmp_path / "one", one), (tmp_path / "two", two)):
            with HttpAxis(address(log, process), caller("1", OPERATOR), driven=False) as axis:
                assert axis.count(DeliveryState.RECEIVED) == 0
                assert axis.waiting(caller("1", members[0]), AT) == ()
                with pytest.raises(Unauthenticated):
                    axis.waiting(caller("2", members[0]), AT)
        one.send_signal(signal.SIGTERM)
        two.send_signal(signal.SIGINT)
        assert one.wait(20) == 0, (tmp_path / "one").read_text("utf-8")
        assert two.wait(20) == 0, (tmp_path / "two").read_text("utf-8")


@needs_postgres
def test_a_driven_axis_takes_its_instant_from_the_caller_alone(postgres_url: str, tmp_path: Path) -> None:
    with running(tmp_path / "log", "axis", "first-day", "--database", postgres_url, "--port", "0", "--driven") as process:
        url = address(tmp_path / "log", process)
        with HttpAxis(url, caller("1", OPERATOR)) as axis:
            settled = axis.settle(AT)
            assert settled.mail == ()
            assert axis.seal(AT + timedelta(hours=1)).at == AT + timedelta(hours=1)
        with HttpAxis(url, caller("1", OPERATOR), driven=False) as clockless, pytest.raises(ValueError, match="Truc-Instant"):
            clockless.settle(AT)


def test_what_cannot_be_served_is_said_in_a_sentence(tmp_path: Path) -> None:
    assert truc("axis", "no-such-world", "--database", "sqlite://")[0] == 2
    assert truc("axis", "first-day", "--database", "no address")[0] == 2
    with HttpAxis(f"http://127.0.0.1:{free_port()}", caller("1", OPERATOR), patience=0.2) as nobody, pytest.raises(AxisUnreachable):
        nobody.checkpoint()


@needs_postgres
def test_a_database_that_does_not_answer_is_said_in_a_sentence() -> None:
    code, said = truc("axis", "first-day", "--database", f"postgresql+psycopg://nobody@127.0.0.1:{free_port()}/none")
    assert (code, "not reachable" in said) == (3, True)
