"""``truc pki``: what it says before it serves, what it serves, and what it needs."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from datetime import datetime, tzinfo
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner, Result

from console.cli import app
from exchange.domain.identifiers import OrganId
from scenarios.world.file import load_world
from scenarios.world.pki import build
from signing import HONEST, Authority, Behaviour, TrustServices, Wrong, make_time_stamp_request
from tests.signing.pki.test_ocsp import request_for
from tests.signing.services.asgi import Reply, call


def truc(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["pki", *arguments, "--lang", "en"])


UNAVAILABLE = b"The service cannot answer now.\n"


class Stage:
    """Stands where uvicorn would: keeps the application it was given, and is interrupted at once."""

    def __init__(self) -> None:
        self.app: TrustServices | None = None
        self.listened = False
        self.server = SimpleNamespace(Config=self._config, Server=lambda _: SimpleNamespace(run=self._run))

    def _config(self, app: TrustServices, **_: object) -> None:
        self.app = app

    def _run(self, sockets: list[socket.socket]) -> None:
        with socket.create_connection(sockets[0].getsockname()[:2], timeout=5):
            self.listened = True
        raise KeyboardInterrupt

    def ask(self, path: str, **headers: str) -> Reply:
        assert self.app is not None
        return call(self.app, "GET", path, headers=headers)


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    standing = Stage()
    monkeypatch.setitem(sys.modules, "uvicorn", standing.server)
    return standing


def test_addresses_go_to_standard_output_and_the_moment_is_said(stage: Stage) -> None:
    answer = truc("first-day", "--port", "0", "--at", "2021-09-20")
    assert answer.exit_code == 0, answer.output
    assert stage.listened
    addresses = answer.stdout.split()
    assert {address.rsplit(":", 1)[1].partition("/")[2] for address in addresses} >= {"", "tsa", "ocsp", "crl/state.crl", "ca/root.crt"}
    for promised in ("first-day", "seed 1", "mode: one process", "Mon 20/09/2021 00:00:00", "Test roots", "stands still"):
        assert promised in answer.stderr
    for address in addresses:
        if not address.endswith(("/tsa", "/ocsp")):
            assert stage.ask("/" + address.split("/", 3)[3]).status == 200, address
    assert "2021-09-20T00:00:00+07:00" in stage.ask("/").body.decode()


def test_the_moment_is_the_first_days_morning_unless_given_with_any_offset(stage: Stage) -> None:
    assert truc("first-day", "--port", "0").exit_code == 0
    assert "T08:00:00+07:00" in stage.ask("/").body.decode()
    assert truc("first-day", "--port", "0", "--at", "2021-09-27T02:00:00+00:00").exit_code == 0
    assert "2021-09-27T02:00:00+00:00" in stage.ask("/").body.decode()


def test_the_clock_may_be_the_machines(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    hours = iter(range(8, 24))

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return datetime(2026, 11, 28, next(hours), 30, 0, 999, tz)

    monkeypatch.setattr("console.pki.datetime", Clock)
    answer = truc("first-day", "--port", "0", "--at", "now")
    assert answer.exit_code == 0, answer.output
    assert "The clock is the machine's" in answer.stderr
    assert "stands still" not in answer.stderr
    first, second = (stage.ask("/").body.decode() for _ in range(2))
    for hour, page in ((9, first), (10, second)):
        assert f"moment: 2026-11-28T{hour:02}:30:00+07:00" in page


def test_a_request_sets_its_moment_only_where_admitted(stage: Stage) -> None:
    moment = {"truc-moment": "2021-10-01T09:00:00+07:00"}
    truc("first-day", "--port", "0")
    assert stage.ask("/", **moment).status == 403
    answer = truc("first-day", "--port", "0", "--moment-header")
    assert "Truc-Moment" in answer.stderr
    assert stage.ask("/", **moment).status == 200


def test_another_seed_is_another_pki(stage: Stage) -> None:
    roots = []
    for seed in ("1", "2", "1"):
        truc("first-day", "--port", "0", "--seed", seed)
        roots.append(stage.ask("/ca/root.crt").body)
    assert roots[0] == roots[2] != roots[1]


WINDOW = "since = 2021-09-27T12:00:00, until = 2021-09-27T13:00:00"
OUTSIDE, INSIDE = ("2021-09-27T11:59:59", "2021-09-27T13:00:00"), "2021-09-27T12:00:00"
SERVICES = {
    "time-stamping": ("POST", "/tsa", "application/timestamp-query", "time-stamping"),
    "ocsp": ("POST", "/ocsp", "application/ocsp-request", "OCSP responder"),
    "revocation-lists": ("GET", "/crl/state.crl", "", "revocation lists"),
    "authority-certificates": ("GET", "/ca/state.crt", "", "authority certificates"),
}
BEHAVIOURS = {"silent": f"outages = [{{ {WINDOW} }}]", "slow": f"slow = [{{ {WINDOW}, seconds = 7 }}]"}
WRONG = {"unavailable": Wrong.UNAVAILABLE, "signature": Wrong.SIGNATURE}
BEHAVIOURS |= {how: f'wrong = [{{ {WINDOW}, how = "{how}" }}]' for how in WRONG}


def disturbed(folder: Path, table: str, said: str) -> str:
    """A file of the teaching world with one service disturbed."""
    text = files("scenarios.library").joinpath("first-day.toml").read_text(encoding="utf-8")
    text = text.replace("[[assumption]]", f'signature_level = "B-T"\n[{table}]\n{said}\n\n[[assumption]]', 1)
    path = folder / "world.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


@cache
def questions() -> dict[str, bytes]:
    """What is asked by POST: a time-stamp, and the status of a certificate of this world."""
    holder = build(load_world("first-day", "1")).organisations[OrganId("H28")]
    return {"time-stamping": make_time_stamp_request(bytes(32)), "ocsp": request_for(holder)}


def asked(stage: Stage, table: str, waits: list[float], **headers: str) -> Reply:
    """What the service answers; ``waits`` gets what it paused for."""
    method, path, media_type, _ = SERVICES[table]
    assert stage.app is not None

    async def pause(seconds: float) -> None:
        waits.append(seconds)

    stage.app._pause = pause
    return call(stage.app, method, path, questions().get(table, b""), {"content-type": media_type, **headers})


def given(stage: Stage, table: str, behaviour: Behaviour) -> bytes:
    """What the PKI's own functions give within the window."""
    assert stage.app is not None
    pki, at = stage.app._pki, datetime.fromisoformat(f"{INSIDE}+07:00")
    if table == "time-stamping":
        return pki.timestamp(questions()[table], at, behaviour)
    if table == "ocsp":
        return pki.ocsp(questions()[table], at, behaviour)
    if behaviour.wrong is Wrong.UNAVAILABLE:
        return UNAVAILABLE
    published = pki.crl(Authority.STATE, at) if table == "revocation-lists" else pki.authority(Authority.STATE).certificate_der
    assert published is not None
    return published[:-1] + bytes((published[-1] ^ (behaviour.wrong is Wrong.SIGNATURE),))


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
@pytest.mark.parametrize("table", SERVICES)
def test_a_service_is_disturbed_when_the_world_says_so_and_at_no_other_moment(
    stage: Stage, table: str, behaviour: str, tmp_path: Path
) -> None:
    """As uvicorn would ask: silent, slow, unavailable, or with a broken signature; and the start says which service it is."""
    world, name = disturbed(tmp_path, table, BEHAVIOURS[behaviour]), SERVICES[table][3]
    for moment in OUTSIDE:
        waits: list[float] = []
        answer = truc(world, "--port", "0", "--at", moment)
        assert "Faults: none planned\n" in answer.stderr
        assert asked(stage, table, waits).status == 200
        assert waits == []
    waits = []
    answer = truc(world, "--port", "0", "--at", INSIDE)
    how = behaviour if behaviour in ("silent", "slow") else "wrong"
    assert f"Faults: {name} {how} Mon 27/09/2021 12:00:00 – Mon 27/09/2021 13:00:00\n" in answer.stderr
    reply = asked(stage, table, waits)
    assert waits == ([7] if behaviour == "slow" else [])
    if behaviour == "silent":
        assert reply == Reply(0, {}, b"")
        return
    honest, expected = (given(stage, table, how) for how in (HONEST, Behaviour(wrong=WRONG.get(behaviour))))
    assert reply.body == expected
    assert (expected == honest) is (behaviour == "slow")
    assert reply.status == (503 if expected == UNAVAILABLE else 200)


