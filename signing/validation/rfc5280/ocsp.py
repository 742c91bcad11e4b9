"""What OCSP responses say about a certificate at a moment (RFC 6960): who answered, for which certificate, when."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from signing import oids
from signing.errors import FormatFailure
from signing.foreign_keys import ForeignKey
from signing.formats.elements import elements, only
from signing.keys import Purpose
from signing.validation.rfc5280.build import MAX_CANDIDATES, Path, Pool
from signing.validation.rfc5280.cache import ArtefactCache
from signing.validation.rfc5280.names import same
from signing.validation.rfc5280.objects import Certificate, Revoked
from signing.validation.rfc5280.ocsp_response import GOOD, REVOKED, OcspResponse, SingleResponse
from signing.validation.rfc5280.path import HANDLED
from signing.validation.rfc5280.settings import ChainPolicy
from signing.validation.rfc5280.statements import EARLY, LATE, MAX_REJECTED, Rejected, Statement

_DIGITAL_SIGNATURE = 0

ResponderStatus = Callable[[Path], str]
"""Chain of a delegated responder without ocsp-nocheck → why its own status forbids to believe it, empty when it is good."""


@dataclass(frozen=True, slots=True)
class Responses:
    """What judging responses needs: what is kept, the certificates at hand, what is asked for, the moment, and a responder's own status."""

    cache: ArtefactCache
    pool: Pool
    policy: ChainPolicy
    at: int
    responder_status: ResponderStatus


def response_statements(
    responses: Responses, chain: Path, answers: Sequence[tuple[OcspResponse, SingleResponse]]
) -> tuple[list[Statement], list[Rejected]]:
    """What each usable answer says about the first certificate of a chain; and what was not used, and why.

    ``answers`` are those for its serial number. An anchor standing alone has no issuer who could answer for it.
    """
    statements: list[Statement] = []
    rejected: list[Rejected] = []
    if len(chain.certificates) < 2:
        return statements, rejected
    keys: dict[bytes, ForeignKey | str] = {}
    for response, single in answers:
        key: ForeignKey | str = _fault(responses, chain, response, single)
        if not key:
            if response.sha256 not in keys:
                keys[response.sha256] = _responder(responses, chain, response)
            key = keys[response.sha256]
        if isinstance(key, str):
            rejected.append((response.sha256, key))
            continue
        algorithm = key.algorithm(response.signed.algorithm)
        refusal = (
            "unknown algorithm" if algorithm is None else responses.policy.algorithms.refusal(algorithm.name, key.public, responses.at)
        )
        entry = None
        if single.status == REVOKED and single.revoked_at is not None:
            entry = Revoked(single.revoked_at, single.reason, single.invalid_since)
        statements.append(Statement("ocsp", response.sha256, single.this_update, single.next_update, entry, refusal=refusal))
    return statements, list(dict.fromkeys(rejected))[:MAX_REJECTED]


def _fault(responses: Responses, chain: Path, response: OcspResponse, single: SingleResponse) -> str:
    """What speaks against an answer before anybody's signature is looked at."""
    certificate, issuer = chain.certificates[:2]
    unknown = response.unknown_critical | single.unknown_critical
    if unknown:
        return f"it holds the unknown critical extension {min(unknown)} (RFC 6960 §4.4)"
    if not single.digest:
        return "it names the issuer by a hash that is not known"
    if single.name_hash != _digest(single.digest, certificate.issuer) and single.name_hash != _digest(single.digest, issuer.subject):
        return "the hash of the issuer's name is another one's (RFC 6960 §4.1.1)"
    if single.key_hash != _digest(single.digest, key_bits(issuer.spki)):
        return "the hash of the issuer's key is another one's (RFC 6960 §4.1.1)"
    if single.status not in (GOOD, REVOKED):
        return "the responder does not know the certificate"
    if single.this_update > responses.at and not responses.policy.retroactive:
        return LATE
    if single.status == REVOKED:
        return ""
    if single.this_update < certificate.not_before:
        return EARLY
    if single.this_update <= certificate.not_after:
        return ""
    if single.archive_cutoff is not None and single.archive_cutoff <= certificate.not_after:
        return ""
    return "it was given after the certificate expired and need not know it any more (RFC 6960 §4.4.4)"


