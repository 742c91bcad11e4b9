"""``truc verify`` as an auditor calls it: verdicts in plain words, exit codes, one sentence for what cannot be read."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console.locale import LANGUAGES, catalogue
from console.reports.verify_html import html
from console.verify import opening
from console.verify.judging import Bench
from console.verify.opening import open_file
from console.verify.tree import file_tree, whole_tree
from console.verify.trust import read_trust
from console.verify.words import tell
from signing import Sandbox, load_policy
from tests.console.verify_lab import LETTER_AT, Desk, truc
from tests.judges import needs_jsonschema, needs_pyhanko


def first_signature(stdout: str) -> dict[str, object]:
    found = json.loads(stdout)["files"][0]["documents"][0]["signatures"][0]
    assert isinstance(found, dict)
    return found


def test_a_good_letter_passes_and_says_by_whom_since_when_and_on_what_it_rests(desk: Desk) -> None:
    answer = desk.letter("good.pdf")
    assert answer.exit_code == 0, answer.output
    words = " ".join(answer.stdout.split())
    for promised in (
        "PASSED The content is as it was signed, by Nguyễn Văn Ánh, Ủy ban nhân dân tỉnh Hòa Bình.",
        "Judged at any moment since Mon 27/09/2021 00:00:00, it holds: the CRL of RootCA chuyên dùng Chính phủ G2 TEST",
        "It will up to and with Mon 04/10/2021 00:00:00: the CRL of",
        "Claimed time Mon 27/09/2021 09:15:00 (the signer's own word)",
        "Proven to exist by Mon 27/09/2021 18:00:00 (only by being at hand at the moment judged at: neither a time-stamp nor",
        "Trusted: you named it as a root certificate.",
        "Not revoked: revocation list",
        "bytes are accounted for: each is signed, or holds a signature.",
    ):
        assert promised in words


CASES = {
    "tampered.pdf": ("FAILED", "HASH_FAILURE", "Do not act on this document"),
    "unsealed.pdf": ("FAILED", "signatures-present", "sealed by the organisation"),
    "appended.pdf": ("FAILED", "finding", "ask for the original"),
    "cut-off.pdf": ("FAILED", "FORMAT_FAILURE", "Ask the sender for the file again"),
    "public.pdf": ("CANNOT BE DECIDED", "NO_CERTIFICATE_CHAIN_FOUND", "Give the roots you trust (--trust)"),
}


@needs_pyhanko
@pytest.mark.parametrize("name", CASES)
def test_a_letter_that_does_not_pass_says_what_is_wrong_and_what_to_do(desk: Desk, name: str) -> None:
    """The four who-knows-the-standard terms come last; the plain words first."""
    word, term, advice = CASES[name]
    answer = desk.letter(name)
    assert answer.exit_code == 1
    words = " ".join(answer.stdout.split())
    assert word in words
    assert term in words
    assert words.index(word) < words.index(term)
    assert advice in words


@pytest.mark.parametrize(
    ("name", "code", "exit_code"),
    [
        ("plan.xlsx.p7s", "REVOKED_NO_POE", 1),
        ("stamped.xlsx.p7s", None, 0),
        ("kept.xlsx.p7s", None, 0),
        ("alone.p7s", "SIGNED_DATA_NOT_FOUND", 1),
        ("trailing.xlsx.p7s", "FORMAT_FAILURE", 1),
    ],
)
def test_a_signature_beside_its_file_is_judged_with_it(desk: Desk, name: str, code: str | None, exit_code: int) -> None:
    answer = desk.cms(name, "--json")
    assert answer.exit_code == exit_code, answer.output
    assert first_signature(answer.stdout)["sub-indication"] == code


def test_a_policy_that_wants_two_signatures_says_of_what(desk: Desk) -> None:
    """A CMS file passes with one; the policy printed beneath it must not read as if it had two."""
    said = "number and order of signatures are asked of PDF files"
    assert said in " ".join(desk.cms("kept.xlsx.p7s").stdout.split())
    assert said not in " ".join(desk.letter("good.pdf").stdout.split())
    assert said not in " ".join(desk.cms("kept.xlsx.p7s", "--policy", "etsi-baseline").stdout.split())


def test_content_is_found_by_name_or_given(desk: Desk) -> None:
    assert json.loads(desk.cms("stamped.xlsx.p7s", "--json").stdout)["files"][0]["documents"][0]["content"] == "stamped.xlsx"
    assert desk.cms("alone.p7s", "--content", desk.path("plan.xlsx")).exit_code == 0
    wrong = desk.cms("alone.p7s", "--content", desk.path("good.pdf"), "--json")
    assert first_signature(wrong.stdout)["sub-indication"] == "HASH_FAILURE"


@needs_pyhanko
def test_what_carries_its_own_content_takes_no_other(desk: Desk) -> None:
    answer = desk.letter("good.pdf", "--content", desk.path("plan.xlsx"))
    assert answer.exit_code == 2
    assert answer.stderr.count("\n") == 1
    assert "--content is for a detached signature" in answer.stderr


def test_a_detached_signature_says_what_its_bytes_are_and_what_it_covers(desk: Desk) -> None:
    words = " ".join(desk.cms("stamped.xlsx.p7s").stdout.split())
    assert "bytes of this file are the signature itself" in words
    assert "The digest among the signed attributes covers every byte of stamped.xlsx." in words
    assert "covers every byte" not in desk.cms("alone.p7s").stdout


@needs_pyhanko
def test_a_file_that_fails_for_what_stands_around_its_signatures_says_so(desk: Desk) -> None:
    words = " ".join(desk.letter("appended.pdf").stdout.split())
    assert "FAILED Something about the file around the signature is not in order." in words
    assert "the file fails for what stands around its signatures" in words
    assert "FORM_FILLING" not in words


def test_since_when_names_the_revocation_and_what_single_artefact_is_missing(desk: Desk) -> None:
    words = " ".join(desk.cms("plan.xlsx.p7s").stdout.split())
    assert "Since Tue 28/09/2021 09:00:00, when the certificate of Nguyễn Thị Bình was revoked." in words
    assert "What is missing: a time-stamp on the signature from before Tue 28/09/2021 09:00:00." in words


def test_an_expired_letter_says_when_it_last_held(desk: Desk) -> None:
    answer = truc(desk.path("expired.pdf"), "--trust", desk.path("trust-both"), "--at", "2023-05-02")
    words = " ".join(answer.stdout.split())
    assert answer.exit_code == 1
    assert "Since Sat 01/01/2022 00:00:00, when the certificate of Nguyễn Văn Ánh ended." in words
    assert "it held from Fri 31/12/2021 00:00:00 up to and with Sat 01/01/2022 00:00:00." in words
    assert truc(desk.path("expired.pdf"), "--trust", desk.path("trust-both"), "--at", "2021-12-31").exit_code == 0


def test_a_moment_before_the_certificate_accuses_no_letter(desk: Desk) -> None:
    """A moment somebody asks about proves nothing of that moment: only a proof of existence makes NOT_YET_VALID a failure."""
    answer = truc(desk.path("good.pdf"), "--trust", desk.trust, "--at", "2015-01-01")
    words = " ".join(answer.stdout.split())
    assert "CANNOT BE DECIDED The moment judged at lies before the signer's certificate began; that says nothing against" in words
    assert "INDETERMINATE / OUT_OF_BOUNDS_NO_POE" in words
    assert "NOT_YET_VALID" not in words


def test_a_moment_before_the_signature_is_one_sentence(desk: Desk) -> None:
    answer = truc(desk.path("stamped.xlsx.p7s"), "--trust", desk.cms_trust, "--at", "2021-09-01")
    assert "time-stamp inside, which does not count: the token was generated after the control time" in " ".join(answer.stdout.split())
    assert "The moment judged at lies before the signature was made: by its own word it is of Mon 27/09/2021" in " ".join(
        answer.stdout.split()
    )


def test_without_trust_everything_up_to_the_chain_is_judged_and_the_option_named(desk: Desk) -> None:
    answer = truc(desk.path("good.pdf"), "--json", "--at", LETTER_AT)
    found = first_signature(answer.stdout)
    assert answer.exit_code == 1
    assert found["sub-indication"] == "NO_CERTIFICATE_CHAIN_FOUND"
    checks = {check["name"]: check["status"] for check in found["checks"]}  # type: ignore[attr-defined]
    assert checks["message-digest"] == checks["signature-value"] == "passed"
    shown = truc(desk.path("good.pdf"), "--at", LETTER_AT).stdout
    assert "Give them by --trust" in " ".join(shown.split())


@needs_pyhanko
def test_the_same_letter_is_judged_by_another_policy_when_asked(desk: Desk) -> None:
    answer = desk.letter("unsealed.pdf", "--policy", "etsi-baseline", "--json")
    assert first_signature(answer.stdout)["policy"] == "etsi-baseline"
    assert json.loads(answer.stdout)["policy"]["name"] == "etsi-baseline"


def test_many_files_get_their_verdicts_and_a_total(desk: Desk) -> None:
    names = ("good.pdf", "tampered.pdf", "public.pdf")
    answer = truc(*map(desk.path, names), "--trust", desk.trust, "--at", LETTER_AT)
    assert answer.exit_code == 1
    assert "1 passed, 1 failed, 1 cannot be decided." in answer.stdout
    assert [line.split()[0] for line in answer.stdout.splitlines() if line.startswith(str(desk.folder))] == [
        str(desk.path(name)) for name in names
    ]


def test_from_six_files_on_those_that_passed_are_one_line_each(desk: Desk, tmp_path: Path) -> None:
    for number in range(6):
        (tmp_path / f"{number}.pdf").write_bytes(desk.path("good.pdf").read_bytes())
    answer = truc(*sorted(tmp_path.iterdir()), "--trust", desk.trust, "--at", LETTER_AT)
    assert answer.exit_code == 0
    assert sum(line.startswith("PASSED") for line in answer.stdout.splitlines()) == 6
    assert "Chain of certificates" not in answer.stdout


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("random.bin", bytes(range(256)) * 8, "no signed file of a kind known here"),
        ("empty.pdf", b"", "is empty"),
        ("page.html", b"<html></html>", "no signed file of a kind known here"),
        ("broken.edxml", b"<edXML><edXMLEnvelope>", "meant as an edXML package and cannot be read"),
    ],
)
def test_what_is_no_signed_file_is_one_sentence_and_exit_code_two(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(data)
    answer = truc(tmp_path / name)
    assert answer.exit_code == 2
    assert said in answer.stderr
    assert str(tmp_path / name) in answer.stderr
    assert len(answer.stderr.strip().splitlines()) == 1
    assert answer.stdout == ""


def test_missing_and_irregular_and_huge_files_are_sentences(tmp_path: Path) -> None:
    pipe, huge = tmp_path / "pipe", tmp_path / "huge.pdf"
    os.mkfifo(pipe)
    with huge.open("wb") as file:
        file.truncate(300 * 1024 * 1024)
    answer = truc(tmp_path / "nothing.pdf", tmp_path, pipe, huge)
    assert answer.exit_code == 2
    lines = answer.stderr.strip().splitlines()
    assert ["no such file" in lines[0], "is a folder" in lines[1], "no regular file" in lines[2], "314,572,800" in lines[3]] == [True] * 4
    assert len(lines) == 4


def test_a_file_that_cannot_be_read_does_not_hide_the_others(desk: Desk, tmp_path: Path) -> None:
    answer = truc(tmp_path / "nothing.pdf", desk.path("good.pdf"), "--trust", desk.trust, "--at", LETTER_AT)
    assert answer.exit_code == 2
    assert "PASSED" in answer.stdout


def test_bytes_meant_as_a_signature_are_a_verdict_even_if_they_cannot_be_read(tmp_path: Path) -> None:
    """A damaged signature is a failed one (FORMAT_FAILURE), not a wrong usage."""
    (tmp_path / "damaged.p7s").write_bytes(b"\x30\x03\x02\x01\x05")
    answer = truc(tmp_path / "damaged.p7s", "--json")
    assert answer.exit_code == 1
    assert json.loads(answer.stdout)["files"][0]["documents"][0]["reason"]["code"] == "FORMAT_FAILURE"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--at", "yesterday"), "--at: yesterday"),
        (("--at", "0001-01-01"), "--at: 0001-01-01"),
        (("--trust", "no-such-world"), "neither a folder nor a scenario"),
        (("--anchor", "ab" * 32), "--trust"),
        (("--anchor", "xyz", "--trust", "."), "64 hexadecimal digits"),
        (("--policy", "strictest"), "no such policy"),
        (("--content", "a", "b.pdf"), "give one file"),
    ],
)
def test_options_that_cannot_be_followed_are_one_sentence(desk: Desk, arguments: tuple[str, ...], said: str) -> None:
    answer = truc(desk.path("good.pdf"), *arguments)
    assert answer.exit_code == 2
    assert said in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_day_means_its_end_and_an_instant_keeps_its_offset(desk: Desk) -> None:
    whole_day = json.loads(desk.letter("good.pdf", "--json").stdout)["at"]
    assert whole_day == "2021-09-27T18:00:00+07:00"
    for wanted, meant in (("2021-09-27", "2021-09-27T23:59:59+07:00"), ("2021-09-27T11:00:00Z", "2021-09-27T18:00:00+07:00")):
        answer = truc(desk.path("good.pdf"), "--trust", desk.trust, "--at", wanted, "--json")
        assert json.loads(answer.stdout)["at"] == meant


@pytest.mark.parametrize("extra", [(), ("--json",)])
def test_the_same_question_has_the_same_answer_to_the_byte(desk: Desk, extra: tuple[str, ...]) -> None:
    assert desk.cms("kept.xlsx.p7s", *extra).stdout == desk.cms("kept.xlsx.p7s", *extra).stdout


@needs_jsonschema
@needs_pyhanko
def test_json_keeps_its_schema(desk: Desk) -> None:
    import jsonschema

    schema = json.loads((Path(opening.__file__).parent / "verify.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    files = sorted(path for path in desk.folder.iterdir() if path.suffix in (".pdf", ".p7s"))
    answers = [
        truc(*files, "--trust", desk.cms_trust, "--at", LETTER_AT, "--json"),
        desk.letter("appended.pdf", "--json", "--second-opinion"),
        desk.cms("kept.xlsx.p7s", "--json", "--second-opinion"),
    ]
    for answer in answers:
        jsonschema.validate(json.loads(answer.stdout), schema)
    assert len(json.loads(answers[0].stdout)["files"]) == len(files)


@needs_pyhanko
def test_every_byte_of_every_file_is_accounted_for_once(desk: Desk) -> None:
    files = sorted(path for path in desk.folder.iterdir() if path.suffix in (".pdf", ".p7s"))
    tree = json.loads(truc(*files, "--json").stdout)
    for one in tree["files"]:
        (document,) = one["documents"]
        spans = document["coverage"]
        assert [span["start"] for span in spans] == [0, *(span["end"] for span in spans[:-1])]
        assert spans[-1]["end"] == one["size"]


def test_vietnamese_answers_are_vietnamese(desk: Desk) -> None:
    words = " ".join(desk.cms("plan.xlsx.p7s", "--lang", "vi").stdout.split())
    assert "CHƯA KẾT LUẬN ĐƯỢC Chứng thư của người ký đã bị thu hồi" in words
    assert "Từ thứ Ba 28/09/2021 09:00:00, khi chứng thư của Nguyễn Thị Bình bị thu hồi." in words
    assert "Còn thiếu: dấu thời gian trên chữ ký có từ trước thứ Ba 28/09/2021 09:00:00." in words


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_whatever_happened_to_a_signature_it_can_be_told(desk: Desk, data: st.DataObject) -> None:
    """Any bytes: a verdict that every language and the page can tell, or one sentence; never anything else."""
    good = desk.path(data.draw(st.sampled_from(["plan.xlsx.p7s", "kept.xlsx.p7s"]))).read_bytes()
    start, length = data.draw(st.integers(0, len(good))), data.draw(st.integers(0, 40))
    spoilt = good[:start] + data.draw(st.binary(max_size=40)) + good[start + length :]
    path = desk.folder / "spoilt" / "spoilt.p7s"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(spoilt or b"\0")
    at = datetime.fromisoformat(f"{LETTER_AT}:00+07:00")
    bench = Bench(read_trust(str(desk.cms_trust), (), at, catalogue("en")), load_policy(), at, Sandbox())
    tree = whole_tree(bench, [file_tree(bench.judge(open_file(path, desk.path("plan.xlsx"), catalogue("en"))))])
    for lang in LANGUAGES:
        assert html(tell(tree, catalogue(lang))).endswith(b"</html>\n")
