"""One call of ``truc audit``: read what is wanted, audit the archive, print the answer, write the reports; the exit code."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from rich.console import Console

from console.audit.asking import (
    Stopwatch,
    archive_of,
    checkpoints,
    fingerprints,
    offices_of,
    sentence,
    talker,
    trust_folder,
    watching,
    write_sheets,
)
from console.audit.kept import with_kept
from console.audit.tree import audit_tree, timeline_tree
from console.audit.words import audit_sheet
from console.locale import Text
from console.options import moment
from console.outcome import DONE, SHORT, USAGE, Unusable
from console.policies import OURS, policy_of
from console.reports.canonical import Tree, canonical
from console.reports.files import HTML, PDF, refuse_to_spoil
from console.reports.sheet_screen import show_sheet
from exchange.audit import ArchiveReport, TrustFolder, audit_archive
from exchange.audit.dossier import NoReceipt, open_dossier
from exchange.audit.holdings import Found, Holdings
from exchange.audit.overtime import over_time
from exchange.checkpoints import CheckpointFile
from exchange.errors import ArchiveUnreadable, EdxmlError, StoreError
from exchange.store.entries import MissingHash
from scenarios.memory import AUDITING, seldom
from signing import Sandbox, ValidationPolicy

ALL = "all"
"""The word that asks for the timelines of every document."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line asks for."""

    archive: str | None
    checkpoints: tuple[Path, ...]
    trust: Path | None
    anchors: tuple[str, ...]
    timelines: tuple[str, ...]
    at: str | None
    policy: str
    json: bool
    html: Path | None
    pdf: Path | None


@dataclass(frozen=True, slots=True)
class Brought:
    """What the auditor brought along."""

    place: Path | str
    offices: Path | None
    outside: tuple[CheckpointFile, ...]
    trust: TrustFolder | None
    fingerprints: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What timelines are asked of: documents, the policy they are judged by, and the moment (``None``: now)."""

    documents: list[Found]
    policy: ValidationPolicy
    at: datetime | None


def perform(wish: Wish, text: Text) -> int:
    """Audit; 0 all held, 1 errors were found, 2 nothing that can be audited, 3 a part is not installed."""
    talk = talker()
    try:
        _refuse_idle(wish, text)
        refuse_to_spoil(((wish.html, HTML), (wish.pdf, PDF)), text)
        place, outside = archive_of(wish.archive, text), checkpoints(wish.checkpoints, text)
        brought = Brought(place, offices_of(wish.archive), outside, trust_folder(wish.trust), fingerprints(wish.anchors, text))
        chosen = _chosen(wish, brought, text)  # before an audit that may take long
        report = _audit(brought, text, talk)
        timelines = [] if chosen is None else _timelines(chosen, brought, text, talk)
    except (Unusable, ArchiveUnreadable) as error:
        talk.print(sentence(error, text), markup=False)
        return USAGE
    tree = audit_tree(report, brought.outside, (*brought.fingerprints, *(brought.trust.digests if brought.trust else ())), timelines)
    sheet = audit_sheet(tree, text)
    code = write_sheets(sheet, wish.html, wish.pdf, text, talk)  # before the screen, whose reader may close it when it has seen enough
    if wish.json:
        sys.stdout.write(canonical(tree))
    else:
        show_sheet(sheet)
    return code or (DONE if report.holds else SHORT)


def _refuse_idle(wish: Wish, text: Text) -> None:
    """Options that only a timeline follows, without one: the archive is judged by its own terms, at the instants it names."""
    for option, given in (("--at", wish.at is not None), ("--policy", wish.policy != OURS)):
        if given and not wish.timelines:
            raise Unusable(text("audit.error.idle", option=option))


def _audit(brought: Brought, text: Text, talk: Console) -> ArchiveReport:
    watch = Stopwatch()
    with watching(text, talk) as progress, seldom(AUDITING):
        report = audit_archive(
            brought.place, outside=brought.outside, trust=brought.trust, fingerprints=brought.fingerprints, progress=progress
        )
        if brought.offices is not None:
            archive = partial(Holdings, brought.place, brought.trust, brought.fingerprints)
            report = with_kept(report, brought.offices, archive, progress)
    seconds = watch.seconds
    documents = report.checked.get("documents", 0)
    words = {"documents": documents, "packages": report.checked.get("packages", 0), "rate": documents / seconds}
    talk.print(
        text("audit.done", seconds=text.number(seconds, 1), **{name: text.number(value) for name, value in words.items()}), markup=False
    )
    return report


def _chosen(wish: Wish, brought: Brought, text: Text) -> Chosen | None:
    """The documents a timeline is asked of, and how; ``None`` if of none. Raises :class:`Unusable`."""
    if not wish.timelines:
        return None
    policy = policy_of(wish.policy, text)
    at = None if wish.at is None else moment(wish.at, "--at", text, end_of_day=True)
    with Holdings(brought.place, brought.trust, brought.fingerprints) as holdings:
        return Chosen(_named(wish.timelines, holdings, text), policy, at)


def _timelines(chosen: Chosen, brought: Brought, text: Text, talk: Console) -> list[Tree]:
    """The verdict over time on every signature of the documents chosen."""
    outside = max(brought.outside, key=lambda one: one.checkpoint.size, default=None)
    trees: list[Tree] = []
    with Holdings(brought.place, brought.trust, brought.fingerprints) as holdings, Sandbox() as sandbox:
        for found in chosen.documents:
            try:
                dossier = open_dossier(holdings, found, chosen.policy, chosen.at, outside, sandbox)
            except (EdxmlError, NoReceipt, StoreError, MissingHash, LookupError) as error:
                talk.print(text("audit.error.document", document=found, rule=text.phrase(str(error))), markup=False)
                continue
            trees += [timeline_tree(dossier, one) for one in over_time(dossier, holdings.evidence([dossier.at]))]
    return trees


def _named(names: tuple[str, ...], holdings: Holdings, text: Text) -> list[Found]:
    if ALL in names:
        return holdings.documents()
    return [found for name in names for found in named(name, holdings, text)]


def named(name: str, holdings: Holdings, text: Text) -> list[Found]:
    """The packages of a name; there must be some. Raises :class:`Unusable`."""
    found = holdings.find(name)
    if not found:
        raise Unusable(text("audit.error.no-document", name=name or "''"))
    return found
