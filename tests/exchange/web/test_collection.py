"""Collecting over HTTP: one request confirms, waits and brings; one turn serves all callers, and each gets its own alone."""

from __future__ import annotations

import email
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from exchange.api import Bearer, Fetched, Scope
from exchange.axis import Axis
from exchange.domain.document import Urgency
from exchange.domain.identifiers import OrganId
from exchange.errors import StoreUnavailable
from exchange.web.parcels import read
from tests.exchange.axis.field import (
    ANNEX,
    DEPARTMENT,
    DISTRICT,
    MINISTRY,
    NEIGHBOUR,
    PROVINCE,
    Doc,
    at,
    caller,
    file_url,
    open_field,
    send,
)
from tests.exchange.web.conftest import INSTANT, Served
from tests.exchange.web.host import hosting

PATH = "/v1/mailbox/collection"


def put(axis: Axis, number: str, *recipients: OrganId, size: int = 0) -> tuple[str, bytes]:
    """A document in its recipients' mailboxes."""
    package = Doc(PROVINCE, recipients, number, annexes=(ANNEX, b"x" * size) if size else ()).package()
    name = send(axis, PROVINCE, package, 0).package_id
    axis.settle(at(600))
    return name, package


def collect(served: Served, who: OrganId, *confirmed: str, **asked: Any) -> list[tuple[str, bytes]]:
    """Names and bytes of what a collection brought."""
    said = {"outcomes": [{"package_id": name, "ok": True} for name in confirmed], **asked}
    answer = served.http.post(PATH, json=said, headers=served.headers(caller(who)))
    assert answer.status_code in (200, 204), answer.text
    if answer.status_code == 204:
        assert answer.content == b""
        return []
    parts = read(answer.headers["content-type"], answer.content)
    return [(headers["truc-package"], bytes(data)) for headers, data in parts]


def test_a_page_is_what_any_reader_of_mime_understands(served: Served) -> None:
    name, package = put(served.axis, "501", DEPARTMENT)
    answer = served.http.post(PATH, json={}, headers=served.headers(caller(DEPARTMENT)))
    assert (answer.headers["cache-control"], answer.headers["x-content-type-options"]) == ("no-store", "nosniff")
    message = email.message_from_bytes(b"Content-Type: " + answer.headers["content-type"].encode() + b"\r\n\r\n" + answer.content)
    (part,) = message.get_payload()  # type: ignore[misc]  # of a multipart it is a list
    assert (part["Truc-Package"], part["Truc-Kind"], part["Truc-Sender"]) == (name, "edoc", str(PROVINCE))  # type: ignore[index]
    assert int(part["Truc-Size"]) == int(part["Content-Length"]) == len(package)  # type: ignore[index, arg-type]
    alone = served.http.get(f"/v1/mailbox/{name}", headers=served.headers(caller(DEPARTMENT)))
    assert all(alone.headers[head] == part[head] for head in ("Truc-Kind", "Truc-Sender", "Truc-Priority", "Truc-Available-At"))  # type: ignore[index]
    assert collect(served, DEPARTMENT) == [(name, package)]
    assert collect(served, DEPARTMENT, name) == []


def test_a_long_package_says_where_it_is(served: Served) -> None:
    name, package = put(served.axis, "502", DEPARTMENT, size=1_100_000)
    headers = served.headers(caller(DEPARTMENT))
    answer = served.http.post(PATH, json={}, headers=headers)
    ((said, data),) = read(answer.headers["content-type"], answer.content)
    assert (bytes(data), said["content-length"], said["truc-size"]) == (b"", "0", str(len(package)))
    assert served.http.get(said["content-location"], headers=headers).content == package
    assert collect(served, DEPARTMENT, name) == []


