"""Everything an auditor may read has its words in both languages: every verdict, every check, every sentence of the validation."""

from __future__ import annotations

import ast
import json
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

import pytest

from console.locale import LANGUAGES, catalogue
from console.outcome import Unusable
from console.policies import policy_of
from console.verify.opinions import differences
from console.verify.phrasing import Phrasing
from exchange.audit import archive, contents, deliveries, evidence, packages, pairs
from exchange.domain.organization import OrganStatus
from exchange.inspection import FOREIGN_LETTER
from signing import CHECKS, SubIndication
from signing.formats.letter.revisions import NAMES
from tests.console.test_locale import CONSOLE

ROOT = CONSOLE.parent
PARTS = {"sub-indication": {"title", "wrong", "do"}, "check": {"asks", "wrong", "do"}, "difference": {"text"}}
NOT_SAID = {"policy.py", "policy_file.py", "reach.py", "suppositions.py"}
"""Files whose sentences are about policies or test vectors, or never leave them."""
FRAGMENTS = {
    " (whether it suffices shows only once it is there)",
    "; cured: the signature is proven to have existed at ",
    "a CRL of XYZXYZ",
    "another archive time-stamp from before XYZ, XYZ",
    "another archive time-stamp, with the CRL of XYZ of its day, from before XYZ, XYZ",
    "while that of XYZ from XYZ held",
    "XYZ from before XYZ",
    "the CRL of XYZ",
    "XYZ of XYZ UTC",
    "XYZ of XYZ UTC is no longer fresh",
    "the OCSP answer for certificate number XYZ",
    "the certificate of XYZ, and a trusted anchor it leads toXYZ",
    "the signature policy XYZXYZ",
    "a time-stamp on the signature",
    "trust in anchor XYZ",
}
"""Parts of sentences; the whole ones stand in WHOLE."""
WHOLE = (
    "the certificate of CN=x, and a trusted anchor it leads to (whether it suffices shows only once it is there)",
    "the signature policy 1.2.3 (whether it suffices shows only once it is there)",
    "x was revoked at t (keyCompromise); cured: the signature is proven to have existed at t",
    "a CRL of CN=x issued after t",
    "a CRL of CN=x current at t",
    "a time-stamp on the signature from before t",
    "an archive time-stamp from before t",
    "an archive time-stamp, with the CRLs of its day, from before t",
    "another archive time-stamp from before t, while that of CN=x from t held",
    "another archive time-stamp, with the CRL of CN=x of its day, from before t, while that of CN=y from t held",
    "the CRL of CN=x of t",
    "the CRL of CN=x of t is no longer fresh",
    "the OCSP answer for certificate number 5 of t",
    "the OCSP answer for certificate number 5 of t is no longer fresh",
    "trust in anchor 0123456789abcdef ends",
    "sha1 ends",
)


def sources(*folders: str, leave_out: Collection[str] = ()) -> Iterator[ast.Module]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if path.name not in leave_out:
                yield ast.parse(path.read_text("utf-8"))


def checks_of_the_code() -> set[str]:
    """Every name a check or a finding of a package is given, by reading the code."""
    names = {*CHECKS, *rules_of_the_axis(), FOREIGN_LETTER}
    others = ("exchange/agreement.py", "exchange/inspection.py", "console/verify/bundles.py")
    trees = [*sources("signing"), *(ast.parse((ROOT / one).read_text("utf-8")) for one in others)]
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("Check", "Finding") and node.args:
                (first, *_) = node.args
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    names.add(first.value)
    return names


def rules_of_the_axis() -> Iterator[str]:
    """Names of what the axis' rules say that need no validator, by reading the code."""
    validators = {"check_letter", "_refused", "_check_signatures", "_check_stamps", "check_annex"}
    trees = [ast.parse((ROOT / "exchange" / name).read_text("utf-8")) for name in ("verification.py", "belonging.py")]
    functions = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    methods = [node for node in functions if node.name not in validators]
    assert validators <= {node.name for node in functions}
    calls = (node for method in methods for node in ast.walk(method) if isinstance(node, ast.Call) and node.args)
    for call in calls:
        says = ast.unparse(call.func).endswith(("self.violate", "self.remark", "self.check_seal", "else self.remark)"))
        if says and isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str):
            yield call.args[0].value
    yield from (f"{status}-sender" for status in OrganStatus if status is not OrganStatus.ACTIVE)


def known(lang: str) -> dict[str, dict[str, dict[str, str]]]:
    found = json.loads((CONSOLE / "locale" / f"verdicts-{lang}.json").read_text("utf-8"))
    assert isinstance(found, dict)
    return found


