"""The questions a bundle answers, each one that OpenSSL or plain hashing can answer too, and our own answer to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from exchange.api import Checkpoint
from exchange.audit.dossier import Dossier, Judged
from exchange.audit.parts import Stamped
from exchange.domain.merkle import leaf_hash, verify_consistency, verify_inclusion
from signing import (
    ChainEngine,
    Evidence,
    Indication,
    Rfc5280Judge,
    SignatureClaim,
    SignatureVerdict,
    Usage,
    read_signed,
    validate,
)

_INTACT = ("message-digest", "signature-value")


@dataclass(frozen=True, slots=True)
class SignatureAnswer:
    """One signature: its bytes are those signed (``intact``), and its chain and lists hold ``at`` the time it is proven to be of."""

    folder: str
    judged: Judged
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


def answers_of(dossier: Dossier) -> Answers:
    """Answer every question from the dossier alone."""
    claims = [claim for part in dossier.contents.parts for claim in part.claims]
    tokens = [token for claim in claims for token in (*claim.content_tokens, *claim.signature_tokens, *claim.archive_tokens)]
    bench = _Bench(
        dossier,
        tuple(dict.fromkeys((*(one for claim in claims for one in claim.certificates), *(one for token in tokens for one in token.certificates)))),
        tuple(dict.fromkeys((*(one for claim in claims for one in claim.crls), *(one for token in tokens for one in token.crls)))),
        tuple(dict.fromkeys(one for claim in claims for one in claim.ocsps)),
    )  # fmt: skip
    entered = dossier.entered
    later = None if entered is None else entered.later
    return Answers(
        tuple(bench.signature(number, one) for number, one in enumerate(dossier.judged, 1)),
        tuple(bench.stamps()),
        bench.axis(dossier.receipt.statement, dossier.receipt.signature, dossier.found.admitted_at),
        None if entered is None else bench.checkpoint(entered.checkpoint),
        None if later is None else bench.checkpoint(later),
        included(dossier),
        bench.certificates, bench.lists, bench.ocsps,
    )  # fmt: skip


def included(dossier: Dossier) -> bool | None:
    """Whether the entry is in the checkpoint's ledger, and the later checkpoint continues that."""
    entered = dossier.entered
    if entered is None:
        return None
    one, later = entered.checkpoint, entered.later
    there = verify_inclusion(leaf_hash(entered.leaf), entered.index, one.size, entered.inclusion, one.root)
    return there and (later is None or verify_consistency(one.size, later.size, one.root, later.root, entered.consistency))


@dataclass(frozen=True, slots=True)
class _Bench:
    """The dossier's evidence by instant, with what travelled with the signatures."""

    dossier: Dossier
    certificates: tuple[bytes, ...]
    lists: tuple[bytes, ...]
    ocsps: tuple[bytes, ...]

    def evidence(self, at: datetime) -> Evidence:
        """What may be stood on at one of the dossier's instants."""
        known = self.dossier.evidence
        crls = (*self.dossier.lists.get(at, known.crls), *self.lists)
        return replace(known, certificates=(*known.certificates, *self.certificates), crls=tuple(dict.fromkeys(crls)))

    def signature(self, number: int, judged: Judged) -> SignatureAnswer:
        """One CMS, all its signers together."""
        at = min(one.best_signature_time for one in judged.verdicts)
        intact = all(_intact(one) for one in judged.verdicts)
        chain = all(self._chain(one, at, Usage.SIGNING) for one in judged.verdicts)
        return SignatureAnswer(f"signatures/{number:02d}-{_slug(judged.part.name)}", judged, at, intact, chain)

    def _chain(self, verdict: SignatureVerdict, at: datetime, usage: Usage) -> bool:
        if verdict.chain is None or not verdict.chain.chain:
            return False
        return ChainEngine(self.evidence(at)).validate(verdict.chain.chain[0], at, usage=usage).passed

    def stamps(self) -> Iterator[StampAnswer]:
        """Every token once."""
        seen: set[bytes] = set()
        for judged in self.dossier.judged:
            for stamped in judged.part.stamps:
                if stamped.token.der not in seen:
                    seen.add(stamped.token.der)
                    at = stamped.token.generated_at
                    folder = f"timestamps/{len(seen):02d}-{_slug(stamped.kind)}"
                    yield StampAnswer(folder, stamped, at, self._stamp_holds(judged.part.claims, stamped, at))

    def _stamp_holds(self, claims: tuple[SignatureClaim, ...], stamped: Stamped, at: datetime) -> bool:
        policy = self.dossier.policy
        for claim in claims:
            verdict = validate(claim, self.evidence(at), at, policy, judge=Rfc5280Judge(policy))
            for token, said in zip((*claim.content_tokens, *claim.signature_tokens, *claim.archive_tokens), verdict.tokens, strict=True):
                if token.der == stamped.token.der:
                    return said.indication is Indication.TOTAL_PASSED
        return False

    def axis(self, statement: bytes, signature: bytes, at: datetime) -> bool:
        """Whether a statement is the axis' word: intact, by its certificate, whose chain and lists hold at that instant."""
        claims = read_signed(signature, statement).claims
        if len(claims) != 1 or not self.dossier.axis:
            return False
        verdict = validate(claims[0], self.evidence(at), at, self.dossier.policy)
        return verdict.passed and verdict.chain is not None and verdict.chain.chain[0] == self.dossier.axis

    def checkpoint(self, one: Checkpoint) -> bool:
        """Whether a checkpoint is the axis' word at its own instant."""
        return self.axis(one.statement, one.signature, one.at)


def _intact(verdict: SignatureVerdict) -> bool:
    done = {check.name: check.passed for check in verdict.checks}
    return all(done.get(name, False) for name in _INTACT)


def _slug(name: str) -> str:
    kept = "".join(char if char.isascii() and (char.isalnum() or char in "-_") else "-" for char in name)
    return kept[:40] or "signature"
