"""The service as a stranger meets it: tokens, submission, mailbox, waiting, problems, pages."""

from __future__ import annotations

import base64
import re
import threading
import time
from dataclasses import replace
from typing import Any

import httpx
import pytest

from exchange.api import Caller
from exchange.client import HttpAxis
from exchange.domain.lifecycle import StatusCode
from exchange.edxml.reader import read
from exchange.errors import Overloaded, StoreUnavailable
from exchange.web.limits import Buckets, WebSettings
from exchange.web.problems import PROBLEMS, answer_of, error_of
from tests.exchange.axis.field import DEPARTMENT, DISTRICT, NEIGHBOUR, PROVINCE, Doc, at, caller, file_url, open_field, report, send, take
from tests.exchange.web.conftest import INSTANT, Served
from tests.exchange.web.host import OPERATOR, hosting

EDXML = {"Content-Type": "application/edxml+xml"}


def basic(organ: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{organ}:{secret}".encode()).decode()}


def problem(answer: httpx.Response, status: int, slug: str) -> dict[str, Any]:
    """The problem that an answer must be."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    said: dict[str, Any] = answer.json()
    assert (said["type"], said["status"]) == (f"/problems/{slug}", status)
    assert said["title"]
    assert said["detail"]
    return said


def test_a_token_is_given_as_oauth_says(served: Served) -> None:
    answer = served.http.post(
        "/oauth2/token", data={"grant_type": "client_credentials", "scope": "receive submit"}, auth=("000.00.00.H28", "secret of H28")
    )
    assert answer.status_code == 200
    said = answer.json()
    assert (said["token_type"], said["expires_in"], said["scope"]) == ("Bearer", 600, "receive submit")
    assert answer.headers["cache-control"] == "no-store"
    assert set(said) == {"access_token", "token_type", "expires_in", "scope"}


@pytest.mark.parametrize(
    ("headers", "body", "status", "error"),
    [
        ({}, "grant_type=client_credentials", 401, "invalid_client"),
        (basic("H28", "wrong"), "grant_type=client_credentials", 401, "invalid_client"),
        (basic("H99", "secret of H28"), "grant_type=client_credentials", 401, "invalid_client"),
        (basic("no code", "x"), "grant_type=client_credentials", 401, "invalid_client"),
        ({"Authorization": "Basic !!!"}, "grant_type=client_credentials", 401, "invalid_client"),
        ({"Authorization": "Basic SDI4"}, "grant_type=client_credentials", 401, "invalid_client"),
        ({"Authorization": "Bearer SDI4"}, "grant_type=client_credentials", 401, "invalid_client"),
        (basic("H28", "secret+of+H28"), "", 400, "invalid_request"),
        (basic("H28", "secret+of+H28"), "grant_type=password", 400, "unsupported_grant_type"),
        (basic("H28", "secret+of+H28"), "grant_type=client_credentials&grant_type=x", 400, "invalid_request"),
        (basic("H28", "secret+of+H28"), "grant_type=client_credentials&scope=everything", 400, "invalid_scope"),
        (basic("H28", "secret+of+H28"), "grant_type=client_credentials&scope=operate", 400, "invalid_scope"),
        (basic("H28", "secret+of+H28"), "&".join(f"a{n}=b" for n in range(50)), 400, "invalid_request"),
        (basic("H28", "secret+of+H28"), "\xff", 400, "invalid_request"),
    ],
)
def test_no_token_is_given_for_less(served: Served, headers: dict[str, str], body: str, status: int, error: str) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = served.http.post("/oauth2/token", content=body.encode("latin-1"), headers={**form, **headers})
    assert (answer.status_code, answer.json()["error"]) == (status, error), answer.text
    assert ("www-authenticate" in answer.headers) is (status == 401)
    assert "secret of" not in answer.text


def test_a_form_of_another_kind_or_size_is_no_form(served: Served) -> None:
    good = basic("H28", "secret+of+H28")
    answer = served.http.post("/oauth2/token", files={"grant_type": (None, "client_credentials")}, headers=good)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    answer = served.http.post("/oauth2/token", data={"grant_type": "x" * 5000}, headers=good)
    problem(answer, 413, "too-large")


def test_a_package_is_received_once_and_its_receipt_given_again(served: Served) -> None:
    package = Doc(PROVINCE, (DEPARTMENT,), "101").package()
    headers = {**served.headers(caller(PROVINCE)), **EDXML}
    first = served.http.post("/v1/packages", content=package, headers=headers)
    again = served.http.post("/v1/packages", content=iter([package[:1000], package[1000:]]), headers=headers)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.content == first.content
    assert served.http.get(first.headers["location"], headers=headers).json() == first.json()


def test_a_rejected_package_is_a_problem_that_names_rule_and_place(served: Served) -> None:
    headers = {**served.headers(caller(PROVINCE)), **EDXML}
    doc = Doc(PROVINCE, (DEPARTMENT,), "102")
    served.http.post("/v1/packages", content=doc.package(), headers=headers)
    other = replace(doc, recipients=(DISTRICT,)).package()
    said = problem(served.http.post("/v1/packages", content=other, headers=headers), 409, "package-rejected")
    assert (said["rule"], said["place"]) == ("duplicate-number", "MessageHeader/Code/CodeNumber")
    said = problem(served.http.post("/v1/packages", content=b"<a", headers=headers), 422, "package-rejected")
    assert said["rule"] == "not-well-formed"
    said = problem(
        served.http.post("/v1/packages", content=Doc(DISTRICT, (PROVINCE,), "1").package(), headers=headers), 403, "package-rejected"
    )
    assert said["rule"] == "sender-mismatch"


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "application/xml"}, {"Content-Type": "multipart/form-data; boundary=x"}, {"Content-Type": ""},
        {**EDXML, "Content-Encoding": "gzip"},
    ],
)  # fmt: skip
def test_a_package_comes_as_it_is_and_in_no_wrapping(served: Served, headers: dict[str, str]) -> None:
    answer = served.http.post("/v1/packages", content=b"x", headers={**served.headers(caller(PROVINCE)), **headers})
    problem(answer, 415, "media-type")


def test_the_four_negotiations_are_packages(served: Served) -> None:
    """A recall is asked and agreed to over HTTP; tests/exchange/axis/test_operations.py runs all of them over it."""
    from tests.exchange.axis.test_operations import RECALL

    doc = replace(RECALL, recipients=(DEPARTMENT,), number="103")
    original = replace(doc, business=Doc(PROVINCE, (), "1").business)
    with HttpAxis(served.url, OPERATOR) as axis:
        receipt = send(axis, PROVINCE, original.package(), 0)  # type: ignore[arg-type]
        axis.settle(at(60))
        take(axis, DEPARTMENT, 60)  # type: ignore[arg-type]
        send(axis, PROVINCE, doc.package(), 100)  # type: ignore[arg-type]
        axis.settle(at(160))
        assert [read(data).edoc.operation.label for data in take(axis, DEPARTMENT, 160)] == ["thu hồi"]  # type: ignore[arg-type]
        send(axis, DEPARTMENT, report(DEPARTMENT, original, StatusCode.AGREED), 200)  # type: ignore[arg-type]
        axis.settle(at(260))
        assert [view.state.value for view in axis.deliveries(caller(PROVINCE), [receipt.package_id])] == ["recalled"]


def test_whoever_waits_at_a_mailbox_hears_of_mail_at_once_and_of_none_in_the_end(served: Served) -> None:
    headers = served.headers(caller(NEIGHBOUR))
    began = time.monotonic()
    assert served.http.get("/v1/mailbox", params={"wait": 0.5}, headers=headers).json() == {"packages": []}
    assert 0.5 <= time.monotonic() - began < 3
    with HttpAxis(served.url, OPERATOR) as axis:
        found: list[Any] = []
        waiting = threading.Thread(target=lambda: found.extend(axis.waiting(caller(NEIGHBOUR), at(3600), wait=20)))
        waiting.start()
        time.sleep(0.3)
        send(served.axis, PROVINCE, Doc(PROVINCE, (NEIGHBOUR,), "104").package(), 0)
        served.axis.settle(at(3000))
        posted = time.monotonic()
        waiting.join(10)
        assert time.monotonic() - posted < 3
        assert [line.sender for line in found] == [PROVINCE]
    problem(served.http.get("/v1/mailbox", params={"wait": 61}, headers=headers), 422, "malformed")


def test_an_agency_waits_at_its_mailbox_so_many_times_at_once(served: Served) -> None:
    headers = served.headers(caller(DISTRICT))
    answers: list[int] = []

    def wait() -> None:
        answers.append(httpx.get(f"{served.url}/v1/mailbox", params={"wait": 1.5}, headers=headers, timeout=20).status_code)

    threads = [threading.Thread(target=wait) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (answers.count(200), answers.count(429)) == (16, 4)


def test_a_service_that_stops_lets_nobody_wait_on() -> None:
    axis = open_field()
    answers: list[httpx.Response] = []
    with httpx.Client(timeout=60) as http:
        with hosting(axis) as url:
            http.base_url = httpx.URL(url)
            headers = Served(axis, http, url).headers(caller(PROVINCE))
            waiting = threading.Thread(target=lambda: answers.append(http.get("/v1/mailbox", params={"wait": 50}, headers=headers)))
            waiting.start()
            time.sleep(0.5)
            began = time.monotonic()
        waiting.join(5)
    assert time.monotonic() - began < 5
    assert [answer.json() for answer in answers] == [{"packages": []}]
    axis.close()


INSTANTS = ("", "yesterday", "2021-09-27T09:00:00", "2021-09-27T09:00:00.5+07:00", "9999-12-31T23:59:59-12:00", "x" * 99)


@pytest.mark.parametrize("instant", INSTANTS)
def test_a_driven_axis_wants_a_whole_instant(served: Served, instant: str) -> None:
    headers = {**served.headers(caller(PROVINCE)), "Truc-Instant": instant}
    problem(served.http.get("/v1/mailbox", headers=headers), 400, "instant")


def test_an_axis_with_a_clock_of_its_own_takes_none_and_follows_the_databases() -> None:
    axis = open_field()
    with hosting(axis, WebSettings()) as url, httpx.Client(base_url=url) as http:
        served = Served(axis, http, url)
        headers = served.headers(caller(PROVINCE))
        problem(http.get("/v1/mailbox", headers=headers), 400, "instant")
        del headers["Truc-Instant"]
        before = time.time()
        answer = http.post("/v1/packages", content=Doc(PROVINCE, (DEPARTMENT,), "9").package(), headers={**headers, **EDXML})
        assert answer.status_code == 201
        with HttpAxis(url, OPERATOR, driven=False) as far:
            admitted = far.receipts_of(caller(PROVINCE), [answer.json()["package_id"]])[0].admitted_at
        assert before - 2 < admitted.timestamp() < time.time() + 2
    axis.close()


def test_each_agency_has_its_own_measure(served: Served) -> None:
    axis = open_field()
    with hosting(axis, replace(WebSettings(driven=True), rate=1, burst=3)) as url, httpx.Client(base_url=url) as http:
        one = Served(axis, http, url)
        headers = one.headers(caller(PROVINCE))
        codes = [http.get("/v1/mailbox", headers=headers).status_code for _ in range(4)]
        assert codes == [200, 200, 429, 429]  # the token was the first
        refused = http.get("/v1/mailbox", headers=headers)
        problem(refused, 429, "too-many-requests")
        assert int(refused.headers["retry-after"]) >= 1
        assert http.get("/v1/mailbox", headers=one.headers(caller(DEPARTMENT))).status_code == 200
    axis.close()


def test_a_bucket_fills_again(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("exchange.web.limits.time.monotonic", lambda: now[0])
    buckets = Buckets(rate=2, burst=2)
    buckets.take(PROVINCE)
    buckets.take(PROVINCE)
    with pytest.raises(Overloaded):
        buckets.take(PROVINCE)
    now[0] += 0.6
    buckets.take(PROVINCE)
    with pytest.raises(Overloaded):
        buckets.take(PROVINCE)


def test_what_is_not_there_is_a_problem_too(served: Served) -> None:
    problem(served.http.get("/v2/anything"), 404, "not-found")
    assert problem(served.http.delete("/v1/packages"), 405, "method-not-allowed")
    assert served.http.delete("/v1/packages").headers["allow"] == "POST"
    headers = served.headers(caller(PROVINCE))
    problem(served.http.get("/v1/mailbox", params={"limit": 0}, headers=headers), 422, "malformed")
    problem(served.http.get("/v1/mailbox/..%2f..%2fetc", headers=headers), 404, "not-found")
    problem(served.http.get("/v1/mailbox/" + "A" * 24, headers=headers), 422, "malformed")
    problem(served.http.get("/v1/directory", params={"after": "?"}, headers=headers), 422, "organ-malformed")
    problem(served.http.get("/v1/deliveries", params={"package": ["0" * 24] * 101}, headers=headers), 422, "malformed")


def test_a_database_that_is_away_is_said_and_not_what_it_is(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    headers = served.headers(caller(PROVINCE))

    def away(*_: object) -> None:
        raise StoreUnavailable("the database is not reachable")

    with monkeypatch.context() as patch:
        patch.setattr(served.axis._mailboxes, "waiting", away)
        refused = served.http.get("/v1/mailbox", headers=headers)
        problem(refused, 503, "store-unavailable")
        assert refused.headers["retry-after"] == "2"
        patch.setattr(served.axis._mailboxes, "waiting", lambda *_: 1 / 0)
        broken = served.http.get("/v1/mailbox", headers=headers)
        problem(broken, 500, "internal-error")
        assert "division" not in broken.text
    assert served.http.get("/v1/mailbox", headers=headers).status_code == 200


@pytest.mark.parametrize("one", [one for one in PROBLEMS if one.error is not None], ids=lambda one: one.slug)
def test_a_problem_is_understood_as_the_exception_it_was(one: Any) -> None:
    error = one.error(*(7 if name == "seconds" else f"a {name}" for name in one.fields))
    answer = answer_of(error)
    back = error_of(answer.body, "http://axis")
    assert answer.status == one.status
    assert (type(back), back.args) == (type(error), error.args)  # type: ignore[union-attr]


def test_the_pages_are_there_and_need_nothing_from_elsewhere(served: Served) -> None:
    assert served.http.get("/healthz").json() == {"status": "ok"}
    assert served.http.get("/readyz").json() == {"status": "ready"}
    page = served.http.get("/docs")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert not re.search(r"<script|src=|href=\"http", page.text)
    assert f"AXIS={str(served.http.base_url).rstrip('/')}\n" in page.text
    for host in ("a/<script>", "a b", "a" * 300):
        assert re.search(r"<pre>AXIS=http://127\.0\.0\.1:\d+$", served.http.get("/docs", headers={"Host": host}).text, re.MULTILINE)
    assert served.http.get("/", follow_redirects=False).headers["location"] == "/docs"
    for path in served.http.get("/openapi.json").json()["paths"]:
        assert path in page.text
    for one in PROBLEMS:
        said = served.http.get(f"/problems/{one.slug}").json()
        assert (said["status"], said["meaning"]) == (one.status, one.meaning)
    problem(served.http.get("/problems/none"), 404, "not-found")


def test_the_example_of_the_documentation_is_a_package_the_axis_takes(served: Served) -> None:
    body = served.http.get("/openapi.json").json()["paths"]["/v1/packages"]["post"]["requestBody"]
    example = body["content"]["application/edxml+xml"]["example"].encode()
    answer = served.http.post("/v1/packages", content=example, headers={**served.headers(caller(PROVINCE)), **EDXML})
    assert answer.status_code == 201, answer.text


def test_a_secret_with_odd_characters_is_brought_over_whole(served: Served) -> None:
    who = Caller(NEIGHBOUR, "a:b c+d%41é\u0111")
    served.axis.enrol(who.organ, who.secret)
    with HttpAxis(served.url, OPERATOR) as axis:
        axis.waiting(who, at(0))
    served.axis.enrol(NEIGHBOUR, caller(NEIGHBOUR).secret)


def test_a_token_that_ends_while_it_is_used_is_renewed_unseen(served: Served) -> None:
    with HttpAxis(served.url, OPERATOR) as axis:
        axis.waiting(caller(DISTRICT), at(0))
        served.axis.enrol(DISTRICT, caller(DISTRICT).secret)
        axis.waiting(caller(DISTRICT), at(0))


def test_two_processes_share_one_axis_on_a_file(tmp_path: Any) -> None:
    url = file_url(tmp_path / "axis.db")
    one, two = open_field(url), open_field(url)
    two_enrolled = Caller(OPERATOR.organ, OPERATOR.secret)
    with hosting(one) as first, hosting(two) as second, HttpAxis(first, two_enrolled) as here, HttpAxis(second, two_enrolled) as there:
        receipt = send(here, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "5").package(), 0)  # type: ignore[arg-type]
        assert send(there, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "5").package(), 9) == receipt  # type: ignore[arg-type]
        assert there.receipts_of(caller(PROVINCE), [receipt.package_id]) == (receipt,)
        assert INSTANT
    one.close()
    two.close()
