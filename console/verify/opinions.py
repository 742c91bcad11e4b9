"""Second opinions: OpenSSL and pyHanko asked the same two questions, agreement or the known difference said.

    signature   does this signature hold over this content under the certificate it names?
    chain       does a chain lead from that certificate to an anchor, nobody in it revoked, at the control time?

Each judge is a process of its own with a time limit. Proofs of existence are not asked about: neither judge has them for all formats. What
is known to differ stands in ``differences.json`` beside this file, each with its reason; any other disagreement is called one.
"""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from console.reports.canonical import Tree
from console.verify.judging import Bench, Judged, JudgedFile
from signing import Check, Evidence, SignatureClaim, SignatureVerdict, SignedKind

SECONDS = 30
ACCEPT, REFUSE, NOT_ASKED = "accept", "refuse", "not-asked"
_LONGEST = 300
_OF_SIGNATURE = frozenset(
    {
        *("format", "signed-attributes", "content-type", "message-digest-attribute", "algorithm-protection", "encoding"),
        *("algorithm-protection-present", "signing-certificate", "signing-certificate-attribute", "message-digest"),
        *("signature-value", "signature-algorithms"),
    }
)
"""Our checks that answer the first question."""
_CHANGES = "ISO 32000-1 §12.8.2"
"""Clause of findings that rest on pyHanko's difference analysis."""

Question = Literal["signature", "chain"]
_QUESTIONS: tuple[Question, ...] = ("signature", "chain")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a judge said to one question; ``said`` in its own words, one line."""

    answer: str
    said: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """One signature as another judge needs it: its CMS, the content beside it, and all evidence.

    ``signer`` is the signer's certificate where we could identify it, ``embedded`` those among which it may be looked for.
    """

    cms: bytes
    content: bytes | None
    signer: bytes | None
    embedded: tuple[bytes, ...]
    evidence: Evidence


class Judges:
    """Those there are on this machine; a judge that is missing is named, not passed over."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._openssl = shutil.which("openssl")
        self._pyhanko = find_spec("pyhanko") is not None and find_spec("pyhanko_certvalidator") is not None

    def ask(self, judged: JudgedFile) -> list[list[list[Tree]]]:
        """Opinions on every signature, by signed thing."""
        return [self._on(one) for one in judged.judged]

    def _on(self, judged: Judged) -> list[list[Tree]]:
        pairs = list(zip(judged.found.claims, judged.verdict.signatures, strict=True))
        cases = [_case(judged, claim, verdict, self._bench.trust.evidence) for claim, verdict in pairs]
        at = int(self._bench.at.timestamp())
        openssl = [ask_openssl(self._openssl, case, at) for case in cases] if self._openssl is not None else None
        pyhanko = ask_pyhanko(cases, at) if self._pyhanko else None
        told = []
        for place, (claim, verdict) in enumerate(pairs):
            said = [*_opinions("OpenSSL", openssl, place, verdict), *_opinions("pyHanko", pyhanko, place, verdict)]
            if judged.found.kind is SignedKind.PDF and any(clause.startswith(_CHANGES) for _, clause in claim.findings):
                said.append(_told("pyHanko", "changes", Answer(NOT_ASKED), "same-source"))
            told.append(said)
        return told


def _case(judged: Judged, claim: SignatureClaim, verdict: SignatureVerdict, evidence: Evidence) -> Case:
    data = judged.subject.data
    signer = None if verdict.chain is None else verdict.chain.chain[0]
    carried = Evidence((), (), claim.certificates, claim.crls, claim.ocsps)
    place = next((one for one in judged.found.ranges if claim.name == one.name or claim.name.startswith(f"{one.name} signer ")), None)
    if place is None:
        return Case(data, judged.subject.content, signer, claim.certificates, evidence + carried)
    cms = bytes.fromhex(data[place.opening + 1 : place.closing - 1].decode("ascii"))
    content = data[: place.opening] + data[place.closing : place.end]
    return Case(cms, content, signer, claim.certificates, evidence + carried)


def _opinions(judge: str, answers: Sequence[dict[Question, Answer]] | None, place: int, verdict: SignatureVerdict) -> Iterator[Tree]:
    """What one judge said of one signature, held against ours."""
    if answers is None:
        yield _told(judge, "presence", Answer(NOT_ASKED), "absent")
        return
    for question in _QUESTIONS:
        theirs = answers[place][question]
        ours, refused_by = _ours(question, verdict)
        if NOT_ASKED in (theirs.answer, ours):
            yield _told(judge, question, theirs, "not-asked")
        elif theirs.answer == ours:
            yield _told(judge, question, theirs, "agrees")
        else:
            known = known_difference(judge, question, theirs, refused_by)
            yield _told(judge, question, theirs, "explained" if known else "unknown", known)


def _ours(question: Question, verdict: SignatureVerdict) -> tuple[str, Check | None]:
    """Our answer, and the check that refused."""
    if question == "signature":
        reason = next((check for check in verdict.checks if not check.passed and check.name in _OF_SIGNATURE), None)
        asked = reason is not None or any(check.name == "message-digest" for check in verdict.checks)
        return (NOT_ASKED if not asked else ACCEPT if reason is None else REFUSE), reason
    if verdict.chain is None:
        return NOT_ASKED, None
    reason = next((check for check in verdict.chain.checks if not check.passed), None)
    return (ACCEPT if verdict.chain.passed else REFUSE), reason


