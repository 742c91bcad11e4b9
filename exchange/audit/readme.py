"""The README of a bundle, in English and Vietnamese: every question with the exact command that answers it, and our answer beside it.

A step reads ``### n. title``, one fenced ``sh`` block, and a line that begins with ``→`` and says whether the command must succeed. The
commands need openssl 3, python3 and any POSIX shell with cat, and write into the folder ``work`` alone; they are run in the order given,
in the bundle's folder.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import sha256
from importlib.resources import files

from exchange.api import Checkpoint
from exchange.audit.answers import Answers, SignatureAnswer, StampAnswer
from exchange.audit.dossier import Dossier
from exchange.audit.told import contradictions
from exchange.domain.calendar import VN

LANGUAGES: Mapping[str, str] = {"en": "", "vi": ".vi"}
"""Language → what its file's name has before ``.md``."""
_OTHERS = "certificates/others.pem"


@dataclass(frozen=True, slots=True)
class Step:
    """One question: the key of its text with the values in it, the command, and whether it must succeed."""

    key: str
    values: Mapping[str, str]
    command: str
    holds: bool


def readme(language: str, dossier: Dossier, answers: Answers) -> str:
    """The whole text."""
    texts = _texts(language)
    steps = [_step(number, step, texts) for number, step in enumerate(steps_of(dossier, answers), 1)]
    found = dossier.found
    values = {
        "package": found.package_id,
        "document": found.code or found.kind,
        "sender": found.sender,
        "admitted": _text(found.admitted_at),
        "at": _text(dossier.at),
        "policy": dossier.policy.name,
        "anchors": "\n".join(f"    {line}" for line in _fingerprints(dossier, texts)),
        "axis-said": _said(dossier, texts),
        "verdicts": "\n".join(_verdict_lines(dossier, answers, texts)) or texts["no-signatures"],
        "unread": "".join(texts["unread"].format(name=ascii(name), reason=reason) for name, reason in dossier.contents.unread),
        "confirmed": texts["confirmed" if dossier.confirmed else "unconfirmed"],
        "entered": "" if dossier.entered is not None else texts["not-entered"],
        "omitted": texts["omitted"].format(count=dossier.trail.omitted) if dossier.trail.omitted else "",
        "archive-stamps": texts["archive-stamps"] if any(one.stamped.covered is None for one in answers.stamps) else "",
        "steps": "\n".join(steps),
        "kept": texts["kept"] if dossier.kept else "",
    }
    return texts["page"].format_map(values)


@cache
def _texts(language: str) -> Mapping[str, str]:
    return tomllib.loads(files("exchange.audit").joinpath("bundle_files", f"readme-{language}.toml").read_text("utf-8"))


def _fingerprints(dossier: Dossier, texts: Mapping[str, str]) -> list[str]:
    named = [(one, "") for one in dossier.evidence.anchors] + ([(dossier.axis, f" ({texts['axis']})")] if dossier.axis else [])
    return [f"{sha256(one).hexdigest()}{what}" for one, what in named]


def _verdict_lines(dossier: Dossier, answers: Answers, texts: Mapping[str, str]) -> Iterator[str]:
    """Each verdict, with the earliest proof there is; what is only at hand when the question is asked is proven by nothing."""
    for one in answers.signatures:
        for verdict in one.verdicts:
            why = f" ({verdict.sub_indication})" if verdict.sub_indication is not None else ""
            proven = texts["best-time" if verdict.best_signature_time < dossier.at else "no-best-time"]
            yield f"- `{one.folder}`: {verdict.indication}{why}; {proven.format(at=_text(verdict.best_signature_time))}"


def _said(dossier: Dossier, texts: Mapping[str, str]) -> str:
    """What the axis itself decided, in one line; nothing for a package it does not judge."""
    if dossier.recorded is None:
        return ""
    said = dossier.recorded.said
    key = "axis-accepted" if said.accepted else "axis-refused"
    return texts[key].format(at=_text(dossier.recorded.at), rule=said.rule, detail=" ".join(said.detail.split())) + "\n"


def _step(number: int, step: Step, texts: Mapping[str, str]) -> str:
    title = texts[f"step-{step.key}"].format_map(step.values)
    answer = texts["holds" if step.holds else "fails"]
    return f"### {number}. {title}\n\n```sh\n{step.command}\n```\n\n→ {answer}\n"


