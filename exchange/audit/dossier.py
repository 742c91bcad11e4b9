"""All there is about one package, as values: gathered from an archive, or read again from an evidence bundle."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import bindparam, select

from exchange.audit.entered import Entered, Prover, artefacts, entry_of, terms
from exchange.audit.evidence import Epoch
from exchange.audit.holdings import Found, Holdings
from exchange.audit.lasting import copy_faults
from exchange.audit.parts import Contents, take_apart
from exchange.audit.trail import RECEIPT, Trail, Word, follow
from exchange.checkpoints import CheckpointFile
from exchange.stages.mail import instant
from exchange.store.facts import FactKind
from exchange.store.tables import verdict
from exchange.trust import EvidenceKind
from signing import Evidence, LetterRefused, Sandbox, ValidationPolicy, letter_claims

_END = datetime(2200, 1, 1, tzinfo=UTC)
"""A bundle has no instants from then on."""
_VERDICT = select(verdict).where(verdict.c.package == bindparam("package"))


@dataclass(frozen=True, slots=True)
class Said:
    """A verdict of the axis in its own terms."""

    accepted: bool
    rule: str
    sub_indication: str
    detail: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """The axis' verdict as the archive keeps it. ``entry`` is its place in the ledger, where that is proven."""

    at: datetime
    said: Said
    entry: int | None


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything about one package; nothing in it is judged yet.

    ``at`` is the control time of the long way, ``lists`` the revocation lists in force at each instant at which a chain is judged,
    ``axis`` the certificate receipts and checkpoints must be signed under, ``confirmed`` whether the anchors are known from outside.
    ``kept`` is the letter as somebody it was delivered to made it last, empty where there is none.
    """

    found: Found
    package: bytes
    contents: Contents
    receipt: Word
    trail: Trail
    entered: Entered | None
    recorded: Recorded | None
    at: datetime
    policy: ValidationPolicy
    evidence: Evidence
    lists: Mapping[datetime, tuple[bytes, ...]]
    register: bytes
    terms: bytes
    axis: bytes
    confirmed: bool
    kept: bytes = b""


class NoReceipt(Exception):
    """The archive holds no receipt of the package: there is nothing the axis ever said about it."""


def open_dossier(
    holdings: Holdings, found: Found, policy: ValidationPolicy, at: datetime | None = None, outside: CheckpointFile | None = None,
    sandbox: Sandbox | None = None, copies: Iterable[bytes] = (),
) -> Dossier:  # fmt: skip
    """Gather it. ``at``: the control time of the long way, the admission by default. ``outside``: a checkpoint kept elsewhere.
    ``copies``: letters that others keep, of which the one made to last latest goes along, if any is a copy of this one and holds.

    Raises :class:`exchange.errors.EdxmlError` for a package that does not come back readable, :class:`NoReceipt`,
    :class:`exchange.audit.entered.NotOfThisLedger` for a checkpoint that says nothing about it, and
    :class:`exchange.errors.StoreError` or :class:`exchange.store.entries.MissingHash` where the file is damaged.
    """
    store, row = holdings.store, found.row
    with store.reading() as work:
        word, said = work.first(RECEIPT, {"package": row}), work.first(_VERDICT, {"package": row})
    if word is None:
        raise NoReceipt(f"the archive holds no receipt of package {found.package_id}")
    data = holdings.package(row)
    contents = take_apart(data, sandbox)
    epoch = holdings.epochs.newest if said is None else holdings.epochs.of_verdict(said.id)
    entered = entry_of(store, row, None if outside is None else outside.checkpoint)
    prover = Prover(store, entered)
    trail = follow(holdings, row, prover)
    control = at or found.admitted_at
    kept, lasting = _latest(copies, contents, found.admitted_at, holdings, policy)
    lists = {moment: holdings.epochs.lists.in_force(moment) for moment in _moments(found, contents, control, entered, lasting)}
    evidence = holdings.evidence(lists)
    register, statement = _register(holdings, epoch), b"" if epoch is None else epoch.terms.statement()
    prover.prove((*artefacts(store, (*evidence.anchors, *evidence.certificates, *evidence.crls, register)), *terms(store, statement)))
    recorded = _recorded(said, prover)
    return Dossier(
        found, data, contents, Word(word.statement, word.signature), trail, prover.proven(), recorded, control, policy, evidence, lists,
        register, statement, (epoch.axis if epoch is not None else None) or b"", holdings.confirmed, kept,
    )  # fmt: skip


def _latest(
    copies: Iterable[bytes], contents: Contents, admitted_at: datetime, holdings: Holdings, policy: ValidationPolicy
) -> tuple[bytes, tuple[datetime, ...]]:
    """The copy of the package's letter that was time-stamped last, with the instants of its time-stamps; empty where none was.

    One with which something is wrong is none: whoever can write into an office's file would else choose what goes along.
    """
    kept: tuple[bytes, tuple[datetime, ...]] = b"", ()
    for data in copies:
        stamped = _stamped(data)
        if not stamped or not admitted_at <= max(stamped) < _END or (kept[1] and max(stamped) <= max(kept[1])):
            continue
        if not any(copy_faults(data, contents, lambda at: holdings.evidence([at]), policy)):
            kept = data, stamped
    return kept


def _stamped(letter: bytes) -> tuple[datetime, ...]:
    """When it was archived; never, if it cannot be read."""
    try:
        return tuple(token.generated_at for token in letter_claims(letter).seal.archive_tokens)
    except LetterRefused:
        return ()


def _moments(
    found: Found, contents: Contents, control: datetime, entered: Entered | None, lasting: tuple[datetime, ...]
) -> tuple[datetime, ...]:
    stamps = (stamp.token.generated_at for part in contents.parts for stamp in part.stamps)
    checkpoints = () if entered is None else (entered.checkpoint.at, *(() if entered.later is None else (entered.later.at,)))
    return tuple(sorted({found.admitted_at, control, *stamps, *checkpoints, *(one for one in lasting if one > found.admitted_at)}))


def _recorded(said: Any, prover: Prover) -> Recorded | None:
    if said is None:
        return None
    proven = prover.prove([(FactKind.VERDICT, said.id)])
    entry = next((one.index for one in proven.values()), None)
    return Recorded(instant(said.at), Said(bool(said.accepted), said.rule, said.sub_indication, said.detail), entry)


def _register(holdings: Holdings, epoch: Epoch | None) -> bytes:
    return b"" if epoch is None else holdings.epochs.artefacts.get((EvidenceKind.REGISTER.value, epoch.terms.register), b"")