def _responder(responses: Responses, chain: Path, response: OcspResponse) -> ForeignKey | str:
    """The key of whoever answered: the issuer itself, or a delegate the issuer certified for it (RFC 6960 §4.2.2.2); else why neither."""
    issuer, key = chain.certificates[1], chain.keys[1]
    if _names(response, issuer):
        return key if responses.cache.holds(response, key, Purpose.OCSP) else "the issuer's signature on it does not hold"
    reason = "the responder's certificate is not at hand"
    for delegate in _delegates(responses, response):
        fault = _delegate_fault(responses, chain, delegate, response)
        delegate_key = responses.cache.key(delegate)
        if fault or delegate_key is None:
            reason = fault or "the responder's key is of no known kind"
        elif responses.cache.holds(response, delegate_key, Purpose.OCSP):
            return delegate_key
        else:
            reason = "the responder's signature on it does not hold"
    return reason


def _delegates(responses: Responses, response: OcspResponse) -> list[Certificate]:
    """Certificates of the named responder: those the response brings along, then those at hand."""
    carried = [one for one in map(responses.cache.certificate, response.certificates) if not isinstance(one, FormatFailure)]
    at_hand = responses.pool.named(response.responder_name) if response.responder_name is not None else ()
    named = [one for one in {one.der: one for one in (*carried, *at_hand)}.values() if _names(response, one)]
    return named[:MAX_CANDIDATES]


def _delegate_fault(responses: Responses, chain: Path, delegate: Certificate, response: OcspResponse) -> str:
    """Why a certificate is not that of a delegate of this issuer, good when it answered; empty when it is."""
    issuer, key = chain.certificates[1], chain.keys[1]
    if not same(delegate.issuer, issuer.subject) or not responses.cache.holds(delegate, key, Purpose.CERTIFICATE):
        return "the responder's certificate was not issued directly by the certificate's issuer (RFC 6960 §4.2.2.2)"
    if oids.OCSP_SIGNING not in (delegate.extended_usage or ()):
        return "the responder's certificate is not for signing OCSP responses (RFC 6960 §4.2.2.2)"
    if delegate.key_usage is not None and _DIGITAL_SIGNATURE not in delegate.key_usage:
        return "the responder's key usage does not hold digitalSignature"
    if delegate.critical - HANDLED:
        return "the responder's certificate holds an unknown critical extension"
    if not delegate.not_before <= response.produced_at <= delegate.not_after:
        return "the responder's certificate was not valid when it answered"
    algorithm = key.algorithm(delegate.signed.algorithm)
    refusal = "" if algorithm is None else responses.policy.algorithms.refusal(algorithm.name, key.public, responses.at)
    if refusal:
        return f"the responder's certificate: {refusal}"
    if oids.OCSP_NO_CHECK in delegate.present:
        return ""
    delegate_key = responses.cache.key(delegate)
    if delegate_key is None:
        return "the responder's key is of no known kind"
    return responses.responder_status(Path((delegate, *chain.certificates[1:]), (delegate_key, *chain.keys[1:])))


def _names(response: OcspResponse, certificate: Certificate) -> bool:
    """Whether the response says that this certificate's holder answered."""
    if response.responder_name is not None:
        return same(response.responder_name, certificate.subject)
    return response.responder_key == _digest("sha1", key_bits(certificate.spki))


@lru_cache(maxsize=1024)
def _digest(name: str, data: bytes) -> bytes:
    return hashlib.new(name, data, usedforsecurity=False).digest()


@lru_cache(maxsize=1024)
def key_bits(spki: bytes) -> bytes:
    """The subjectPublicKey of a SubjectPublicKeyInfo, without tag, length and count of unused bits (RFC 6960 §4.1.1)."""
    return elements(only(spki, 0x30))[1][1][1:]
