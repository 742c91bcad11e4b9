"""Validation of signatures with archival data (EN 319 102-1 §5.6.3): time-stamps from the newest to the oldest, then the signature."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256

from signing.formats.claims import SignatureClaim, TokenClaim
from signing.validation.ades.acceptance import accept_algorithms
from signing.validation.ades.existence import Existence, extracted, of_signature, of_token
from signing.validation.ades.outcome import Fault, Record
from signing.validation.ades.past import PAST, PastChain, may_help, validate_past
from signing.validation.ades.subject import Signed, Surroundings, tokens_of
from signing.validation.ades.timestamps import Stamped
from signing.validation.ades.with_time import WithTime, best_proof, mark_cured
from signing.validation.verdicts import ProofOfExistence


@dataclass(frozen=True, slots=True)
class Archival:
    """What §5.6.3 adds: the fault that stays, tokens as they stand now, and all that is proven to have existed."""

    fault: Fault | None
    tokens: tuple[Stamped, ...]
    existence: Existence
    best: ProofOfExistence
    chain: PastChain | None


def validate_archival(
    claim: SignatureClaim, signed: Signed, timed: WithTime, around: Surroundings, existence: Existence, record: Record
) -> Archival:
    """The signature with every time-stamp and proof there is.

    (1) what the tokens prove, newest first; one that holds no more may be proven to have held    §5.6.3.4 (5), §5.6.2.3
    (2) the best signature time                                                                    §5.6.3.4 (6)
    (3) past validation of the signature, if it does not hold at the control time                  §5.6.3.4 (7)
    (4) its algorithms at the best signature time                                                  §5.6.3.4 (9)

    Without an archive time-stamp and without a proof from outside there is nothing to add (§5.6.3.4 (3)).
    """
    if not claim.archive_tokens and not existence.proofs:
        return Archival(timed.fault, timed.tokens, existence, timed.best, None)
    tokens, existence = _prove(claim, timed.tokens, around, existence)
    best = best_proof(claim, tokens, existence)
    existence = existence.with_proofs((best,)) if best.source != "control-time" else existence
    if timed.fault is None or not may_help(timed.basic):
        return Archival(timed.fault, tokens, existence, best, None)
    past = validate_past(signed, timed.basic, existence, around)
    if past.fault is not None or timed.basic.certificate is None:
        return Archival(past.fault and replace(past.fault, step=PAST), tokens, existence, best, past.chain)
    for fault in timed.basic.faults:
        mark_cured(record, fault, best.at)
    record.passed(PAST)
    weak = accept_algorithms(signed.signer, timed.basic.certificate, record, best.at)
    return Archival(weak, tokens, existence, best, past.chain)


def _prove(
    claim: SignatureClaim, tokens: tuple[Stamped, ...], around: Surroundings, existence: Existence
) -> tuple[tuple[Stamped, ...], Existence]:
    """Step (1): each token that holds, now or in the past, adds what it covers."""
    standing = list(tokens)
    newest_first = sorted(range(len(tokens)), key=lambda index: (tokens[index].token.generated_at, index), reverse=True)
    for index in newest_first:
        stamped = standing[index]
        if not stamped.holds and may_help(stamped.basic):
            past = validate_past(stamped.signed, stamped.basic, existence, around, stamped.token.imprint_algorithm)
            if past.fault is None:
                best = existence.of(of_token(stamped.token)).at
                for fault in stamped.basic.faults:
                    mark_cured(stamped.record, fault, best)
                stamped = standing[index] = stamped.cured()
            else:
                stamped.record.failed(replace(past.fault, step=PAST))
        if stamped.holds:
            existence = existence.with_proofs(_covered(claim, stamped))
    return tuple(standing), existence


def _covered(claim: SignatureClaim, stamped: Stamped) -> tuple[ProofOfExistence, ...]:
    """What a token proves: all it covers, and with a token inside also that token's own signature and certificates."""
    proofs = list(extracted(stamped.token, stamped.kind))
    artefact, at = sha256(stamped.token.der).digest(), stamped.token.generated_at

    def prove(one: bytes) -> None:
        proofs.append(ProofOfExistence(one, at, stamped.kind, artefact))

    if stamped.kind == "signature-time-stamp":
        prove(of_signature(claim))
    for inner, _ in tokens_of(claim):
        if sha256(inner.der).digest() in stamped.token.covers:
            for one in _parts(inner):
                prove(one)
    return tuple(proofs)


def _parts(token: TokenClaim) -> tuple[bytes, ...]:
    return (of_token(token), *(sha256(one).digest() for one in (*token.certificates, *token.crls)))
