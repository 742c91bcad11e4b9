"""Every command that ``truc faults --out`` prints, run as it is printed: it answers what the catalogue says of the case."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from typer.testing import CliRunner

from console.cli import app
from console.faults import Entry, entries
from console.reports.canonical import Tree
from exchange.faults import PackageFault
from signing import FAULT_SEED, Fault, Sandbox
from tests.judges import skip_unread

ENTRIES = entries()
PRINTED = " written; judge it by: truc "
OF_THE_ANNEX = "annex-signature"
"""What the axis calls an annex whose signature does not hold; an auditor is told of the annex itself."""


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The whole catalogue written once, and what was printed for each case."""
    out = tmp_path_factory.mktemp("catalogue") / "all faults"
    done = CliRunner().invoke(app, ["faults", "--out", str(out), "--lang", "en"])
    assert done.exit_code == 0, done.output
    lines = [line.split(PRINTED) for line in done.stderr.splitlines() if PRINTED in line]
    return {Path(folder).name: shlex.split(command) for folder, command in lines}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """One for all commands: each would start a process of its own for a foreign file."""
    with Sandbox() as shared:
        yield shared


def test_a_command_is_printed_for_every_case(commands: dict[str, list[str]]) -> None:
    assert list(commands) == [entry.name for entry in ENTRIES]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_the_printed_command_answers_what_the_catalogue_says(
    entry: Entry, commands: dict[str, list[str]], sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.verify.command.Sandbox", lambda: nullcontext(sandbox))
    done = CliRunner().invoke(app, [*commands[entry.name], "--json"])
    assert done.exit_code in (0, 1), done.output
    tree = json.loads(done.stdout)
    (file,) = tree["files"]
    assert tree["verdict"] == file["verdict"]
    assert (done.exit_code == 0) == (file["verdict"] == "passed")
    if isinstance(entry.fault, PackageFault):
        _holds_of_the_package(entry.fault, file)
    else:
        _holds_of_the_signatures(entry.fault, file)


def _holds_of_the_package(fault: PackageFault, file: Tree) -> None:
    """The rule that names it, and nothing but what the axis says of the very case."""
    failed, warned = ([check["name"] for check in file["checks"] if check["status"] == status] for status in ("failed", "warning"))
    refused_parts = [part["name"] for part in file["documents"] if part["verdict"] != "passed"]
    axis = fault.build(FAULT_SEED).judgement()
    assert file["register"].endswith("register.json")
    assert file["verdict"] == ("passed" if fault.accepted else "failed")
    assert failed == [one.rule for one in axis.violations if one.rule != OF_THE_ANNEX]
    assert warned == [one.rule for one in axis.findings]
    assert refused_parts == (["phu-luc.csv.p7s"] if fault.rule == OF_THE_ANNEX else [])
    assert fault.rule in (warned if fault.accepted else [*failed, *([OF_THE_ANNEX] if refused_parts else [])])


def _holds_of_the_signatures(fault: Fault, file: Tree) -> None:
    (document,) = file["documents"]
    needs_extra = (document["reason"] or {}).get("kind") == "extra"
    skip_unread(["truc[foreign]"] if needs_extra else [check["detail"] for check in _remarked(document)])
    expected = fault.expected
    said = [one["sub-indication"] for one in document["signatures"]]
    wanted = [None if one is None else str(one) for one in expected.signatures]
    if fault.afterwards is not None:
        wanted[wanted.index(str(expected.sub_indication))] = str(fault.afterwards)
    assert said == wanted
    assert [one["indication"] == "TOTAL-PASSED" for one in document["signatures"]] == [one is None for one in wanted]
    failed = [check["name"] for check in document["checks"] if check["status"] == "failed" and check["name"] != "each-signature"]
    lacks_nothing = {"signatures-present"} if expected.refused else set()
    assert list(dict.fromkeys(failed)) == [name for name in expected.document if name not in lacks_nothing]
    refused = expected.refused or expected.document or "TOTAL-FAILED" in [one["indication"] for one in document["signatures"]]
    assert file["verdict"] == ("failed" if refused else "undecided" if expected.sub_indication else "passed")
    if expected.refused:
        assert document["reason"]["code"] == "FORMAT_FAILURE"
    if expected.check and fault.afterwards is None:
        assert any(check["name"] == expected.check and expected.clause in check["clause"] for check in _remarked(document))
    if expected.token is not None:
        tokens = [token["sub-indication"] for one in document["signatures"] for token in one["tokens"]]
        assert str(expected.token) in tokens


def _remarked(document: Tree) -> Iterator[Tree]:
    """Every check that did not pass: of the whole, of its signatures, of their time-stamps and counter-signatures."""
    for one in document["signatures"]:
        yield from (check for check in one["checks"] if check["status"] != "passed")
        beside = (*one["tokens"], *one["counter-signatures"])
        yield from (check for other in beside for check in other["checks"] if check["status"] != "passed")
    yield from (check for check in document["checks"] if check["status"] != "passed")