def test_many_who_come_together_are_served_in_one_turn_and_each_alone(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    everybody = (DEPARTMENT, NEIGHBOUR, DISTRICT, MINISTRY)
    name, package = put(served.axis, "503", DEPARTMENT, NEIGHBOUR, DISTRICT)
    own, other = put(served.axis, "504", MINISTRY)
    turns: list[int] = []
    confirm_all = served.axis.confirm_all
    monkeypatch.setattr(served.axis, "confirm_all", lambda said, at: turns.append(len(said)) or confirm_all(said, at))  # type: ignore[func-returns-value]
    for who in everybody:
        served.headers(caller(who))
    with ThreadPoolExecutor(len(everybody)) as threads:
        pages = dict(zip(everybody, threads.map(lambda who: collect(served, who), everybody), strict=True))
        assert pages == {DEPARTMENT: [(name, package)], NEIGHBOUR: [(name, package)], DISTRICT: [(name, package)], MINISTRY: [(own, other)]}
        # the ministry names what is not its own: that is its own affair
        wrong = threads.submit(
            served.http.post, PATH, json={"outcomes": [{"package_id": name, "ok": True}]}, headers=served.headers(caller(MINISTRY))
        )
        left = list(threads.map(lambda who: collect(served, who, name), everybody[:3]))
    assert (wrong.result().status_code, wrong.result().json()["type"]) == (404, "/problems/unknown-package")
    assert left == [[], [], []]
    assert sum(turns) == 4
    assert collect(served, MINISTRY) == [(own, other)]
    assert collect(served, MINISTRY, own) == []


def test_whoever_waits_is_woken_with_the_package_itself(served: Served) -> None:
    found: list[Any] = []
    waiting = threading.Thread(target=lambda: found.extend(collect(served, NEIGHBOUR, wait=20)))
    waiting.start()
    time.sleep(0.5)
    assert not found
    name, package = put(served.axis, "505", NEIGHBOUR)
    waiting.join(10)
    assert found == [(name, package)]
    began = time.monotonic()
    assert collect(served, NEIGHBOUR, name, wait=0.5) == []
    assert 0.5 <= time.monotonic() - began < 5


def test_a_damaged_package_keeps_nobody_elses_mail(served: Served) -> None:
    """It does not leave the store, and the turn it was to be collected in goes on for the others."""
    bad, _ = put(served.axis, "511", DEPARTMENT, DISTRICT)
    good, package = put(served.axis, "512", NEIGHBOUR, MINISTRY)
    digest = "SELECT blob FROM attachment JOIN package ON package.id = attachment.package WHERE package_id = ?"
    with served.axis._store.writing() as work:
        work._cursor.execute(f"UPDATE blob SET sha256 = ? WHERE id = ({digest})", (b"\0" * 32, bad))
    served.axis._store.recent.clear()

    def ask(who: OrganId) -> httpx.Response:
        return served.http.post(PATH, json={"wait": 5}, headers=served.headers(caller(who)))

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(ask, (DEPARTMENT, NEIGHBOUR, DISTRICT, MINISTRY)))
    assert [answer.status_code for answer in answers] == [503, 200, 503, 200]
    for answer in answers[1::2]:
        ((_, data),) = read(answer.headers["content-type"], answer.content)
        assert bytes(data) == package
    said = [Fetched(bad, False, "damaged")]
    for who in (DEPARTMENT, DISTRICT):
        served.axis.confirm(caller(who), said, at(600))
    for who in (NEIGHBOUR, MINISTRY):
        assert collect(served, who, good) == []


def test_a_secret_replaced_while_one_waits_ends_the_waiting(tmp_path: Path) -> None:
    axis = open_field(file_url(tmp_path / "axis.db"))
    answers: list[httpx.Response] = []
    with hosting(axis) as url, httpx.Client(base_url=url, timeout=60) as http:
        headers = Served(axis, http, url).headers(caller(DEPARTMENT))
        waiting = threading.Thread(target=lambda: answers.append(http.post(PATH, json={"wait": 30}, headers=headers)))
        waiting.start()
        time.sleep(0.5)
        axis.enrol(DEPARTMENT, "another secret")
        put(axis, "506", DEPARTMENT)
        waiting.join(10)
        assert [answer.status_code for answer in answers] == [401]
        assert answers[0].json()["type"] == "/problems/token-refused"
    axis.close()


def test_a_service_that_stops_answers_those_who_wait() -> None:
    axis = open_field()
    answers: list[int] = []
    with httpx.Client(timeout=60) as http:
        with hosting(axis) as url:
            http.base_url = httpx.URL(url)
            headers = Served(axis, http, url).headers(caller(PROVINCE))
            waiting = threading.Thread(target=lambda: answers.append(http.post(PATH, json={"wait": 50}, headers=headers).status_code))
            waiting.start()
            time.sleep(0.5)
            began = time.monotonic()
        waiting.join(5)
    assert time.monotonic() - began < 5
    assert answers == [204]
    axis.close()


