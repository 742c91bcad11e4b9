"""One call of ``truc evidence``: find the document, gather what there is about it, write the bundle."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from console.audit.asking import archive_of, checkpoints, fingerprints, offices_of, sentence, talker, trust_folder
from console.audit.command import named
from console.audit.kept import copies_of
from console.audit.tree import verdict_tree
from console.audit.words import verdict_words
from console.locale import Text
from console.options import moment
from console.outcome import DONE, SHORT, USAGE, Unusable
from console.policies import policy_of
from console.reports.files import BUNDLE, put, refuse_to_spoil
from exchange.audit.answers import Answers, answers_of
from exchange.audit.bundle_write import write_bundle
from exchange.audit.dossier import Dossier, NoReceipt, open_dossier
from exchange.audit.entered import NotOfThisLedger
from exchange.audit.holdings import Found, Holdings
from exchange.domain.calendar import VN
from exchange.errors import ArchiveUnreadable, EdxmlError, StoreError
from exchange.store.entries import MissingHash
from signing import PolicyFileError, Sandbox, policy_bytes


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line asks for."""

    document: str
    out: Path
    archive: str | None
    at: str | None
    checkpoint: Path | None
    trust: Path | None
    anchors: tuple[str, ...]
    policy: str


def perform(wish: Wish, text: Text) -> int:
    """Write it; 0 everything in it holds, 1 it holds something that does not, 2 there is no such document or archive."""
    talk = talker()
    try:
        with ExitStack() as stack:
            dossier, doubts = _dossier(wish, text, stack.enter_context)
        answers = answers_of(dossier)
        data = write_bundle(dossier, policy_bytes(wish.policy))
        put(wish.out, data)
    except (Unusable, ArchiveUnreadable, PolicyFileError) as error:
        talk.print(sentence(error, text), markup=False)
        return USAGE
    except NotOfThisLedger as error:
        talk.print(f"{wish.checkpoint}: {text.phrase(error.rule)}", markup=False)
        return USAGE
    except (EdxmlError, NoReceipt, StoreError, MissingHash, LookupError) as error:
        talk.print(text("audit.error.document", document=wish.document, rule=text.phrase(str(error))), markup=False)
        return USAGE
    except OSError as error:
        talk.print(text("verify.error.write", path=wish.out, reason=text.reason(error)), markup=False)
        return USAGE
    except Exception as error:  # as in an audit: a changed row may break any reader
        rule = f"{type(error).__name__}: {str(error)!a}"
        talk.print(text("evidence.error.damaged", document=wish.document, rule=rule), markup=False)
        return USAGE
    return _tell(wish, dossier, answers, doubts, len(data), text, talk)


def _dossier(wish: Wish, text: Text, enter: Callable[..., object]) -> tuple[Dossier, list[str]]:
    """All there is about the document, and what is to be said of the archive before anything in it is believed."""
    policy = policy_of(wish.policy, text)
    at = None if wish.at is None else moment(wish.at, "--at", text, end_of_day=True)
    outside = checkpoints([wish.checkpoint], text)[0] if wish.checkpoint is not None else None
    if not wish.out.name or wish.out.is_dir():
        raise Unusable(text("evidence.error.out", path=wish.out))
    refuse_to_spoil(((wish.out, BUNDLE),), text)
    path, trust = archive_of(wish.archive, text), trust_folder(wish.trust)
    holdings, sandbox = Holdings(path, trust, fingerprints(wish.anchors, text)), Sandbox()
    enter(holdings)
    enter(sandbox)
    found = _one(named(wish.document, holdings, text), wish.document, text)
    dossier = open_dossier(holdings, found, policy, at, outside, sandbox, copies_of(found.document_id, offices_of(wish.archive)))
    return dossier, [one.detail for one in holdings.findings if one.rule == "anchor-not-trusted"] + _misnamed(dossier)


def _misnamed(dossier: Dossier) -> list[str]:
    """The rows an archive is searched by are not signed: whether they name the document as its package does."""
    found, (number, notation, _) = dossier.found, dossier.contents.document
    listed, said = f"{found.number}/{found.notation}", f"{number}/{notation}"
    if listed == said:
        return []
    return [f"the archive lists it as {listed}, and the package says {said}: the row was changed (truc audit says more)"]


def _one(found: list[Found], name: str, text: Text) -> Found:
    if len(found) > 1:
        raise Unusable(text("evidence.error.several", name=name, found="\n  ".join(map(str, found))))
    return found[0]


def _tell(wish: Wish, dossier: Dossier, answers: Answers, doubts: list[str], size: int, text: Text, talk: Console) -> int:
    """What is in it, each signature with its verdict; the file's name to standard output."""
    print(wish.out)
    found = dossier.found
    values = {"document": found.code or found.kind, "sender": found.sender, "package": found.package_id, "size": text.number(size)}
    talk.print(text("evidence.done", **values), markup=False)
    for doubt in doubts:
        talk.print(text("evidence.doubt", detail=text.phrase(doubt)), markup=False)
    talk.print(text("evidence.at", moment=text.instant(dossier.at.astimezone(VN))), markup=False)
    said = None if dossier.recorded is None else dossier.recorded.said
    if said is not None:
        word = text("evidence.accepted") if said.accepted else text("evidence.refused", rule=said.rule, detail=text.phrase(said.detail))
        talk.print(f"  {word}", markup=False)
    for one in answers.signatures:
        for verdict in one.verdicts:
            talk.print(f"  {one.folder}: {verdict_words(verdict_tree(verdict), text)}", markup=False)
    words = _words(wish, dossier, answers)
    for name, holds in words.items():
        missing = "silent" if name == "brought" else "none"
        key = missing if holds is None else "holds" if holds else "broken"
        word = text(f"evidence.{key}")
        talk.print(f"  {text.label('evidence-part', name)}: {word}", markup=False)
    if not dossier.confirmed:
        talk.print(text("evidence.unconfirmed"), markup=False)
    passed = all(verdict.passed for one in answers.signatures for verdict in one.verdicts)
    return DONE if passed and not doubts and all(holds is not False for holds in words.values()) else SHORT


def _words(wish: Wish, dossier: Dossier, answers: Answers) -> dict[str, bool | None]:
    """What the axis signed, and whether it holds; of a later checkpoint whether it is the one brought along."""
    found = {"receipt": answers.receipt, "checkpoint": answers.checkpoint}
    if wish.checkpoint is not None:  # where there is no later one, the first over the document is the very one brought along
        found["brought"] = answers.checkpoint if answers.later is None else answers.later
    elif answers.later is not None or dossier.entered is None:  # else the first over the document is the newest
        found["newest"] = answers.later
    return found | {"ledger": answers.included}
