"""All an archive holds about one package, as values: what an evidence bundle is written from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import bindparam, select

from exchange.audit.entered import Entered, entry_of, evidence_since
from exchange.audit.evidence import Epoch
from exchange.audit.holdings import Found, Holdings
from exchange.audit.parts import Contents, Part, take_apart
from exchange.audit.trail import RECEIPT, Trail, Word, follow
from exchange.checkpoints import CheckpointFile
from exchange.edxml.model import EdocHeader
from exchange.edxml.reader import MemorySink, read
from exchange.edxml.tree import Limits
from exchange.inspection import MAX_PACKAGE
from exchange.ledger import Ledger
from exchange.stages.mail import instant
from exchange.store.tables import verdict
from exchange.trust import EvidenceKind
from exchange.verification import Attachment, Judgement, judge
from signing import (
    Evidence,
    ProofOfExistence,
    Purpose,
    Rfc5280Judge,
    Sandbox,
    SignatureClaim,
    SignatureVerdict,
    ValidationPolicy,
    validate,
)

_VERDICT = select(verdict).where(verdict.c.package == bindparam("package"))


@dataclass(frozen=True, slots=True)
class Recorded:
    """The axis' verdict as the archive keeps it, and the same judged again from the same bytes by the same terms."""

    at: datetime
    accepted: bool
    rule: str
    sub_indication: str
    detail: str
    verifies: int
    again: Judgement | None


@dataclass(frozen=True, slots=True)
class Judged:
    """One CMS on the long way at the control time: a verdict for each of its signers."""

    part: Part
    verdicts: tuple[SignatureVerdict, ...]


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything about one package. ``lists`` are the revocation lists in force at each instant at which a chain of it is judged."""

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
    proofs: tuple[ProofOfExistence, ...]
    lists: Mapping[datetime, tuple[bytes, ...]]
    judged: tuple[Judged, ...]
    register: bytes
    terms: bytes
    axis: bytes
    confirmed: bool


class NoReceipt(Exception):
    """The archive holds no receipt of the package: there is nothing the axis ever said about it."""


def open_dossier(
    holdings: Holdings, found: Found, policy: ValidationPolicy, at: datetime | None = None, outside: CheckpointFile | None = None,
    sandbox: Sandbox | None = None,
) -> Dossier:  # fmt: skip
    """Gather it. ``at``: the control time of the long way, the admission by default. ``outside``: a checkpoint kept elsewhere.

    Raises :class:`exchange.errors.EdxmlError` for a package that does not come back readable, :class:`NoReceipt`, and
    :class:`exchange.errors.StoreError` or :class:`exchange.store.entries.MissingHash` where the file is damaged.
    """
    with holdings.store.reading() as work:
        word, said = work.first(RECEIPT, {"package": found.row}), work.first(_VERDICT, {"package": found.row})
    if word is None:
        raise NoReceipt(found.package_id)
    receipt = Word(word.statement, word.signature)
    data = holdings.package(found.row)
    contents = take_apart(data, sandbox)
    epoch = holdings.epochs.newest if said is None else holdings.epochs.of_verdict(said.id)
    entered = entry_of(holdings.store, found.row, None if outside is None else outside.checkpoint)
    control = at or found.admitted_at
    moments = _moments(found, contents, control, entered)
    evidence = holdings.evidence(moments)
    proofs = (*receipt_proofs(holdings, contents, receipt, found.admitted_at), *ledger_proofs(holdings))
    lists = {moment: holdings.epochs.lists.in_force(moment) for moment in moments}
    return Dossier(
        found, data, contents, receipt, follow(holdings, found.row), entered, _recorded(said, epoch, contents, data), control, policy,
        evidence, proofs, lists, _judged(contents, evidence, control, policy, proofs), _register(holdings, epoch),
        b"" if epoch is None else epoch.terms.statement(), (epoch.axis if epoch is not None else None) or b"", holdings.confirmed,
    )  # fmt: skip


def receipt_proofs(holdings: Holdings, contents: Contents, receipt: Word, at: datetime) -> tuple[ProofOfExistence, ...]:
    """What the receipt proves, if it is the axis' word: all signatures of the package existed when it was taken in, with what they carry."""
    _, fault = holdings.epochs.axis_signature(receipt.signature, sha256(receipt.statement).digest(), at, Purpose.RECEIPT)
    if fault:
        return ()
    proof = sha256(receipt.signature).digest()
    objects = dict.fromkeys(one for part in contents.parts for claim in part.claims for one in objects_of(claim))
    return tuple(ProofOfExistence(one, at, "receipt", proof) for one in objects)