def test_the_code_names_its_checks_where_this_test_looks() -> None:
    found = checks_of_the_code()
    assert {"message-digest", "certificate-chain", "number-mismatch", "attachment-names", "annex-unsigned", "revocation-known"} <= found
    assert len(found) > 60


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_sub_indication_check_and_difference_is_explained(lang: str) -> None:
    """What is wrong and what to do, for somebody who does not know the standard."""
    told = known(lang)
    assert told["sub-indication"].keys() == {str(one) for one in SubIndication}
    assert told["check"].keys() == checks_of_the_code()
    assert told["difference"].keys() == {entry["key"] for entry in differences()}
    for family, parts in PARTS.items():
        for code, words in told[family].items():
            assert words.keys() == parts, code
            assert all(word.strip() == word and word for word in words.values()), code
            assert all(words[part].endswith(".") for part in parts - {"asks"}), code


@pytest.mark.parametrize("lang", LANGUAGES)
def test_explanations_are_composed_and_sorted(lang: str) -> None:
    raw = (CONSOLE / "locale" / f"verdicts-{lang}.json").read_text("utf-8")
    assert raw == unicodedata.normalize("NFC", raw)
    told = known(lang)
    assert all(list(told[family]) == sorted(told[family]) for family in told)


def test_explanations_differ_between_the_languages() -> None:
    english, vietnamese = known("en"), known("vi")
    same = [
        (family, code)
        for family in english
        for code in english[family]
        if set(english[family][code].values()) & set(vietnamese[family][code].values())
    ]
    assert same == []


def sentences_of_the_code() -> set[str]:
    """Texts and f-strings by which the validation says what it found, their values replaced by letters."""
    found = set()
    for tree in sources("signing/validation/ades", leave_out=NOT_SAID):
        docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in ast.walk(tree):
            if id(node) in docstrings or id(node) in inner:
                continue
            text = _text(node)
            if text is not None and len(text.split()) > 3 and "EN 319" not in text and not text.startswith(("policy [", "RFC ")):
                found.add(text)
    return found


def _text(node: ast.AST) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if not isinstance(node, ast.JoinedStr):
        return None
    return "".join(part.value if isinstance(part, ast.Constant) else "XYZ" for part in node.values if isinstance(part, ast.AST))  # type: ignore[misc]


def test_sentences_of_the_validation_have_a_vietnamese_form() -> None:
    vietnamese = catalogue("vi")
    found = sentences_of_the_code()
    assert found >= FRAGMENTS
    assert len(found) > 60
    missing = {one for one in (found - FRAGMENTS) | set(WHOLE) if vietnamese.phrase(one) == one}
    assert missing == set()


def test_of_two_sentences_neither_swallows_the_other() -> None:
    """Past validation appends why it could not help to what it could not help with: both must arrive, each in Vietnamese."""
    vietnamese = catalogue("vi")
    second = (
        "nothing on the revocation of CN=x is proven to have existed at t (no revocation data can be used: it was issued after the moment)"
    )
    told = vietnamese.phrase(second)
    assert told.startswith("không có bằng chứng")
    assert "the moment" not in told
    for first in (sentences_of_the_code() - FRAGMENTS) | set(WHOLE):
        if "; " in first:
            continue
        assert vietnamese.phrase(f"{first}; {second}") == f"{vietnamese.phrase(first)}; {told}"


@pytest.mark.parametrize("family", ["phrases", "policy", "world"])
def test_no_negation_is_lost_in_vietnamese(family: str) -> None:
    pairs = json.loads((CONSOLE / "locale" / f"{family}-vi.json").read_text("utf-8"))
    denied = [pair for pair in pairs if _DENIES.search(pair[0])]
    assert len(denied) > 3
    assert [pair for pair in denied if not _DENIES_VI.search(pair[1].lower())] == []


_DENIES = re.compile(r"\b(?:not|no|nothing|nobody|none|never|neither|nor|cannot|without|missing)\b")
_DENIES_VI = re.compile(r"không|chưa|thiếu|chỉ|khác")
"""Words that deny or set apart: "is not the header's" may well be "differs from the header's"."""


@pytest.mark.parametrize(
    "ground",
    [archive._STRUCTURE, contents.CONTENT, deliveries.STATES, deliveries.SIGNED, evidence._CLAUSE, pairs._CLAUSE, packages.VERDICT],
)
def test_grounds_of_the_audit_that_are_no_clause_of_a_standard_have_a_vietnamese_form(ground: str) -> None:
    assert catalogue("vi").phrase(ground) != ground


