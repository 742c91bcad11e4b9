"""Letters that somebody made last (EN 319 142-1 §6): what a copy is worth by what stands behind the letter that was delivered.

It is judged at the instant of its newest time-stamp, and says nothing of the letter itself: what that was worth says the verdict on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from exchange.audit.parts import Contents
from signing import (
    DocumentVerdict,
    Evidence,
    LetterClaims,
    LetterRefused,
    Rfc5280Judge,
    SignatureLevel,
    SubIndication,
    TokenClaim,
    TokenVerdict,
    ValidationPolicy,
    letter_claims,
    validate_document,
)

_SIGNATURES = 2


def sealed_end(read: LetterClaims) -> int:
    """Where the sealed letter in it ends. What a copy must begin with reaches so far; an annex of a few bytes, any file may begin with."""
    return read.ranges[_SIGNATURES - 1].end


def stamped_last(read: LetterClaims) -> datetime | None:
    """When it was time-stamped last; ``None`` for one that never was."""
    return max((token.generated_at for token in read.seal.archive_tokens), default=None)


def judged(read: LetterClaims, evidence: Evidence, at: datetime, policy: ValidationPolicy, judge: Rfc5280Judge) -> DocumentVerdict:
    """Both signatures with all time-stamps, at an instant."""
    return validate_document((read.leader, read.seal), evidence, at, policy, judge=judge)


def faults(read: LetterClaims, tokens: Iterable[TokenVerdict], evidence: Evidence, delivered: int, size: int) -> Iterator[str]:
    """What is wrong with what stands behind the first ``delivered`` of ``size`` bytes; :func:`judged` gives the ``tokens``.

    A time-stamp whose lists are not at hand is not wrong. The store of a copy at B-LT is covered by none, and that of no other is not.
    """
    ends = [one.end for one in read.ranges[_SIGNATURES:]]
    for number, (claim, token, end) in enumerate(zip(read.seal.archive_tokens, tokens, ends, strict=True), 1):
        if end > delivered and token.sub_indication is not SubIndication.TRY_LATER:
            fault = fault_of(token) or _carried(claim, token, evidence)
            if fault:
                yield f"its time-stamp {number} {fault}"
    if size > max([delivered, *ends]) and read.seal.level is not SignatureLevel.LT:
        yield "no time-stamp covers what stands at its end"


def copy_faults(data: bytes, contents: Contents, evidence_at: Callable[[datetime], Evidence], policy: ValidationPolicy) -> Iterator[str]:
    """What is wrong with what is said to be a copy of the letter in a package, made to last."""
    try:
        read = letter_claims(data)
    except LetterRefused as refusal:
        yield f"the copy cannot be read as a letter: {refusal}"
        return
    own = next((one for _, one in contents.attachments if len(one) >= sealed_end(read) and data.startswith(one)), None)
    at = stamped_last(read)
    if own is None or at is None:
        yield "it is no copy of the letter in the package" if own is None else "no time-stamp makes it last"
        return
    evidence = evidence_at(at)
    tokens = judged(read, evidence, at, policy, Rfc5280Judge(policy)).signatures[-1].tokens
    yield from faults(read, tokens, evidence, len(own), len(data))


def fault_of(token: TokenVerdict) -> str:
    """What is wrong with a time-stamp; empty where it holds."""
    if token.sub_indication is None:
        return ""
    failed = next((check.detail for check in token.checks if not check.passed), "")
    return f"gives {token.sub_indication}: {failed}" if failed else f"gives {token.sub_indication}"


def _carried(claim: TokenClaim, token: TokenVerdict, evidence: Evidence) -> str:
    """Nothing signs what a time-stamp brings along: a certificate nobody knows is none that was there when it was made."""
    known = {*evidence.anchors, *evidence.certificates, *(() if token.chain is None else token.chain.chain)}
    return "" if known.issuperset(claim.certificates) else "carries a certificate that neither its path nor the archive of the axis has"
