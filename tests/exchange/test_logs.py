"""Logs are JSON lines with the document they are about, and no secret, wherever it stands."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from exchange.logs import about, hidden, set_up

log = logging.getLogger("truc.test")


@pytest.fixture
def lines() -> Iterator[Any]:
    """What was logged so far, parsed; the root logger is as before afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    set_up("worker", "info", stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_line_says_when_who_what_and_about_which_package(lines: Any) -> None:
    log.info("judged", extra=about(package="p-1", accepted=True, rule=None, seconds=0.5))
    log.debug("not this")
    (line,) = lines()
    assert line["at"].endswith("Z")
    assert line["pid"] > 0
    assert {name: line[name] for name in ("level", "part", "logger", "event", "package", "accepted", "rule", "seconds")} == {
        "level": "info", "part": "worker", "logger": "truc.test", "event": "judged", "package": "p-1", "accepted": True, "rule": None,
        "seconds": 0.5,
    }  # fmt: skip


def test_words_of_strangers_stay_on_their_line(lines: Any) -> None:
    log.warning("refused", extra=about(detail='x"}\n{"event": "forged"', long="y" * 10_000, odd=object))
    (line,) = lines()
    assert line["detail"].endswith('"forged"')
    assert len(line["long"]) == 4001


def test_an_exception_is_one_line_with_its_traceback(lines: Any) -> None:
    try:
        raise ValueError("postgresql+psycopg://truc:hush@db/truc is not there")
    except ValueError:
        log.exception("fault")
    (line,) = lines()
    assert line["error"] == "ValueError: postgresql+psycopg://truc:***@db/truc is not there"
    assert "test_logs.py" in line["traceback"]
    assert "hush" not in json.dumps(line)


@pytest.mark.parametrize(
    "words",
    [
        "postgresql+psycopg://truc:hush@db:5432/truc", "redis://:hush@broker/0", "Authorization: Bearer hush.hush-hush_hush",
        "authorization: Basic aHVzaDpodXNoaHVzaA==hush", "client_secret=hush&scope=submit", "secret: hush", "token = 'hush'",
        'access_token="hush"',
    ],
)  # fmt: skip
def test_what_looks_like_a_secret_is_blotted_out(lines: Any, words: str) -> None:
    assert "hush" not in hidden(words)
    log.warning("said %s", words, extra=about(detail=words))
    assert "hush" not in json.dumps(lines())


def test_fields_with_a_telling_name_are_never_written(lines: Any) -> None:
    log.warning("x", extra=about(client_secret="hush", password="hush", access_token=b"hush", Authorization="hush", organ="H28"))
    (line,) = lines()
    assert "hush" not in json.dumps(line)
    assert line["organ"] == "H28"
