"""Second opinions: OpenSSL and pyHanko agree, or differ for a reason that stands in the table; any other disagreement is said loudly."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from asn1crypto import algos, cms

from console.verify import opinions
from console.verify.opinions import Answer, differences, known_difference
from signing import Check, Purpose
from tests.console.verify_lab import LETTER_AT, Desk, truc, world, write_trust
from tests.judges import needs_openssl, needs_pyhanko
from tests.signing.ades import lab as ades
from tests.signing.lab import CONTENT, attribute, chain_of, der_set, ess, good_attributes, signed_data, signer_info

Opinion = dict[str, str]


def asked(answer_stdout: str) -> list[Opinion]:
    tree = json.loads(answer_stdout)
    return [
        one for file in tree["files"] for part in file["documents"] for signature in part["signatures"] for one in signature["opinions"]
    ]


@needs_openssl
@needs_pyhanko
def test_both_judges_agree_on_a_letter_and_on_a_signature_beside_its_file(desk: Desk) -> None:
    for answer in (desk.letter("good.pdf", "--json", "--second-opinion"), desk.cms("plan.xlsx.p7s", "--json", "--second-opinion")):
        found = asked(answer.stdout)
        assert {(one["judge"], one["question"]) for one in found} == {
            (j, q) for j in ("OpenSSL", "pyHanko") for q in ("signature", "chain")
        }
        assert {one["relation"] for one in found} == {"agrees"}
    assert {(one["question"], one["answer"]) for one in found} == {("signature", "accept"), ("chain", "refuse")}


def _confusion() -> bytes:
    """No signed attributes at all: the signature is over the content."""
    holder = world().signer
    return signed_data([signer_info(holder, None)], sorted(chain_of(holder)))


def _unsorted() -> bytes:
    """asn1crypto sorts a SET OF on its own, so the reversed attributes are put in place of the sorted ones afterwards."""
    holder = world().signer
    attributes = good_attributes(holder.certificate_der)
    ordered, turned = (b"".join(item.dump() for item in items) for items in (attributes, attributes[::-1]))
    signature = holder.key.sign(der_set(attributes[::-1]), Purpose.LETTER)
    data = signed_data([signer_info(holder, attributes, signature=signature)], sorted(chain_of(holder)))
    assert data.count(ordered) == 1
    return data.replace(ordered, turned)


def _without_ess() -> bytes:
    holder = world().signer
    return signed_data([signer_info(holder, good_attributes(holder.certificate_der)[:2])], sorted(chain_of(holder)))


def _other_type() -> bytes:
    holder = world().signer
    attributes = [attribute("content_type", "tst_info"), *good_attributes(holder.certificate_der)[1:]]
    return signed_data([signer_info(holder, sorted(attributes, key=lambda one: one.dump()))], sorted(chain_of(holder)))


def _other_algorithms() -> bytes:
    holder = world().signer
    protection = cms.CMSAlgorithmProtection(
        {
            "digest_algorithm": algos.DigestAlgorithm({"algorithm": "sha512"}),
            "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": "sha512_ecdsa"}),
        }
    )
    attributes = [*good_attributes(holder.certificate_der), attribute("cms_algorithm_protection", protection)]
    return signed_data([signer_info(holder, sorted(attributes, key=lambda one: one.dump()))], sorted(chain_of(holder)))


def _another_certificate_named() -> bytes:
    holder = world().signer
    attributes = [
        *good_attributes(holder.certificate_der)[:2],
        attribute("signing_certificate_v2", ess(holder.certificate_der, digest=bytes(32))),
    ]
    return signed_data([signer_info(holder, attributes)], sorted(chain_of(holder)))


def _trailing() -> bytes:
    return world().b() + b"\0"


TABLE: dict[str, tuple[Callable[[], bytes], dict[str, str]]] = {
    "no signed attributes": (_confusion, {"OpenSSL": "confusion", "pyHanko": "confusion"}),
    "signed over unsorted attributes": (_unsorted, {"OpenSSL": "not-der", "pyHanko": "not-der"}),
    "a byte after the CMS": (_trailing, {"OpenSSL": "not-der", "pyHanko": "not-der"}),
    "no signing-certificate attribute": (_without_ess, {"OpenSSL": "agrees", "pyHanko": "ess"}),
    "another content type signed": (_other_type, {"OpenSSL": "content-type", "pyHanko": "agrees"}),
    "other algorithms signed": (_other_algorithms, {"OpenSSL": "algorithm-protection", "pyHanko": "agrees"}),
    "another certificate named": (_another_certificate_named, {"OpenSSL": "agrees", "pyHanko": "agrees"}),
}
"""Case of ``signing.md`` §3 → what each judge is known to do: agree with our refusal, or accept for the reason of that key."""


@needs_openssl
@needs_pyhanko
@pytest.mark.parametrize("case", TABLE)
def test_what_judges_accept_and_we_refuse_has_its_written_reason(case: str, tmp_path: Path) -> None:
    make, expected = TABLE[case]
    (tmp_path / "a.txt").write_bytes(CONTENT)
    (tmp_path / "a.txt.p7s").write_bytes(make())
    trust = write_trust(tmp_path / "trust", world().evidence(ades.AT))
    answer = truc(tmp_path / "a.txt.p7s", "--trust", trust, "--at", "2021-09-27T12:00", "--json", "--second-opinion")
    assert answer.exit_code == 1
    found = {one["judge"]: one["known"] or one["relation"] for one in asked(answer.stdout) if one["question"] == "signature"}
    assert found == expected


@needs_pyhanko
def test_what_rests_on_pyhankos_own_analysis_has_no_second_opinion_from_it(desk: Desk) -> None:
    found = asked(desk.letter("appended.pdf", "--json", "--second-opinion").stdout)
    same = [one for one in found if one["question"] == "changes"]
    assert same
    assert {(one["judge"], one["answer"], one["relation"]) for one in same} == {("pyHanko", "not-asked", "same-source")}


def test_a_judge_that_is_missing_is_named(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opinions.shutil, "which", lambda _: None)
    monkeypatch.setattr(opinions, "find_spec", lambda _: None)
    answer = desk.cms("stamped.xlsx.p7s", "--second-opinion")
    assert answer.exit_code == 0
    words = " ".join(answer.stdout.split())
    for judge in ("OpenSSL", "pyHanko"):
        assert f"{judge} · asked: not asked. It is not on this machine, so it was not asked." in words


def test_an_unknown_disagreement_is_said_loudly(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A judge that refuses a good signature for no reason we know."""
    refusal: dict[opinions.Question, Answer] = {"signature": Answer("refuse", "the moon is wrong"), "chain": Answer("accept")}
    monkeypatch.setattr(opinions.shutil, "which", lambda _: "openssl")
    monkeypatch.setattr(opinions, "find_spec", lambda _: None)
    monkeypatch.setattr(opinions, "ask_openssl", lambda *_: refusal)
    answer = desk.letter("good.pdf", "--second-opinion")
    words = " ".join(answer.stdout.split())
    assert answer.exit_code == 0, "our verdict stays ours"
    assert "IT DISAGREES, AND NOT FOR A KNOWN REASON." in words
    assert "“the moon is wrong”" in words
    assert "ATTENTION: another judge disagrees" in words


