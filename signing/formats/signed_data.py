"""Claims of a CMS SignedData: every signer with its tokens and artefacts, attached or detached, by a strict and by a tolerant reader.

Two parsers must never disagree on what was signed: :func:`disagreement` compares what they say of one file, and the tests run it over
every fixture and over mutated files by the thousand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

from signing.errors import FormatFailure
from signing.formats import strict, tolerant
from signing.formats.assembly import STRICT, TOLERANT, Assembly, digest_of, refuse
from signing.formats.claims import CounterSignature, Deviation, Digest, SignatureClaim, SignerClaim, TokenClaim
from signing.formats.cms import looks_like_signed_attributes
from signing.formats.envelope import Envelope

_CONFUSION = ("the content is itself the encoding of signed attributes", "draft-ietf-lamps-cms-euf-cma-signeddata")


def read_strict(data: bytes, content: bytes | Digest | None = None) -> tuple[SignatureClaim, ...]:
    """One claim per SignerInfo of a DER SignedData in perfect order; raises :class:`FormatFailure` for anything else.

    ``content`` is what a detached signature was made over, its digest function where it lies in pieces (a PDF), or ``None`` when it is
    not at hand. Content given beside attached content must be the same; it is what the claim is about.
    """
    envelope = strict.read_envelope(data)
    source, found = _content(envelope, content)
    if found:
        raise FormatFailure("content", f"{found[0][0]} ({found[0][1]})")
    return tuple(
        Assembly(envelope, signer, source, STRICT, refuse).claim(f"signer {number}") for number, signer in enumerate(envelope.signers, 1)
    )


def read_tolerant(data: bytes, content: bytes | Digest | None = None) -> tuple[SignatureClaim, ...]:
    """As :func:`read_strict`, but breaches of the format become ``deviations`` of the signer and ``findings`` of the claim.

    Raises :class:`FormatFailure` only when what was signed, or by whom, cannot be made out.
    """
    envelope = tolerant.read_envelope(data)
    source, found = _content(envelope, content)
    claims = []
    for number, signer in enumerate(envelope.signers, 1):
        noted = list(found)
        claim = Assembly(envelope, signer, source, TOLERANT, noted.append).claim(f"signer {number}")
        claims.append(replace(claim, findings=tuple(dict.fromkeys((*claim.findings, *noted)))))
    return tuple(claims)


def disagreement(one: Sequence[SignatureClaim], other: Sequence[SignatureClaim]) -> str:
    """In what two readings of the same bytes differ, or nothing: number, signer, content, artefacts, tokens, level, counter-signatures."""
    if len(one) != len(other):
        return f"{len(one)} and {len(other)} signers"
    for first, second in zip(one, other, strict=True):
        difference = _signer_difference(first.signer, second.signer) or _claim_difference(first, second)
        if difference:
            return f"{first.name}: {difference}"
    return ""


def _signer_difference(one: SignerClaim, other: SignerClaim) -> str:
    names = (field.name for field in fields(SignerClaim) if field.name != "deviations")
    return next((name for name in names if getattr(one, name) != getattr(other, name)), "")


def _claim_difference(one: SignatureClaim, other: SignatureClaim) -> str:
    for name in ("name", "certificates", "crls", "ocsps", "level"):
        if getattr(one, name) != getattr(other, name):
            return name
    algorithm = one.signer.digest_algorithm
    if one.content(algorithm) != other.content(algorithm):
        return "content"
    for kind in ("content_tokens", "signature_tokens", "archive_tokens"):
        mine, theirs = getattr(one, kind), getattr(other, kind)
        if len(mine) != len(theirs):
            return kind
        for first, second in zip(mine, theirs, strict=True):
            difference = _token_difference(first, second)
            if difference:
                return f"{kind}: {difference}"
    return _counter_difference(one.counter_signatures, other.counter_signatures)


def _counter_difference(one: Sequence[CounterSignature], other: Sequence[CounterSignature]) -> str:
    """Compared as signatures where both readers can read them; one that only the tolerant one can read is its word in both."""
    if [counter.der for counter in one] != [counter.der for counter in other]:
        return "counter_signatures"
    for first, second in zip(one, other, strict=True):
        if first.claim is None or second.claim is None:
            difference = "" if first.claim is second.claim else "one is read"
        else:
            difference = disagreement((first.claim,), (second.claim,))
        if difference:
            return f"counter_signatures: {difference}"
    return ""


def _token_difference(one: TokenClaim, other: TokenClaim) -> str:
    if one.expected(one.imprint_algorithm) != other.expected(other.imprint_algorithm):
        return "expected"
    plain = (field.name for field in fields(TokenClaim) if field.name not in ("expected", "signer"))
    differing = next((name for name in plain if getattr(one, name) != getattr(other, name)), "")
    return differing or _signer_difference(one.signer, other.signer)


def _content(envelope: Envelope, given: bytes | Digest | None) -> tuple[Digest, list[Deviation]]:
    """The digest function of what the signature is asked about, and what is odd about it: content given counts before content carried."""
    found: list[Deviation] = []
    if given is not None and envelope.content is not None and given != envelope.content:
        found.append(("the content given is not the content the signature carries", "RFC 5652 §5.2"))
    if any(isinstance(content, bytes) and looks_like_signed_attributes(content) for content in (given, envelope.content)):
        found.append(_CONFUSION)
    asked = envelope.content if given is None else given
    if asked is None:
        return _absent, found
    return (digest_of(asked) if isinstance(asked, bytes) else asked), found


def _absent(name: str) -> bytes | None:
    """The digest function of content that is not at hand."""
    return None
