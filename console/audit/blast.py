"""One call of ``truc blast-radius``: read the archive once, find the key meant, tell what changes; the exit code."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from os.path import isfile
from pathlib import Path

from console.audit.asking import Stopwatch, archive_of, checkpoints, fingerprints, sentence, talker, trust_folder, watching, write_sheets
from console.audit.tree import checkpoint_tree, instant, verdict_tree
from console.audit.words import labels, verdict_words
from console.audit.words import moment as told
from console.locale import Text
from console.options import moment
from console.outcome import DONE, SHORT, USAGE, Unusable
from console.policies import policy_of
from console.reports.canonical import Tree, canonical
from console.reports.files import HTML, PDF, refuse_to_spoil
from console.reports.sheet import Section, Sheet, Table
from console.reports.sheet_screen import show_sheet
from exchange.audit.reach import Index, Question, Reach, find_certificate
from exchange.audit.uses import Use
from exchange.domain.calendar import VN
from exchange.errors import ArchiveUnreadable
from scenarios.memory import AUDITING, seldom
from signing import FormatFailure, Purpose, describe_certificate, sort_artefacts

SCHEMA = "truc-blast-radius/1"
MOST_SHOWN = 12
MOST_PRINTED = 5000
_MAX_CERTIFICATE = 1 << 20
_SLOTS = {("letter", "0"): "leader", ("letter", "1"): "seal"}
_WORDS = ("receipt", "refusal", "checkpoint")
_COUNTS = ("depending", "standing", "changing")


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line asks for."""

    certificate: str
    since: str
    archive: str | None
    at: str | None
    checkpoints: tuple[Path, ...]
    trust: Path | None
    anchors: tuple[str, ...]
    policy: str
    json: bool
    html: Path | None
    pdf: Path | None


def perform(wish: Wish, text: Text) -> int:
    """Answer; 0 nothing changes, 1 something does, 2 there is no such certificate or archive, 3 a part is not installed."""
    talk = talker()
    watch = Stopwatch()
    try:
        refuse_to_spoil(((wish.html, HTML), (wish.pdf, PDF)), text)
        question = _question(wish, text)
        with watching(text, talk) as progress, seldom(AUDITING):
            index = Index(archive_of(wish.archive, text), question, progress)
        read = watch.seconds
        reach = index.reach(_certificate(wish.certificate, index, text))
    except (Unusable, ArchiveUnreadable) as error:
        talk.print(sentence(error, text), markup=False)
        return USAGE
    seconds = {"read": text.number(read, 1), "judged": text.number(watch.seconds - read, 1)}
    counts = {"signatures": text.number(sum(map(len, index.uses.by_kind.values()))), "kinds": text.number(reach.judged)}
    talk.print(text("blast.done", **seconds, **counts), markup=False)
    tree = blast_tree(reach, question)
    sheet = blast_sheet(tree, text)
    code = write_sheets(sheet, wish.html, wish.pdf, text, talk)  # before the screen, whose reader may close it when it has seen enough
    if wish.json:
        sys.stdout.write(canonical(tree))
    else:
        show_sheet(sheet)
    return code or (SHORT if reach.fallen else DONE)


def _question(wish: Wish, text: Text) -> Question:
    since = moment(wish.since, "--since", text, end_of_day=False)
    at = None if wish.at is None else moment(wish.at, "--at", text, end_of_day=True)
    if at is not None and at <= since:
        raise Unusable(text("blast.error.at"))
    policy, outside = policy_of(wish.policy, text), checkpoints(wish.checkpoints, text)
    return Question(since, policy, at, outside, trust_folder(wish.trust), fingerprints(wish.anchors, text))


def _certificate(wanted: str, index: Index, text: Text) -> bytes:
    """The certificate meant: of a file, or one of the archive. Raises :class:`Unusable`."""
    path = Path(wanted)
    if isfile(path):  # a distinguished name may be longer than any file's
        return _of_file(path, text)
    found = find_certificate(index.certificates, wanted)
    if not found:
        raise Unusable(text("blast.error.certificate", wanted=wanted or "''"))
    if len({index.key_of(one) for one in found}) > 1:
        several = [words for one in found if (words := describe_certificate(one)) is not None]
        lines = sorted(f"{words.name} · {words.serial} · SHA-256 {words.sha256.hex()}" for words in several)
        raise Unusable(text("blast.error.several", wanted=wanted or "''", found="\n  ".join(lines)))
    return found[0]


def _of_file(path: Path, text: Text) -> bytes:
    try:
        if path.stat().st_size > _MAX_CERTIFICATE:
            raise Unusable(text("blast.error.file", path=path))
        found = sort_artefacts(path.read_bytes()).certificates
    except (FormatFailure, OSError):
        raise Unusable(text("blast.error.file", path=path)) from None
    if len(found) != 1:
        raise Unusable(text("blast.error.file", path=path))
    return found[0]


# --- plain values ---