def test_a_database_that_is_away_is_told_to_who_comes_and_confirms_nothing(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    name, package = put(served.axis, "507", DEPARTMENT)

    def away(*_: Any) -> Any:
        raise StoreUnavailable("the database is not reachable")

    headers = served.headers(caller(DEPARTMENT))
    with monkeypatch.context() as patch:
        patch.setattr(served.axis._mailboxes, "confirm_all", away)
        answer = served.http.post(PATH, json={"outcomes": [{"package_id": name, "ok": True}], "wait": 5}, headers=headers)
        assert (answer.status_code, answer.json()["type"]) == (503, "/problems/store-unavailable")
    assert collect(served, DEPARTMENT) == [(name, package)]
    assert collect(served, DEPARTMENT, name) == []


@pytest.mark.parametrize("said", [{"limit": 0}, {"limit": 1001}, {"wait": 61}, {"wait": -1}, {"outcomes": [{}]}, {"more": 1}, []])
def test_what_is_asked_is_bounded(served: Served, said: Any) -> None:
    answer = served.http.post(PATH, json=said, headers=served.headers(caller(DEPARTMENT)))
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/malformed")


def test_the_bytes_of_one_turn_are_bounded_and_the_rest_come_in_the_next(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exchange.web.mailroom._BYTES", 1)
    name, package = put(served.axis, "508", DEPARTMENT, NEIGHBOUR, DISTRICT)
    everybody = (DEPARTMENT, NEIGHBOUR, DISTRICT)
    with ThreadPoolExecutor(3) as threads:
        assert list(threads.map(lambda who: collect(served, who), everybody)) == [[(name, package)]] * 3
        assert list(threads.map(lambda who: collect(served, who, name), everybody)) == [[]] * 3


def test_who_has_urgent_mail_does_not_wait_for_the_pages_of_others(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exchange.web.mailroom._BYTES", 1)
    everybody = (DEPARTMENT, NEIGHBOUR, DISTRICT)
    urgent = Doc(PROVINCE, (DISTRICT,), "521", priority=Urgency.EXPRESS)
    ordinary = Doc(PROVINCE, everybody, "520")
    turns: list[list[OrganId]] = []
    pages = served.axis.pages

    def told(asked: Sequence[tuple[Bearer, int]], *others: Any) -> Any:
        turns.append([served.axis.authorize(bearer, Scope.RECEIVE) for bearer, _ in asked])
        return pages(asked, *others)

    monkeypatch.setattr(served.axis, "pages", told)
    with ThreadPoolExecutor(3) as threads:
        brought = [threads.submit(collect, served, who, wait=20) for who in everybody]
        time.sleep(1)  # all of them wait
        for one in (ordinary, urgent):
            send(served.axis, PROVINCE, one.package(), 0)
        served.axis.settle(at(600))
        found = [[name for name, _ in one.result()] for one in brought]
        assert list(threads.map(lambda who, names: collect(served, who, *names), everybody, found)) == [[], [], []]
    assert turns[0][0] == DISTRICT
    assert set(turns[0]) == set(everybody)
    assert [len(names) for names in found] == [1, 1, 2]


def test_urgent_mail_without_end_keeps_nobody_from_his(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """A member that calls everything urgent fills every turn with its recipients' mail."""
    monkeypatch.setattr("exchange.web.mailroom._BYTES", 1)
    monkeypatch.setattr("exchange.web.mailroom._PASSED_SECONDS", 0.5)
    for number in range(530, 560):
        send(served.axis, PROVINCE, Doc(PROVINCE, (DISTRICT,), str(number), priority=Urgency.EXPRESS).package(), 0)
    name, package = put(served.axis, "522", NEIGHBOUR)
    answered = threading.Event()

    def flood() -> None:
        while not answered.is_set():
            collect(served, DISTRICT, limit=1)  # never confirmed: always there

    with ThreadPoolExecutor(4) as threads:
        floods = [threads.submit(flood) for _ in range(3)]
        time.sleep(0.5)
        try:
            assert collect(served, NEIGHBOUR, wait=20) == [(name, package)]
        finally:
            answered.set()
        assert all(one.result() is None for one in floods)
    assert collect(served, NEIGHBOUR, name) == []
    while brought := collect(served, DISTRICT):
        collect(served, DISTRICT, *(taken for taken, _ in brought))


GOOD = b"--b\r\nContent-Length: 2\r\n\r\nab\r\n--b--\r\n"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("", GOOD),
        ("multipart/mixed", GOOD),
        ("multipart/mixed; boundary=", GOOD),
        ("text/plain; boundary=b", GOOD),
        ("multipart/mixed; boundary=b", b""),
        ("multipart/mixed; boundary=b", GOOD[:-9]),
        ("multipart/mixed; boundary=b", GOOD.replace(b": 2", b": 1")),
        ("multipart/mixed; boundary=b", GOOD.replace(b": 2", b": 99999999999999999999")),
        ("multipart/mixed; boundary=b", GOOD.replace(b": 2", b": -2")),
        ("multipart/mixed; boundary=b", GOOD.replace(b"Content-Length: 2", b"")),
        ("multipart/mixed; boundary=b", GOOD.replace(b"\r\n\r\n", b"\r\n")),
    ],
)
def test_what_is_no_page_is_not_read(kind: str, body: bytes) -> None:
    ((headers, data),) = read("multipart/mixed; boundary=b", GOOD)
    assert (headers, bytes(data)) == ({"content-length": "2"}, b"ab")
    with pytest.raises(ValueError, match=r"multipart/mixed|part"):
        list(read(kind, body))


def test_the_instant_is_the_callers_where_a_scenario_drives(served: Served) -> None:
    name, package = put(served.axis, "510", DEPARTMENT)
    headers = served.headers(caller(DEPARTMENT))
    early = served.http.post(PATH, json={}, headers={**headers, "Truc-Instant": "2020-01-01T00:00:00+07:00"})
    assert (early.status_code, INSTANT in headers.values()) == (204, True)
    assert collect(served, DEPARTMENT) == [(name, package)]
    assert collect(served, DEPARTMENT, name) == []