def objects_of(claim: SignatureClaim) -> tuple[bytes, ...]:
    """A signature and all that travels with it, each as the validation knows it: values and DER by their SHA-256."""
    tokens = (*claim.content_tokens, *claim.signature_tokens, *claim.archive_tokens)
    artefacts = (*claim.certificates, *claim.crls, *claim.ocsps, *(one for token in tokens for one in (*token.certificates, *token.crls)))
    values = (claim.signer.signature, *(token.signer.signature for token in tokens), *(token.der for token in tokens))
    return tuple(sha256(one).digest() for one in (*values, *artefacts))


def ledger_proofs(holdings: Holdings) -> tuple[ProofOfExistence, ...]:
    """What the ledger proves of the evidence in the archive: each artefact existed when the first checkpoint over it was signed."""
    checkpoints = Ledger(holdings.store).checkpoints()
    signed = []
    for one in checkpoints:
        digest = sha256(one.statement).digest()
        _, fault = holdings.epochs.axis_signature(one.signature, digest, one.at, Purpose.CHECKPOINT)
        if not fault:
            signed.append(one)
    return tuple(
        ProofOfExistence(digest, one.at, "ledger", sha256(one.signature).digest())
        for digest, one in evidence_since(holdings.store, signed)
    )


def _moments(found: Found, contents: Contents, control: datetime, entered: Entered | None) -> tuple[datetime, ...]:
    stamps = (stamp.token.generated_at for part in contents.parts for stamp in part.stamps)
    checkpoints = () if entered is None else (entered.checkpoint.at, *(() if entered.later is None else (entered.later.at,)))
    return tuple(sorted({found.admitted_at, control, *stamps, *checkpoints}))


def _judged(
    contents: Contents, evidence: Evidence, at: datetime, policy: ValidationPolicy, proofs: tuple[ProofOfExistence, ...]
) -> tuple[Judged, ...]:
    chains = Rfc5280Judge(policy)
    return tuple(
        Judged(part, tuple(validate(claim, evidence, at, policy, proofs, judge=chains) for claim in part.claims))
        for part in contents.parts
    )  # fmt: skip


def _recorded(said: Any, epoch: Epoch | None, contents: Contents, data: bytes) -> Recorded | None:
    if said is None:
        return None
    at = instant(said.at)
    again = None if epoch is None else _again(epoch, contents, data, at)
    return Recorded(at, bool(said.accepted), said.rule, said.sub_indication, said.detail, said.verifies, again)


def _again(epoch: Epoch, contents: Contents, data: bytes, at: datetime) -> Judgement | None:
    header = read(data, MemorySink(), Limits(attachment=MAX_PACKAGE), exact=False).header
    if epoch.validator is None or epoch.directory is None or not isinstance(header, EdocHeader):
        return None
    attachments = [Attachment(name, content) for name, content in contents.attachments]
    return judge(header, attachments, epoch.directory, epoch.validator, at, secret_rule=not epoch.terms.accept_secret)


def _register(holdings: Holdings, epoch: Epoch | None) -> bytes:
    return b"" if epoch is None else holdings.epochs.artefacts.get((EvidenceKind.REGISTER.value, epoch.terms.register), b"")