def steps_of(dossier: Dossier, answers: Answers) -> Iterator[Step]:
    """Every question in order."""
    yield Step("known", {}, "python3 -I -S check.py known $KNOWN", holds=True)
    yield Step("hashes", {}, "python3 -I -S check.py", holds=answers.included is not False and not any(contradictions(dossier)))
    for one in answers.signatures:
        yield from _of_signature(one)
    for stamp in answers.stamps:
        if stamp.stamped.covered is not None:
            yield _of_stamp(stamp)
    yield from _of_word("receipt", "receipt", "statement.json", "signature.p7s", dossier.found.admitted_at, answers.receipt)
    if dossier.entered is not None:
        yield from _of_checkpoint("checkpoint", dossier.entered.checkpoint, answers.checkpoint)
        if dossier.entered.later is not None:
            yield from _of_checkpoint("later", dossier.entered.later, answers.later)
    if any(one.word is not None for one in dossier.trail.others):
        yield Step("others", {}, _EACH_WORD, holds=True)


_EACH_WORD = (
    "(for each in others/*/; do\n"  # in a shell of its own: `exit` must not close the reader's
    "  [ -f $each/signature.p7s ] || continue\n"
    "  openssl cms -verify -binary -inform DER -in $each/signature.p7s -content $each/statement.json \\\n"
    "    -noverify -nointern -certfile certificates/axis.pem -out work/other 2>work/log || { echo $each; exit 1; }\n"
    "done)"
)


def trust_of(moment: datetime) -> str:
    """The file of anchors and lists in force at an instant."""
    return f"trust/at-{int(moment.timestamp())}.pem"


def _at(moment: datetime) -> str:
    return f"-CAfile {trust_of(moment)} -attime {int(moment.timestamp())} -crl_check_all"


def _of_signature(one: SignatureAnswer) -> Iterator[Step]:
    part, work = one.part, f"work/{one.folder.replace('/', '-')}"
    values = {"folder": one.folder, "at": _text(one.at)}
    given = "" if part.attached else f" -content {one.folder}/content.bin"
    source = f"-binary -inform {'PEM' if part.pem else 'DER'} -in {one.folder}/signature.p7s{given}"
    intact = f"openssl cms -verify {source} \\\n  -noverify -certfile {_OTHERS} -signer {work}.pem -out {work}.bin"
    yield Step("intact", values, intact, one.intact)
    chain = f"openssl verify {_at(one.at)} \\\n  -untrusted {_OTHERS} {work}.pem"
    yield Step("chain", values, chain, one.intact and one.chain)
    # cms takes no certificates from elsewhere for the chain: the authorities stand beside the roots, which alone are trusted
    joined = f"cat {trust_of(one.at)} certificates/authorities.pem >{work}.ca"
    at = f"-CAfile {work}.ca -attime {int(one.at.timestamp())} -crl_check_all -purpose any"
    both = f"{joined}\nopenssl cms -verify -cades {source} \\\n  {at} -certfile {_OTHERS} -out {work}.bin"
    yield Step("both", values, both, one.intact and one.chain)


def _of_stamp(one: StampAnswer) -> Step:
    command = (
        f"openssl ts -verify -data {one.folder}/content.bin -in {one.folder}/token.tst -token_in \\\n  {_at(one.at)} -untrusted {_OTHERS}"
    )
    return Step("stamp", {"folder": one.folder, "at": _text(one.at)}, command, one.holds)


def _of_checkpoint(name: str, checkpoint: Checkpoint, holds: bool | None) -> Iterator[Step]:
    return _of_word(name, "ledger", f"{name}.json", f"{name}.p7s", checkpoint.at, holds is True)


def _of_word(key: str, folder: str, statement: str, signature: str, at: datetime, holds: bool) -> Iterator[Step]:
    command = (
        f"openssl cms -verify -binary -inform DER -in {folder}/{signature} -content {folder}/{statement} \\\n"
        f"  -noverify -nointern -certfile certificates/axis.pem -out work/{key} \\\n"
        f"  && openssl verify {_at(at)} \\\n  -untrusted {_OTHERS} certificates/axis.pem"
    )
    yield Step(key, {"at": _text(at)}, command, holds)


def _text(moment: datetime) -> str:
    return f"{moment.astimezone(VN):%d/%m/%Y %H:%M:%S} (+07:00)"
