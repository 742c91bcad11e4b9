"""Counter-signatures as ``truc verify`` tells them: beneath the signature they confirm, and without a word in its verdict."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from console.verify import opening
from tests.console.verify_lab import truc, write_trust
from tests.judges import needs_jsonschema
from tests.signing.ades.test_counter_signatures import LATER, made
from tests.signing.formats import counters
from tests.signing.lab import CONTENT

MOVED = {
    "en": "This counter-signature confirms another signature than the one it stands under",
    "vi": "Chữ ký xác nhận này xác nhận một chữ ký khác",
}
NOTE = {"en": "Whether they hold or not changes nothing about it.", "vi": "chúng không làm thay đổi kết quả của chữ ký đó."}
UNREAD = {"en": "a counter-signature cannot be read", "vi": "không đọc được một chữ ký xác nhận"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A signature with three counter-signatures: good, of another signature, and no SignerInfo at all."""
    found = tmp_path_factory.mktemp("counters")
    world, second = made()
    values = (counters.house(second, counters.value_of(world.b())), counters.house(second, b"another"), b"\x30\x00")
    (found / "plan.xlsx").write_bytes(CONTENT)
    (found / "plan.xlsx.p7s").write_bytes(counters.countersigned(world.b(), values, second.certificate_der))
    write_trust(found / "trust", world.evidence(LATER))
    return found


def verify(folder: Path, *more: object) -> Any:
    return truc(folder / "plan.xlsx.p7s", "--trust", folder / "trust", "--at", LATER.strftime("%Y-%m-%dT%H:%M"), *more)


@pytest.mark.parametrize("lang", ["en", "vi"])
def test_screen_and_page_tell_each_beneath_its_signature(folder: Path, tmp_path: Path, lang: str) -> None:
    page = tmp_path / "report.html"
    answer = verify(folder, "--lang", lang, "--html", page)
    assert answer.exit_code == 0, answer.output
    for said in (" ".join(answer.stdout.split()), page.read_text("utf-8")):
        for words in (MOVED, NOTE, UNREAD):
            assert words[lang] in said
        assert "Trần Văn Hai" in said


def test_json_has_them_as_signatures_of_their_own(folder: Path) -> None:
    answer = verify(folder, "--json")
    (one,) = json.loads(answer.stdout)["files"][0]["documents"][0]["signatures"]
    assert one["verdict"] == "passed"
    told = {(found["verdict"], found["sub-indication"]) for found in one["counter-signatures"]}
    assert told == {("passed", None), ("failed", "HASH_FAILURE"), ("failed", "FORMAT_FAILURE")}
    (good,) = (found for found in one["counter-signatures"] if found["verdict"] == "passed")
    assert good["signer"]["name"] == "Trần Văn Hai"
    details = {check["detail"] for found in one["counter-signatures"] for check in found["checks"]}
    assert "the signature it stands under is not the one it was made over" in details


@needs_jsonschema
def test_json_keeps_its_schema(folder: Path) -> None:
    import jsonschema

    schema = json.loads((Path(opening.__file__).parent / "verify.schema.json").read_text("utf-8"))
    jsonschema.validate(json.loads(verify(folder, "--json").stdout), schema)


def test_nothing_of_them_moves_the_verdict_of_the_file(folder: Path, tmp_path: Path) -> None:
    """The same call on the signature alone says the same about it, its verdict over time included."""
    world, _ = made()
    (tmp_path / "plan.xlsx").write_bytes(CONTENT)
    (tmp_path / "plan.xlsx.p7s").write_bytes(world.b())
    alone = truc(tmp_path / "plan.xlsx.p7s", "--trust", folder / "trust", "--at", LATER.strftime("%Y-%m-%dT%H:%M"), "--json")
    one, other = (_signature(answer) for answer in (verify(folder, "--json"), alone))
    assert {key for key in one if one[key] != other[key]} == {"counter-signatures", "carried"}


def _signature(answer: Any) -> dict[str, Any]:
    (found,) = json.loads(answer.stdout)["files"][0]["documents"][0]["signatures"]
    assert isinstance(found, dict)
    return found
