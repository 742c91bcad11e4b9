"""A dossier judged: the questions a bundle answers, each one that OpenSSL or plain hashing can answer too, and our own answer to it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from exchange.api import Checkpoint
from exchange.audit.dossier import Dossier
from exchange.audit.entered import Entered, Proven
from exchange.audit.parts import Part, Stamped
from exchange.domain.merkle import leaf_hash, verify_consistency, verify_inclusion
from exchange.receipts import package_id_of
from exchange.store.facts import FactKind
from signing import (
    ChainEngine,
    Evidence,
    Indication,
    ProofOfExistence,
    Purpose,
    Rfc5280Judge,
    SignatureClaim,
    SignatureVerdict,
    TokenClaim,
    Usage,
    read_signed,
    validate_claim,
)

_INTACT = ("message-digest", "signature-value")


@dataclass(frozen=True, slots=True)
class SignatureAnswer:
    """One CMS: a verdict on the long way for each of its signers; whether its bytes are those signed (``intact``), and whether its chains
    and lists hold ``at`` the time it is proven to be of.
    """

    folder: str
    part: Part
    verdicts: tuple[SignatureVerdict, ...]
    at: datetime
    intact: bool
    chain: bool


@dataclass(frozen=True, slots=True)
class StampAnswer:
    """One time-stamp: token, imprint, chain and lists hold ``at`` the second it names."""

    folder: str
    stamped: Stamped
    at: datetime
    holds: bool


@dataclass(frozen=True, slots=True)
class Answers:
    """All of them; those on the ledger are ``None`` where it does not speak of the package yet.

    ``certificates``, ``lists`` and ``ocsps`` are what travelled with the signatures.
    """

    signatures: tuple[SignatureAnswer, ...]
    stamps: tuple[StampAnswer, ...]
    receipt: bool
    checkpoint: bool | None
    later: bool | None
    included: bool | None
    certificates: tuple[bytes, ...]
    lists: tuple[bytes, ...]
    ocsps: tuple[bytes, ...]
    proofs: tuple[ProofOfExistence, ...]


def answers_of(dossier: Dossier) -> Answers:
    """Answer every question from the dossier alone."""
    bench = _Bench(dossier)
    entered = dossier.entered
    later = None if entered is None else entered.later
    receipt = receipt_speaks(dossier) and bench.axis(
        dossier.receipt.statement, dossier.receipt.signature, dossier.found.admitted_at, Purpose.RECEIPT
    )
    checkpoint = None if entered is None else bench.checkpoint(entered.checkpoint)
    continued = None if later is None else bench.checkpoint(later)
    within = None if entered is None else included(dossier, entered)
    proofs = (
        *(_receipt_proofs(dossier) if receipt else ()),
        *(_ledger_proofs(dossier, entered, bool(checkpoint), bool(continued)) if entered is not None else ()),
    )
    return Answers(
        tuple(bench.signature(number, part, proofs) for number, part in enumerate(dossier.contents.parts, 1)), tuple(bench.stamps()),
        receipt, checkpoint, continued, within, bench.certificates, bench.lists, bench.ocsps, proofs,
    )  # fmt: skip


def receipt_speaks(dossier: Dossier) -> bool:
    """Whether the receipt is about this very package."""
    try:
        said = json.loads(dossier.receipt.statement)
        digest = sha256(dossier.package).digest()
        return (said["package_sha256"], said["package_id"]) == (digest.hex(), package_id_of(said["sender"], digest))
    except (ValueError, KeyError, TypeError, AttributeError):
        return False


def included(dossier: Dossier, entered: Entered) -> bool:
    """Whether the entry speaks of package and receipt, is in the checkpoint's ledger, and the later checkpoint continues that.

    So must every fact told with an entry: one whose entry does not hold proves nothing, and says that somebody touched it.
    """
    one, later = entered.checkpoint, entered.later
    digests = [sha256(one).hexdigest() for one in (dossier.receipt.statement, dossier.receipt.signature)]
    if not _speaks_of(entered.leaf, entered.payload, digests):
        return False
    there = verify_inclusion(leaf_hash(entered.leaf), entered.index, one.size, entered.inclusion, one.root)
    continued = later is None or verify_consistency(one.size, later.size, one.root, later.root, entered.consistency)
    return there and continued and all(_is_entered(fact, entered) for fact in entered.facts)


def _speaks_of(leaf: bytes, payload: bytes, digests: Sequence[str], kind: str = FactKind.ADMISSION.value) -> bool:
    """Whether a leaf of a kind is made over a payload that holds these digests."""
    try:
        said, values = json.loads(leaf), json.loads(payload)
        named = said["kind"], said["payload_sha256"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return False
    return named == (kind, sha256(payload).hexdigest()) and isinstance(values, list) and all(one in values for one in digests)


def _receipt_proofs(dossier: Dossier) -> tuple[ProofOfExistence, ...]:
    """All signatures of the package existed when it was taken in, with what they carry."""
    artefact, at = sha256(dossier.receipt.signature).digest(), dossier.found.admitted_at
    objects = dict.fromkeys(one for part in dossier.contents.parts for claim in part.claims for one in objects_of(claim))
    return tuple(ProofOfExistence(one, at, "receipt", artefact) for one in objects)


def objects_of(claim: SignatureClaim) -> tuple[bytes, ...]:
    """A signature and all that travels with it, each as the validation knows it: values and DER by their SHA-256."""
    tokens = _tokens(claim)
    artefacts = (*claim.certificates, *claim.crls, *claim.ocsps, *(one for token in tokens for one in (*token.certificates, *token.crls)))
    values = (claim.signer.signature, *(token.signer.signature for token in tokens), *(token.der for token in tokens))
    return tuple(sha256(one).digest() for one in (*values, *artefacts))


def _ledger_proofs(dossier: Dossier, entered: Entered, checkpoint: bool, later: bool) -> Iterator[ProofOfExistence]:
    """What the archive judges by existed when the checkpoint over it was signed."""
    known = dossier.evidence
    artefacts = {sha256(one).hexdigest() for one in (*known.anchors, *known.certificates, *known.crls)}
    for one in entered.facts:
        within, held = (entered.later, later) if one.later else (entered.checkpoint, checkpoint)
        if one.kind == FactKind.EVIDENCE and within is not None and held and _is_entered(one, entered):
            for digest in artefacts.intersection(value for value in json.loads(one.payload) if isinstance(value, str)):
                yield ProofOfExistence(bytes.fromhex(digest), within.at, "ledger", sha256(within.signature).digest())


def _is_entered(one: Proven, entered: Entered) -> bool:
    """Whether the entry of a fact is made of it, and is in the ledger of the checkpoint it names."""
    within = entered.later if one.later else entered.checkpoint
    if within is None or not _speaks_of(one.leaf, one.payload, (), one.kind):
        return False
    return verify_inclusion(leaf_hash(one.leaf), one.index, within.size, one.inclusion, within.root)


class _Bench:
    """The dossier's evidence by instant, with what travelled with the signatures."""

    def __init__(self, dossier: Dossier) -> None:
        self.dossier = dossier
        claims = [claim for part in dossier.contents.parts for claim in part.claims]
        tokens = [token for claim in claims for token in _tokens(claim)]
        bearers: list[SignatureClaim | TokenClaim] = [*claims, *tokens]
        self.certificates = _each([one for bearer in bearers for one in bearer.certificates])
        self.lists = _each([one for bearer in bearers for one in bearer.crls])
        self.ocsps = _each([one for claim in claims for one in claim.ocsps])
        self._judge = Rfc5280Judge(dossier.policy)

    def evidence(self, at: datetime) -> Evidence:
        """What may be stood on at one of the dossier's instants."""
        known = self.dossier.evidence
        crls = (*self.dossier.lists.get(at, known.crls), *self.lists)
        return replace(known, certificates=_each((*known.certificates, *self.certificates)), crls=_each(crls), ocsps=self.ocsps)

    def signature(self, number: int, part: Part, proofs: tuple[ProofOfExistence, ...]) -> SignatureAnswer:
        """One CMS, all its signers together."""
        dossier, purpose = self.dossier, Purpose.ANNEX if part.range is None else Purpose.LETTER
        verdicts = tuple(
            validate_claim(claim, dossier.evidence, dossier.at, dossier.policy, proofs, purpose=purpose, judge=self._judge, asked=True)
            for claim in part.claims
        )
        at = min(one.best_signature_time for one in verdicts)
        intact = all(_intact(one) for one in verdicts)
        chain = all(self._chain(one, at) for one in verdicts)
        return SignatureAnswer(f"signatures/{number:02d}-{_slug(part.name)}", part, verdicts, at, intact, chain)

    def _chain(self, verdict: SignatureVerdict, at: datetime) -> bool:
        if verdict.chain is None or not verdict.chain.chain:
            return False
        return ChainEngine(self.evidence(at)).validate(verdict.chain.chain[0], at, usage=Usage.SIGNING).passed

    def stamps(self) -> Iterator[StampAnswer]:
        """Every token once."""
        seen: set[bytes] = set()
        for part in self.dossier.contents.parts:
            for stamped in part.stamps:
                if stamped.token.der not in seen:
                    seen.add(stamped.token.der)
                    folder, at = f"timestamps/{len(seen):02d}-{_slug(stamped.kind)}", stamped.token.generated_at
                    yield StampAnswer(folder, stamped, at, self._stamp_holds(part, stamped, at))

    def _stamp_holds(self, part: Part, stamped: Stamped, at: datetime) -> bool:
        for claim in part.claims:
            verdict = validate_claim(claim, self.evidence(at), at, self.dossier.policy, judge=self._judge)
            for token, said in zip(_tokens(claim), verdict.tokens, strict=True):
                if token.der == stamped.token.der:
                    return said.indication is Indication.TOTAL_PASSED
        return False

    def axis(self, statement: bytes, signature: bytes, at: datetime, purpose: Purpose) -> bool:
        """Whether a statement is the axis' word: intact, by its certificate, whose chain and lists hold at that instant."""
        claims = read_signed(signature, statement).claims
        if len(claims) != 1 or not self.dossier.axis:
            return False
        verdict = validate_claim(claims[0], self.evidence(at), at, self.dossier.policy, purpose=purpose, judge=self._judge)
        return verdict.passed and verdict.chain is not None and verdict.chain.chain[0] == self.dossier.axis

    def checkpoint(self, one: Checkpoint) -> bool:
        """Whether a checkpoint is the axis' word at its own instant."""
        return self.axis(one.statement, one.signature, one.at, Purpose.CHECKPOINT)


def _tokens(claim: SignatureClaim) -> tuple[TokenClaim, ...]:
    return (*claim.content_tokens, *claim.signature_tokens, *claim.archive_tokens)


def _each(items: Sequence[bytes]) -> tuple[bytes, ...]:
    return tuple(dict.fromkeys(items))


def _intact(verdict: SignatureVerdict) -> bool:
    done = {check.name: check.passed for check in verdict.checks}
    return all(done.get(name, False) for name in _INTACT)


def _slug(name: str) -> str:
    kept = "".join(char if char.isascii() and (char.isalnum() or char in "-_") else "-" for char in name)
    return kept[:40] or "signature"
