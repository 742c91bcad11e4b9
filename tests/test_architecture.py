"""Rules of the house that no type checker sees: time and chance are arguments, raw signatures pass one door, nothing is left undone.

Which package may import which is checked by import-linter (``[tool.importlinter]`` in pyproject.toml).
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("signing", "exchange", "workers", "scenarios", "console")

CLOCKS = {
    "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "datetime.fromtimestamp", "date.fromtimestamp",
    "time.time", "time.time_ns", "time.localtime", "time.gmtime", "time.ctime", "time.strftime",
}  # fmt: skip
MACHINE_TIME = {"time.monotonic", "time.monotonic_ns", "time.perf_counter", "time.perf_counter_ns", "time.process_time", "time.sleep"}
CHANCE = {"uuid.uuid1", "uuid.uuid4", "os.urandom", "os.getrandom"}

BOUNDARIES: dict[str, dict[str, str]] = {
    "console/admin/command.py": {"secrets.token_urlsafe": "a member's secret must not be foreseeable"},
    "console/audit/asking.py": {"time.monotonic": "an audit tells its documents per second on standard error; no answer depends on it"},
    "console/load/command.py": {
        "datetime.now": "when a load was made stands in its report; what is measured counts from the loop's own clock"
    },
    "console/campaign.py": {
        "datetime.now": "when a measurement was made, in its record; read by people",
        "time.monotonic": "how long a measurement took",
    },
    "console/chaos/command.py": {"time.monotonic": "how long a campaign took"},
    "console/chaos/service.py": {
        "time.monotonic": "until when a part that was struck may take its time to be well again",
        "time.sleep": "the pause between two looks at it",
    },
    "console/chaos/striker.py": {
        "time.monotonic": "how long a recovery took: it is what is measured",
        "time.sleep": "how long a disturbance lasts, and the pause between two looks",
    },
    "console/pki.py": {"datetime.now": "the clock of a PKI that is to follow the machine's (`--at now`)"},
    "console/session.py": {"time.monotonic": "progress shows documents per second of the machine; no fact and no file depends on it"},
    "console/service_doctor.py": {"time.time": "how far this machine's clock is from the database's; told to people"},
    "console/up/log.py": {"datetime.now": "when a process said it, in front of its line; read by people, and by nothing else"},
    "console/up/secrets.py": {"secrets.token_urlsafe": "a password of the database and of the broker must not be foreseeable"},
    "console/up/supervisor.py": {
        "time.monotonic": "how long a process ran, and until when it may take its time to start or to end",
        "time.sleep": "the pause between two looks at the processes",
    },
    "console/witness/command.py": {"time.sleep": "the pause between two looks at the axis"},
    "exchange/capacity.py": {"time.monotonic": "when the line was last looked at, and what the look cost; it decides who comes later"},
    "exchange/client.py": {
        "time.monotonic": "when a token is renewed and a repetition given up",
        "time.sleep": "the pause before a call is repeated",
    },
    "exchange/crew.py": {
        "time.monotonic": "how long ago this process sealed; business time is the row's, or the database's clock",
        "time.sleep": "a patrol's pause between two looks at the queue",
    },
    "exchange/dispatch.py": {
        "time.monotonic": "how long a settling has waited for workers: nothing but its giving up depends on it",
        "time.sleep": "the pause between two looks at the queue",
    },
    "exchange/doorbell.py": {"time.sleep": "at most so many rings a second"},
    "exchange/gathering.py": {"time.monotonic": "how far apart transactions begin where callers come together; no fact depends on it"},
    "exchange/stages/runner.py": {"time.monotonic": "how long a batch was in hand, for a histogram that people read"},
    "exchange/stages/guard.py": {
        "time.monotonic": "how long a document has been judged: it may cost a process its life, never a document its verdict",
        "time.sleep": "the pause between two renewals",
    },
    "console/up/before.py": {"datetime.now": "whether a world's certificates hold today is asked of today"},
    "console/verify/command.py": {"datetime.now": "verify without --at asks what holds at present; all else is given the instant"},
    "exchange/members.py": {
        "secrets.token_bytes": "the salt of a stored secret must not be foreseeable; it is never shown nor measured",
        "time.monotonic": "how long a token's secret is believed to be the present one",
    },
    "exchange/tokens.py": {"time.time": "machine time rules tokens: when one begins and ends"},
    "exchange/web/bodies.py": {"time.monotonic": "how slowly a body comes"},
    "exchange/web/clock.py": {"time.monotonic": "counts on from the database's clock, which is business time where no scenario drives"},
    "exchange/web/guard.py": {"time.monotonic": "how long ago a scraper was told how the axis stands"},
    "exchange/web/limits.py": {"time.monotonic": "how many requests of an agency come in a second"},
    "exchange/web/parcels.py": {"secrets.token_hex": "what parts packages in a body must not be foreseeable by who wrote one"},
    "scenarios/chaos/feed.py": {"time.monotonic": "bursts of documents come so many seconds of the machine after one another"},
    "scenarios/chaos/watch.py": {"time.monotonic": "what a look at all tables cost, to look less often when it costs much"},
    "workers/app.py": {
        "time.sleep": "the pause before a patrol that met a fault begins again",
        "time.monotonic_ns": "a name for a process that no earlier one had; compared, never measured",
    },
}
"""File → call → why it may stand there."""

RAW_SIGNATURES = {
    "ECDSA", "PKCS1v15", "PSS", "CertificateBuilder", "CertificateRevocationListBuilder", "CertificateSigningRequestBuilder",
    "PKCS7SignatureBuilder", "OCSPResponseBuilder", "verify_directly_issued_by", "is_signature_valid",
    "load_der_private_key", "load_pem_private_key", "generate_private_key", "derive_private_key",
}  # fmt: skip


@cache
def sources() -> dict[str, ast.Module]:
    """Every source file of the packages, parsed."""
    files = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in files}


def calls(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    """Every call by its dotted name's last two parts, with ``from x import y [as z]`` undone."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.asname or alias.name: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            head, *rest = ast.unparse(node.func).split(".") if isinstance(node.func, ast.Name | ast.Attribute) else [""]
            dotted = ".".join([names.get(head, head), *rest])
            yield ".".join(dotted.split(".")[-2:]), node


