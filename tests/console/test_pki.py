"""``truc pki``: what it says before it serves, what it serves, and what it needs."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner, Result

from console.cli import app
from signing import TrustServices
from tests.signing.services.asgi import Reply, call


def truc(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["pki", *arguments, "--lang", "en"])


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