def test_where_requests_set_the_moment_every_window_is_said_and_each_request_meets_its_own(stage: Stage, tmp_path: Path) -> None:
    answer = truc(disturbed(tmp_path, "revocation-lists", BEHAVIOURS["unavailable"]), "--port", "0", "--moment-header")
    assert "Faults: revocation lists wrong Mon 27/09/2021 12:00:00 – Mon 27/09/2021 13:00:00\n" in answer.stderr
    moments = (OUTSIDE[0], INSIDE, OUTSIDE[1])
    headers = [{"truc-moment": f"{moment}+07:00"} for moment in moments]
    assert [asked(stage, "revocation-lists", [], **one).status for one in headers] == [200, 503, 200]


def test_the_librarys_silent_time_stamping_is_silent(stage: Stage) -> None:
    answer = truc("signed-for-years", "--port", "0", "--at", "2021-09-27T14:00")
    assert "Faults: time-stamping silent" in answer.stderr
    assert asked(stage, "time-stamping", []) == Reply(0, {}, b"")


@pytest.mark.parametrize(
    ("arguments", "code", "named"),
    [
        (lambda _: ("no-such-world",), 2, "no-such-world"),
        (lambda _: ("first-day", "--seed", ""), 2, "--seed"),
        (lambda _: ("first-day", "--at", "yesterday"), 2, "--at: yesterday"),
        (lambda _: ("first-day", "--at", ""), 2, "--at: ''"),
        (lambda _: ("first-day", "--at", "1999-12-31"), 2, "2010"),
        (lambda port: ("first-day", "--port", str(port)), 3, "127.0.0.1"),
    ],
)
def test_what_cannot_be_served_is_said_in_one_sentence(
    stage: Stage, arguments: Callable[[int], tuple[str, ...]], code: int, named: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        answer = truc(*arguments(taken.getsockname()[1]))
    assert (answer.exit_code, answer.stdout) == (code, "")
    assert named in answer.stderr
    assert len(answer.stderr.strip().splitlines()) == 1
    assert not stage.listened


def test_without_uvicorn_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    answer = truc("first-day", "--port", "0")
    assert (answer.exit_code, answer.stdout) == (3, "")
    assert "`service`" in answer.stderr
    assert len(answer.stderr.strip().splitlines()) == 1
