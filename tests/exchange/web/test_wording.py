"""What a caller reads when a request is not taken: place and rule in one sentence of ours, no slug and no parser's words."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from exchange.edxml.rules import NOT_WELL_FORMED, RULES
from exchange.errors import Overloaded, TooManyRequests
from tests.exchange.axis.field import DEPARTMENT, PROVINCE, Doc, caller, send
from tests.exchange.web.conftest import Served
from tests.exchange.web.host import OPERATOR

ROOT = Path(__file__).resolve().parents[3]
NAME = "must be a package's name, 24 of the signs 0-9 and a-f"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("mailbox?wait=99", 'query/wait: must be 60 or less, not "99"'),
        ("mailbox?wait=soon", 'query/wait: must be a number, not "soon"'),
        ("mailbox?limit=0", 'query/limit: must be 1 or more, not "0"'),
        ("mailbox?limit=1.5", 'query/limit: must be a whole number, not "1.5"'),
        (f"mailbox?limit={'x' * 999}", "query/limit: must be a whole number, not a text of 999 characters"),
        ("mailbox/zz", f'path/package_id: {NAME}, not "zz"'),
        ("deliveries", "query/package: must be given"),
        (f"deliveries?{'&'.join(['package=' + 'a' * 24] * 101)}", "query/package: must have 100 entries or fewer, not a list of 101"),
        ("nothing", "GET /v1/nothing: there is nothing at this address; /docs lists what there is."),
    ],
)
def test_a_parameter_that_is_not_taken_is_named_with_its_rule(served: Served, asked: str, said: str) -> None:
    answer = served.http.get(f"/v1/{asked}", headers=served.headers(caller(PROVINCE)))
    assert answer.json()["detail"] == said


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("{", "body: must be JSON in UTF-8"),
        ("[]", "body: must be an object, not a list of 0"),
        ("{}", "body/outcomes: must be given"),
        ('{"outcomes": 3}', "body/outcomes: must be a list, not 3"),
        ('{"outcomes": [], "more": 1}', "body/more: is nothing this route takes"),
        ('{"outcomes": [{"package_id": "x", "ok": true}]}', f'body/outcomes/0/package_id: {NAME}, not "x"'),
        (f'{{"outcomes": [{{"package_id": "{"a" * 24}", "ok": "so"}}]}}', 'body/outcomes/0/ok: must be true or false, not "so"'),
    ],
)
def test_a_body_that_is_not_taken_is_named_with_its_rule(served: Served, body: str, said: str) -> None:
    kind = {**served.headers(caller(PROVINCE)), "Content-Type": "application/json"}
    answer = served.http.post("/v1/mailbox/confirmations", content=body, headers=kind)
    assert answer.json()["detail"] == said


@pytest.mark.parametrize(
    ("package", "place", "said"),
    [
        (b"", "byte 0", "the package is not well-formed XML (it ends before its elements do)"),
        (b"PDF-1.7", "byte 0", "the package is not well-formed XML (no element begins here)"),
        (b"<edXML></b>", "edXML", "the package is not well-formed XML (an end tag is not that of the element that is open)"),
        (b"<a/>", "edXML", "the package is not edXML (the root element is a)"),
        (b"\xff\xfe<", "byte 0", "a package must be UTF-8 (the package is UTF-16)"),
    ],
)
def test_a_package_that_breaks_a_rule_is_told_so_in_a_sentence(served: Served, package: bytes, place: str, said: str) -> None:
    kind = {**served.headers(caller(PROVINCE)), "Content-Type": "application/edxml+xml"}
    answer = served.http.post("/v1/packages", content=package, headers=kind).json()
    assert (answer["place"], answer["detail"]) == (place, f"{place}: {said}")


def rules_of(code: str) -> set[str]:
    """Short names by which a source refuses a package."""
    names = set[str]()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.FunctionDef) and node.name == "fault_of":  # of a text, which whoever asked refuses
            returned = [one.value.elts[0] for one in ast.walk(node) if isinstance(one, ast.Return) and isinstance(one.value, ast.Tuple)]
            names |= {str(one.value) for one in returned if isinstance(one, ast.Constant)}
        if isinstance(node, ast.Call):
            position = {"EdxmlError": 1, "self._refuse": 0}.get(ast.unparse(node.func))
            if position is not None and len(node.args) > position:
                names |= {
                    one.value for one in ast.walk(node.args[position]) if isinstance(one, ast.Constant) and isinstance(one.value, str)
                }
    return {name for name in names if re.fullmatch(r"[a-z0-9-]+", name)}


def test_every_rule_of_a_package_has_its_sentence() -> None:
    """And no sentence stands there for a rule there is not."""
    files = [*(ROOT / "exchange" / "edxml").glob("*.py"), ROOT / "exchange" / "admission.py"]
    assert set().union(*(rules_of(path.read_text("utf-8")) for path in files)) == RULES.keys()
    assert all(sentence[0].islower() and not sentence.endswith(".") for sentence in (*RULES.values(), *NOT_WELL_FORMED.values()))


def test_whoever_is_sent_away_reads_why_on_both_sides_of_the_wire() -> None:
    """The client makes the base class of what it got: the sentence is the same."""
    said = "the axis takes no more of this now: this organisation asks too often; ask again in 3 s"
    assert str(Overloaded(3, "agency-rate")) == str(TooManyRequests(3, "agency-rate")) == said
    source = "\n".join(path.read_text("utf-8") for path in (ROOT / "exchange").rglob("*.py"))
    for rule in set(re.findall(r"Overloaded\([^,]+, \"([a-z-]+)\"\)", source)):
        assert rule not in str(Overloaded(3, rule))


def test_the_ledger_is_not_sealed_backwards_and_both_instants_are_named(served: Served) -> None:
    headers = served.headers(OPERATOR)
    assert served.http.post("/v1/operate/settle", headers=headers).status_code == 200
    sealed = served.http.post("/v1/operate/seal", headers={**headers, "Truc-Instant": "2021-10-29T08:00:00+07:00"})
    assert sealed.status_code == 200, sealed.text
    send(served.axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "15").package(), 0)
    answer = served.http.post("/v1/operate/seal", headers={**headers, "Truc-Instant": "2019-01-01T07:00:00+07:00"})
    assert answer.status_code == 409
    assert answer.json()["type"] == "/problems/sealed-later"
    detail = f"the ledger was sealed at {sealed.json()['at']} and cannot be sealed as of 2019-01-01T07:00:00+07:00"
    assert answer.json()["detail"] == detail