@pytest.mark.parametrize(
    ("judge", "question", "theirs", "refused_by", "key"),
    [
        ("OpenSSL", "signature", Answer("accept"), Check("content-type", False, ""), "content-type"),
        ("pyHanko", "signature", Answer("accept"), Check("content-type", False, ""), ""),
        ("OpenSSL", "signature", Answer("accept"), Check("encoding", False, "RFC 5652 §3", "1 bytes follow the CMS"), "not-der"),
        ("OpenSSL", "signature", Answer("accept"), Check("encoding", False, "RFC 5652 §11.2", "message-digest is missing"), ""),
        ("OpenSSL", "signature", Answer("accept"), Check("message-digest", False, ""), ""),
        ("pyHanko", "signature", Answer("accept"), Check("signature-value", False, ""), ""),
        ("OpenSSL", "chain", Answer("refuse", "error 3: unable to get certificate CRL"), None, "no-ocsp"),
        ("OpenSSL", "chain", Answer("refuse", "self-signed certificate"), None, ""),
    ],
)
def test_a_difference_is_known_only_where_all_its_entry_names_is_so(
    judge: str, question: str, theirs: Answer, refused_by: Check | None, key: str
) -> None:
    """Nobody may accept changed content, or a signature of another key, for any reason."""
    assert known_difference(judge, question, theirs, refused_by) == key


def test_the_table_of_differences_is_whole() -> None:
    for entry in differences():
        assert entry.keys() <= {"key", "judge", "question", "theirs", "check", "found", "said"}
        assert entry.keys() >= {"key", "question", "theirs", "check"}
        assert entry["check"] or "said" in entry, "an entry without our check explains only what the judge said"


@needs_openssl
@needs_pyhanko
def test_second_opinions_are_the_same_on_every_run(desk: Desk) -> None:
    first, second = (desk.cms("plan.xlsx.p7s", "--second-opinion", "--json").stdout for _ in range(2))
    assert first == second


def test_second_opinions_are_asked_only_when_wanted(desk: Desk) -> None:
    assert asked(truc(desk.path("good.pdf"), "--at", LETTER_AT, "--json").stdout) == []
    assert asked(desk.cms("alone.p7s", "--json").stdout) == []