def forbidden(name: str, call: ast.Call) -> bool:
    if name == "datetime.fromtimestamp":
        return len(call.args) + len(call.keywords) < 2
    if name.startswith("random."):
        return name != "random.Random" or not (call.args or call.keywords)
    return name in CLOCKS | MACHINE_TIME | CHANCE or name.startswith("secrets.token") or name == "random.SystemRandom"


def test_time_and_chance_are_arguments() -> None:
    found = [
        f"{file}:{call.lineno} {name}"
        for file, tree in sources().items()
        for name, call in calls(tree)
        if forbidden(name, call) and name not in BOUNDARIES.get(file, {})
    ]
    assert not found, "reads a clock or a global generator; if it is a boundary, list it above with its reason"


def test_every_listed_boundary_is_still_there() -> None:
    present = {(file, name) for file, tree in sources().items() for name, call in calls(tree) if forbidden(name, call)}
    assert {(file, name) for file, listed in BOUNDARIES.items() for name in listed} <= present


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import datetime\ndatetime.datetime.now()", True),
        ("from datetime import datetime as d\nd.now(UTC)", True),
        ("from datetime import datetime\ndatetime.fromtimestamp(5, VN)", False),
        ("from time import time\ntime()", True),
        ("import random\nrandom.random()", True),
        ("import random\nrandom.Random('1/a')", False),
        ("from random import Random\nRandom()", True),
        ("from uuid import uuid4 as new\nnew()", True),
        ("rng.random()", False),
    ],
)
def test_the_rule_on_time_and_chance_sees_what_it_should(code: str, expected: bool) -> None:
    assert any(forbidden(name, call) for name, call in calls(ast.parse(code))) is expected


def test_raw_signatures_are_made_and_checked_in_keys_alone() -> None:
    """Whatever cryptography's sign and verify need, or hides them, is named in signing/keys.py only; so its counter counts all."""
    found = [
        f"{file}:{getattr(node, 'lineno', 0)} {name}"
        for file, tree in sources().items()
        if file != "signing/keys.py"
        for node in ast.walk(tree)
        for name in _names(node)
        if name in RAW_SIGNATURES
    ]
    assert not found


def test_in_keys_each_raw_operation_stands_in_its_counted_function() -> None:
    tree = sources()["signing/keys.py"]
    homes = {function.name: function for function in ast.walk(tree) if isinstance(function, ast.FunctionDef)}
    inside = {id(node) for name in ("raw_sign", "raw_verify") for node in ast.walk(homes[name])}
    raw = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("sign", "verify")
    ]
    assert raw
    assert all(id(node) in inside for node in raw)
    for name, meter in (("raw_sign", "METER.signs[purpose] += 1"), ("raw_verify", "METER.verifies[purpose] += 1")):
        assert meter in ast.unparse(homes[name])


def _names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.ImportFrom):
        yield from (alias.name for alias in node.names)


def test_nothing_is_left_undone() -> None:
    found = [
        f"{file}:{number} {word}"
        for file in sources()
        for number, line in enumerate((ROOT / file).read_text(encoding="utf-8").splitlines(), 1)
        for word in ("TODO", "FIXME", "NotImplementedError")
        if word in line
    ]
    assert not found


def test_every_folder_is_a_package() -> None:
    folders = {path.parent for root in (*PACKAGES, "tests") for path in (ROOT / root).rglob("*.py")}
    folders -= {folder for folder in folders if "migrations" in folder.parts}  # Alembic loads those by path
    assert not [folder for folder in sorted(folders) if not (folder / "__init__.py").exists()]


def test_tests_are_skipped_only_by_a_judges_name_or_for_another_platform() -> None:
    named = r"pytest\.skip\(|importorskip\((?!\"\w+\", reason=JUDGES\[)|mark\.skip\b|mark\.xfail|mark\.skipif\((?!sys\.platform)"
    pattern = re.compile(named)
    here = {ROOT / "tests" / name for name in ("conftest.py", "judges.py", "test_architecture.py")}
    files = [path for path in sorted((ROOT / "tests").rglob("*.py")) if path not in here]
    assert not [path.relative_to(ROOT) for path in files if pattern.search(path.read_text(encoding="utf-8"))]


def test_one_list_of_packages_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    assert tuple(project["hatch"]["build"]["targets"]["wheel"]["packages"]) == PACKAGES
    assert tuple(project["mypy"]["packages"]) == PACKAGES
    assert tuple(project["importlinter"]["root_packages"]) == PACKAGES