def blast_tree(reach: Reach, question: Question) -> Tree:
    """The whole answer, the same for the same archive and arguments."""
    words = describe_certificate(reach.certificate)
    return {
        "schema": SCHEMA,
        "archive": reach.audit.path,
        "certificate": {
            "sha256": words.sha256.hex(), "name": words.name, "subject": words.subject, "issuer": words.issuer, "serial": words.serial,
        } if words is not None else None,
        "since": instant(reach.since),
        "at": instant(reach.at),
        "policy": question.policy.name,
        "axis": reach.axis,
        "outside": [checkpoint_tree(one.checkpoint) for one in question.outside],
        "depending": _by_purpose(reach.depending),
        "standing": _by_purpose(reach.standing),
        "changing": _by_purpose(_changing(reach)),
        "verdicts": [
            {"purpose": str(one.kind.purpose), "before": verdict_tree(one.before), "after": verdict_tree(one.after), "count": len(one.uses)}
            for one in reach.fallen
        ],
        "documents": [
            {
                "package": one.package_id, "sender": one.sender, "name": one.name, "admitted-at": instant(one.admitted_at),
                "recipients": list(one.recipients),
                "signatures": [
                    {"purpose": str(purpose), "which": _SLOTS.get((str(purpose), name), str(purpose)), "before": verdict_tree(before),
                     "after": verdict_tree(after)}
                    for purpose, name, before, after in one.changes
                ],
            }
            for one in reach.documents
        ],
        "agencies": [{"agency": agency, "documents": count} for agency, count in reach.agencies.items()],
        "words": [_word(one.kind.purpose, use) for one in reach.fallen if one.kind.purpose in _WORDS for use in one.uses],
        "audit-errors": reach.audit.errors,
    }  # fmt: skip


def _word(purpose: Purpose, use: Use) -> Tree:
    at = datetime.fromtimestamp(use.at, VN)
    return {"purpose": str(purpose), "package": use.package_id, "row": use.row, "at": instant(at)}


def _changing(reach: Reach) -> dict[Purpose, int]:
    counts: dict[Purpose, int] = {}
    for one in reach.fallen:
        counts[one.kind.purpose] = counts.get(one.kind.purpose, 0) + len(one.uses)
    return counts


def _by_purpose(counts: Mapping[Purpose, int]) -> Tree:
    return {str(purpose): count for purpose, count in sorted(counts.items(), key=lambda item: str(item[0]))}


# --- in the reader's language ---


def blast_sheet(tree: Tree, text: Text) -> Sheet:
    """The answer as a sheet."""
    certificate, documents = tree["certificate"], tree["documents"]
    changes = sum(tree["changing"].values())
    verdict = "failed" if changes else "passed"
    values = {"documents": text.number(len(documents)), "agencies": text.number(len(tree["agencies"])), "changes": text.number(changes)}
    return Sheet(
        lang=text.lang,
        title=text("blast.title"),
        subtitle=text("blast.subtitle", name=certificate["name"], since=told(tree["since"], text)),
        verdict=verdict,
        word=text(f"blast.word.{verdict}"),
        headline=text(f"blast.headline.{verdict}", **values),
        banner=[[text("blast.fact.receipts"), text(_receipts_key(tree))]],
        facts=[
            [text("blast.fact.certificate"), f"{certificate['name']} · {certificate['serial']} · SHA-256 {certificate['sha256']}"],
            [text("blast.fact.archive"), tree["archive"]],
            [text("blast.fact.at"), told(tree["at"], text)],
            [text("blast.fact.policy"), tree["policy"]],
        ],
        notes=[text("blast.audit-errors", count=text.number(tree["audit-errors"]))] if tree["audit-errors"] else [],
        sections=list(_sections(tree, text)),
        labels=labels(text),
    )


def _receipts_key(tree: Tree) -> str:
    if not tree["axis"]:
        return "blast.receipts.stand"
    return "blast.receipts.outside" if tree["outside"] else "blast.receipts.fall"


def _sections(tree: Tree, text: Text) -> Iterator[Section]:
    head = [text(f"blast.head.{word}") for word in ("signatures", *_COUNTS)]
    purposes = sorted(set(tree["depending"]) | set(tree["changing"]), key=lambda one: (one in _WORDS, one))
    rows = [[text.label("purpose", one), *(text.number(tree[key].get(one, 0)) for key in _COUNTS)] for one in purposes]
    if not rows:
        yield Section(text("blast.counts"), [text("blast.counts.none")])
        return
    yield Section(text("blast.counts"), tables=[Table(head, rows, (1, 2, 3))])
    if tree["verdicts"]:
        yield _verdicts(tree, text)
    if tree["documents"]:
        yield _agencies(tree, text)
        yield _documents(tree, text)


def _agencies(tree: Tree, text: Text) -> Section:
    rows = [[one["agency"], text.number(one["documents"])] for one in tree["agencies"]]
    more = text("blast.more.agencies", count=text.number(len(rows) - MOST_SHOWN))
    head = [text("blast.head.agency"), text("blast.head.documents")]
    return Section(text("blast.agencies"), tables=[Table(head, rows, (1,), MOST_SHOWN, more)])


def _verdicts(tree: Tree, text: Text) -> Section:
    counts: dict[tuple[str, str, str], int] = {}
    for one in tree["verdicts"]:
        key = (text.label("purpose", one["purpose"]), verdict_words(one["before"], text), verdict_words(one["after"], text))
        counts[key] = counts.get(key, 0) + one["count"]
    rows = [[*key, text.number(count)] for key, count in sorted(counts.items(), key=lambda item: -item[1])]
    head = [text(f"blast.head.{word}") for word in ("signatures", "before", "after", "count")]
    return Section(text("blast.verdicts"), tables=[Table(head, rows, (3,))])


def _documents(tree: Tree, text: Text) -> Section:
    rows = [
        [
            one["name"], one["sender"], told(one["admitted-at"], text), ", ".join(one["recipients"]) or "–",
            ", ".join(dict.fromkeys(text.label("blast-which", each["which"]) for each in one["signatures"])), one["package"],
        ]
        for one in tree["documents"][:MOST_PRINTED]
    ]  # fmt: skip
    head = [text(f"blast.head.{word}") for word in ("document", "sender", "admitted", "recipients", "which", "package")]
    more = text("blast.more.documents", count=text.number(len(tree["documents"]) - MOST_SHOWN))
    return Section(text("blast.documents"), tables=[Table(head, rows, (), MOST_SHOWN, more)])