def known_difference(judge: str, question: str, theirs: Answer, refused_by: Check | None) -> str:
    """The key of the difference that is known between us; empty when there is none such.

    An entry matches when all it names does: the judge, the question, the judge's answer, the check by which we refuse (empty where we
    accept), words of what we ``found`` and of what it ``said``.
    """
    facts = {"judge": judge, "question": question, "theirs": theirs.answer, "check": "" if refused_by is None else refused_by.name}
    found = "" if refused_by is None else f"{refused_by.detail} ({refused_by.clause})"
    for entry in differences():
        same = all(facts[name] == entry[name] for name in facts.keys() & entry.keys())
        if same and entry.get("said", "") in theirs.said and entry.get("found", "") in found:
            return entry["key"]
    return ""


@cache
def differences() -> tuple[dict[str, str], ...]:
    """The table of known differences."""
    return tuple(json.loads(files("console.verify").joinpath("differences.json").read_text("utf-8")))


def _told(judge: str, question: str, answer: Answer, relation: str, known: str = "") -> Tree:
    return {"judge": judge, "question": question, "answer": answer.answer, "relation": relation, "known": known, "said": answer.said}


def ask_openssl(program: str, case: Case, at: int) -> dict[Question, Answer]:
    """``openssl cms -verify -cades`` on signature and content, ``openssl verify -crl_check_all -attime`` on the chain."""
    with tempfile.TemporaryDirectory(prefix="truc-") as name:
        folder = Path(name)
        return {"signature": _openssl_signature(program, case, folder), "chain": _openssl_chain(program, case, at, folder)}


def _openssl_signature(program: str, case: Case, folder: Path) -> Answer:
    """The signer's certificate is taken as trusted and its period left aside: the chain is the other question."""
    candidates = case.embedded if case.signer is None else (case.signer,)
    if not candidates:
        return Answer(NOT_ASKED)
    (folder / "cms").write_bytes(case.cms)
    armoured = case.cms.lstrip().startswith(b"-----")
    signer = _pem(folder / "signer", "CERTIFICATE", candidates)
    command = [program, "cms", "-verify", "-cades", "-binary", "-inform", "PEM" if armoured else "DER", "-in", str(folder / "cms")]
    command += ["-CAfile", signer, "-no-CApath", "-no-CAstore", "-partial_chain", "-no_check_time", "-purpose", "any"]
    command += ["-certfile", signer, "-out", str(folder / "out")]
    if case.content is not None:
        (folder / "content").write_bytes(case.content)
        command += ["-content", str(folder / "content")]
    return _run(command)


def _openssl_chain(program: str, case: Case, at: int, folder: Path) -> Answer:
    if case.signer is None or not case.evidence.anchors:
        return Answer(NOT_ASKED)
    signer = _pem(folder / "signer", "CERTIFICATE", (case.signer,))
    command = [program, "verify", "-attime", str(at), "-crl_check_all", "-extended_crl", "-x509_strict", "-no-CApath", "-no-CAstore"]
    command += ["-CAfile", _pem(folder / "anchors", "CERTIFICATE", case.evidence.anchors)]
    if case.evidence.certificates:
        command += ["-untrusted", _pem(folder / "untrusted", "CERTIFICATE", case.evidence.certificates)]
    if case.evidence.crls:
        command += ["-CRLfile", _pem(folder / "crls", "X509 CRL", case.evidence.crls)]
    return _run([*command, signer])


def _pem(path: Path, label: str, ders: Sequence[bytes]) -> str:
    blocks = (f"-----BEGIN {label}-----\n{base64.encodebytes(der).decode()}-----END {label}-----\n" for der in ders)
    path.write_text("".join(blocks), encoding="ascii")
    return str(path)


def _run(command: Sequence[str]) -> Answer:
    try:
        done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False, stdin=subprocess.DEVNULL)  # noqa: S603
    except subprocess.TimeoutExpired:
        return Answer(REFUSE, f"no answer within {SECONDS} s")
    if done.returncode == 0:
        return Answer(ACCEPT)
    lines = [line for line in done.stderr.decode("utf-8", "replace").splitlines() if "error" in line.lower()]
    return Answer(REFUSE, _line(lines[0] if lines else f"exit code {done.returncode}"))


def ask_pyhanko(cases: Sequence[Case], at: int) -> list[dict[Question, Answer]]:
    """pyHanko's CMS validation with certvalidator, revocation required, nothing fetched; all signatures of a thing in one child."""
    if not cases:
        return []
    asked = {"at": at, "cases": [_encoded(case) for case in cases]}
    command = [sys.executable, "-m", "console.verify.pyhanko_judge"]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter
            command,
            input=json.dumps(asked).encode(),
            capture_output=True,
            timeout=SECONDS,
            check=False,
            env={"PYTHONPATH": ":".join(path for path in sys.path if path)},
        )
        found = json.loads(done.stdout) if done.returncode == 0 else None
    except (subprocess.TimeoutExpired, ValueError):
        found = None
    if found is None:
        silent = Answer(REFUSE, "no answer: the process that asked it ended or took too long")
        return [{"signature": silent, "chain": silent} for _ in cases]
    return [{"signature": _heard(one["signature"]), "chain": _heard(one["chain"])} for one in found]


def _encoded(case: Case) -> Tree:
    def text(data: bytes | None) -> str | None:
        return None if data is None else base64.b64encode(data).decode()

    evidence = case.evidence
    return {
        "cms": text(case.cms),
        "content": text(case.content),
        "anchors": [text(one) for one in evidence.anchors],
        "certificates": [text(one) for one in evidence.certificates],
        "crls": [text(one) for one in evidence.crls],
        "ocsps": [text(one) for one in evidence.ocsps],
    }


def _heard(one: Tree) -> Answer:
    return Answer(one["answer"], _line(one["said"]))


def _line(said: str) -> str:
    """One line without control characters, bounded, and the same on every run (OpenSSL begins its lines with a thread's number)."""
    parts = said.split(":error:")
    plain = "".join(character if character.isprintable() else " " for character in parts[-1])
    return " ".join(plain.split())[:_LONGEST]