def rules_raised(paths: Iterable[Path], *ends: str) -> set[str]:
    """Sentences that the code gives to errors of these names, their values replaced by letters."""
    calls = [node for path in paths for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
    asked = [node.args[-1] for node in calls if ast.unparse(node.func).endswith(ends)]
    parts = [part for one in asked for part in ((one.body, one.orelse) if isinstance(one, ast.IfExp) else (one,))]
    return {said for one in parts if (said := _text(one)) is not None}


def test_what_the_readers_refuse_has_a_vietnamese_form() -> None:
    """Places and rules of letters, CMS and PDF files, with nothing of the English left in them."""
    folder = ROOT / "signing" / "formats"
    paths = [path for path in folder.rglob("*.py") if path.name not in _READ_ELSEWHERE]
    rules = rules_raised(paths, "LetterRefused", "FormatFailure") - {"XYZ", "XYZ (XYZ)", "is no function of signing"}
    rules |= {f"{place}: must be what the metadata draws; byte 7 differs" for place in NAMES.values()}
    assert len(rules) > 120
    text = catalogue("vi")
    told = {rule: text.phrase(rule) for rule in rules}
    assert {rule: said for rule, said in told.items() if said == rule or _ENGLISH.search(said)} == {}


def test_what_an_audit_and_a_bundle_find_has_a_vietnamese_form() -> None:
    """The quick validation, the gate, the ledger and a bundle: findings that an audit repeats, with nothing of the English left in them."""
    audit = (ROOT / "exchange" / "audit").glob("*.py")
    found = rules_raised(audit, "_finding", "BundleUnreadable") | rules_raised(
        (ROOT / "signing" / "validation").glob("*.py"), "Fault", "_fault"
    )
    found |= rules_raised([ROOT / "exchange" / "verification.py"], ".violate", ".remark")
    found = {one for one in found if "XYZ (XYZ) is XYZ" not in one and not one.startswith("the XYZ's signature")} | {
        "the leader's signature: XYZ"
    }
    found |= {f"the {name} is not the word of the axis that the bundle names" for name in ("receipt", "checkpoint", "later checkpoint")}
    found |= {
        "the ledger does not include the package as the bundle says",
        "the ledger has no entry for this admission, though it has for later ones",
        "its place in the mailbox is not that of its urgency",
        "the leader's signature: NO_CERTIFICATE_CHAIN_FOUND: no known authority issued the certificate of CN=x (RFC 5280 §6.1.1)",
    }
    told = {one: catalogue("vi").phrase(one) for one in found if len(one.split()) > 2}
    assert len(told) > 40
    assert {one: said for one, said in told.items() if said == one or _ENGLISH.search(said)} == {}


_READ_ELSEWHERE = {
    "archive.py",
    "cades.py",
    "timestamp.py",
    "token_message.py",
    "envelope.py",
    "augment.py",
    "packing.py",
    "packed_steps.py",
    "press.py",
}
"""Files that write, or read what nobody verifies by itself."""
_ENGLISH = re.compile(r"\b(?:the|is|are|of|not|was|has|have|must|and|with|at|for|by|no|its|which|this|that|from|holds?)\b")


def test_the_words_of_a_library_are_put_plainly() -> None:
    """A clerk does not read what a parser says of itself; the JSON keeps it."""
    raw = "CMS: must be strict DER (RFC 3161 §2.4.2): error parsing asn1 value: ParseError { kind: UnexpectedTag { value: 2 } }"
    pdf = "file: cannot be parsed: PdfReadError: Failed to read dictionary key at byte 7; expected PDF name"
    for lang, der, parsed in (
        ("en", "it is not well-formed DER", "file: cannot be parsed: it is not well-formed"),
        ("vi", "cấu trúc không đúng DER", "tệp: không phân tích được: cấu trúc của tệp không đúng"),
    ):
        say = Phrasing(catalogue(lang))
        assert say.phrase(raw).endswith(f": {der}")
        assert "ParseError" not in say.phrase(raw)
        assert say.phrase(pdf) == parsed
    assert Phrasing(catalogue("en")).phrase("file: cannot be parsed: ValueError: the file is encrypted").endswith(": the file is encrypted")


def test_what_keeps_an_archive_from_being_audited_has_a_vietnamese_form() -> None:
    rules = rules_raised((ROOT / "exchange" / "audit").glob("*.py"), "ArchiveUnreadable")
    rules |= rules_raised([ROOT / "exchange" / "checkpoints.py"], "CheckpointUnreadable")
    assert len(rules) > 9
    assert {rule for rule in rules if catalogue("vi").phrase(rule) == rule} == set()


def test_rules_about_policy_files_have_a_vietnamese_form(tmp_path: Path) -> None:
    text, rules = catalogue("vi"), rules_raised([ROOT / "signing" / "validation" / "ades" / "policy_file.py"], "PolicyFileError", ".wrong")
    assert len(rules) > 15
    assert {rule for rule in rules if text.of_policy(rule) == rule} == set()
    path = tmp_path / "own.toml"
    path.write_text("name = 7\n", encoding="utf-8")
    with pytest.raises(Unusable) as caught:
        policy_of(str(path), text)
    assert str(caught.value) == f"{path}: name: phải là một chuỗi văn bản, không phải 7"
    with pytest.raises(Unusable, match=r"^nofile: không có chính sách này; có sẵn "):
        policy_of("nofile", text)


def test_what_a_witness_refuses_has_a_vietnamese_form() -> None:
    rules = rules_raised([ROOT / "exchange" / "witness.py"], "Inconsistent")
    assert len(rules) > 6
    assert {rule for rule in rules if catalogue("vi").phrase(rule) == rule} == set()


@pytest.mark.parametrize("family", ["phrases", "policy"])
def test_phrases_are_whole_in_both_languages(family: str) -> None:
    raw = (CONSOLE / "locale" / f"{family}-vi.json").read_text("utf-8")
    pairs = json.loads(raw)
    assert raw == unicodedata.normalize("NFC", raw)
    assert len({english for english, _ in pairs}) == len(pairs)
    for english, vietnamese in pairs:
        assert set(re.findall(r"\{(\w+)~?\}", english)) == set(re.findall(r"\{(\w+)\}", vietnamese)), english


@pytest.mark.parametrize(
    ("english", "vietnamese"),
    [
        ("covered by nothing", "không được chữ ký nào bao trùm"),
        ("signature value of ky_lanh_dao, covered by dau_co_quan", "giá trị chữ ký của ky_lanh_dao, được bao trùm bởi dau_co_quan"),
        ("content, covered by signer 1, signer 2, signer 3", "nội dung, được bao trùm bởi người ký 1, người ký 2, người ký 3"),
        ("not passed: signer 1", "không đạt: người ký 1"),
        (
            "no revocation data can be used: it was issued after the moment",
            "không dùng được thông tin thu hồi nào: được phát hành sau thời điểm đó",
        ),
        ("something nobody has put into words", "something nobody has put into words"),
    ],
)
def test_sentences_are_put_into_vietnamese_with_those_inside_them(english: str, vietnamese: str) -> None:
    assert catalogue("vi").phrase(english) == vietnamese
    assert catalogue("en").phrase(english) == english


def test_names_with_braces_and_patterns_in_them_stay_as_they_are() -> None:
    assert catalogue("vi").phrase("the certificate of {a} (.*) ends") == "chứng thư của {a} (.*) hết hiệu lực"


def test_a_name_takes_no_words_of_a_sentence_with_it() -> None:
    """Names that stand twice, and names whose country comes first: what stands between them is the finding."""
    one, other = "CN=Tổ chức A,O=Ban,C=VN", "C=VN,L=Hòa Bình,CN=Ủy ban"
    say = Phrasing(catalogue("en"), [one, other])
    sentence = (
        f"{one}: it was issued after the moment; nothing on the revocation of {one} is proven to have existed at 2021-10-05T17:00:00+00:00"
    )
    found = "Tổ chức A: it was issued after the moment; nothing on the revocation of Tổ chức A is proven to have existed at "
    found += "Wed 06/10/2021 00:00:00"
    assert say.phrase(sentence) == found
    assert Phrasing(catalogue("en")).phrase(sentence) == found
    assert say.phrase(f"{other}: nothing is known of its revocation; {one} is suspended") == (
        "Ủy ban: nothing is known of its revocation; Tổ chức A is suspended"
    )


def test_people_read_common_names_plain_reasons_and_vietnamese_time() -> None:
    say = Phrasing(catalogue("en"))
    sentence = r"1.2.840.113549.1.9.1=a@b.test,CN=Trần\, Văn A,OU=Phòng,O=UBND,C=VN was revoked at 2021-09-28 02:00:00 UTC (keyCompromise)"
    assert say.phrase(sentence) == "Trần, Văn A was revoked at Tue 28/09/2021 09:00:00 (the key was compromised)"
    assert say.phrase("the file was changed after this signature (OTHER)") == "the file was changed after this signature (OTHER)"
    assert say.day("9999-12-31T23:59:59+00:00") == "without end"
