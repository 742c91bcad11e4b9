"""What revocation lists say about a certificate at a moment (RFC 5280 §6.3): complete, delta and indirect, within their scope.

A list is judged in two halves: what no moment changes (scope, signature, critical extensions), and at the moment its times and the path
of whoever signed it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from signing import der
from signing.errors import FormatFailure
from signing.foreign_keys import ForeignKey
from signing.keys import Purpose
from signing.validation.rfc5280.build import Path
from signing.validation.rfc5280.cache import ArtefactCache
from signing.validation.rfc5280.extensions import ALL_REASONS, DIRECTORY, DistributionPoint, GeneralName, IssuingPoint
from signing.validation.rfc5280.names import prepared, same
from signing.validation.rfc5280.objects import REMOVE_FROM_CRL, Certificate, Crl, Revoked
from signing.validation.rfc5280.path import CRL_SIGN
from signing.validation.rfc5280.settings import ChainPolicy
from signing.validation.rfc5280.statements import EARLY, LATE, MAX_REJECTED, Rejected, Statement

ForeignIssuer = Callable[[Crl], ForeignKey | str]
"""List of another issuer → key under which it holds and whose path to the chain's anchor holds too, or why there is none."""


@dataclass(frozen=True, slots=True)
class Lists:
    """What judging lists needs: what is kept, what is asked for, the moment, and how to find another issuer of lists."""

    cache: ArtefactCache
    policy: ChainPolicy
    at: int
    foreign_issuer: ForeignIssuer


def list_statements(lists: Lists, chain: Path, crls: Sequence[Crl]) -> tuple[list[Statement], list[Rejected]]:
    """What usable lists say about the first certificate of a chain, deltas joined to their bases; and what was not used, and why.

    ``crls`` are those issued under the name of the certificate's issuer or one its distribution points name, newest first. Of lists with
    one scope the newest usable one speaks; older ones are asked only whether they list the certificate, for a revocation is final.
    """
    certificate = chain.certificates[0]
    statements: list[Statement] = []
    rejected: list[Rejected] = []
    spoken: set[IssuingPoint] = set()
    joined: set[bytes] = set()
    deltas = [crl for crl in crls if crl.base is not None and covered(crl, certificate)]
    for crl in crls:
        reasons = frozenset() if crl.base is not None else covered(crl, certificate)
        key = _key(lists, chain, crl) if reasons else ""
        if isinstance(key, str):
            rejected += [(crl.sha256, key)] if key else []
            continue
        if crl.point in spoken and crl.find(certificate.issuer, certificate.serial) is None:
            continue
        fitting = _fitting(lists, chain, crl, key, deltas)
        joined.update(delta.sha256 for delta in fitting)
        for delta in (None, *fitting):
            word = _word(lists, certificate, (crl, delta, key, reasons))
            if isinstance(word, Statement):
                statements.append(word)
                spoken.add(crl.point)
            else:
                rejected.append(((delta or crl).sha256, word))
    alone = "no complete list that it could be joined to can be used"
    rejected += [(delta.sha256, alone) for delta in deltas if delta.sha256 not in joined]
    return statements, rejected[:MAX_REJECTED]


def _fitting(lists: Lists, chain: Path, crl: Crl, key: ForeignKey, deltas: Sequence[Crl]) -> list[Crl]:
    """The deltas that may be joined to a complete list and are signed by the same key (§6.3.3 (c), (h))."""
    joining = [delta for delta in deltas if _joins(crl, delta)]
    return [delta for delta in joining if lists.cache.holds(delta, key, Purpose.CRL) and not _unreadable(delta, chain.certificates[0])]


def _word(lists: Lists, certificate: Certificate, judged: tuple[Crl, Crl | None, ForeignKey, frozenset[int]]) -> Statement | str:
    """What a list, or a list with a delta, says (RFC 5280 §6.3.3 (i)–(k)), or why it cannot speak."""
    crl, delta, key, reasons = judged
    newest = crl if delta is None else delta
    if newest.this_update > lists.at and not lists.policy.retroactive:
        return LATE
    entry = _entry(crl, delta, certificate)
    if entry is None and newest.this_update < certificate.not_before:
        return EARLY
    if entry is None and newest.this_update > certificate.not_after and not _keeps(newest, certificate):
        return "it was issued after the certificate expired and need not list it any more (RFC 5280 §3.3)"
    source = "delta-crl" if delta is not None else "indirect-crl" if crl.point.indirect else "crl"
    algorithm = key.algorithm(newest.signed.algorithm)
    refusal = "unknown algorithm" if algorithm is None else lists.policy.algorithms.refusal(algorithm.name, key.public, lists.at)
    return Statement(source, newest.sha256, newest.this_update, newest.next_update, entry, reasons, refusal)


def _entry(crl: Crl, delta: Crl | None, certificate: Certificate) -> Revoked | None:
    """The delta's word first; it may take an entry away (§6.3.3 (k))."""
    found = None if delta is None else delta.find(certificate.issuer, certificate.serial)
    if found is None:
        found = crl.find(certificate.issuer, certificate.serial)
    return None if found is None or found.reason == REMOVE_FROM_CRL else found


def _keeps(crl: Crl, certificate: Certificate) -> bool:
    return crl.keeps_expired_since is not None and crl.keeps_expired_since <= certificate.not_after


def _joins(crl: Crl, delta: Crl) -> bool:
    """Whether a delta may be joined to a complete list (RFC 5280 §6.3.3 (c), §5.2.4)."""
    if crl.number is None or delta.number is None or delta.base is None:
        return False
    if not same(crl.issuer, delta.issuer) or crl.point != delta.point or crl.authority_key != delta.authority_key:
        return False
    return delta.base <= crl.number < delta.number


def _key(lists: Lists, chain: Path, crl: Crl) -> ForeignKey | str:
    """The key a list is signed with, when its holder may sign lists and the signature holds (§6.3.3 (f), (g)); else why not."""
    key = _signer_key(lists, chain, crl)
    return key if isinstance(key, str) else _unreadable(crl, chain.certificates[0]) or key


def _unreadable(crl: Crl, certificate: Certificate) -> str:
    """Why a list whose signature holds cannot be used; entries are looked at only now, for anybody can write a long list."""
    try:
        unknown = crl.unknown_critical | crl.index.critical
        crl.find(certificate.issuer, certificate.serial)
    except FormatFailure as failure:
        return str(failure)
    return f"it holds the unknown critical extension {min(unknown)} (RFC 5280 §5.2, §5.3)" if unknown else ""


def _signer_key(lists: Lists, chain: Path, crl: Crl) -> ForeignKey | str:
    if len(chain.certificates) > 1:
        issuer, key = chain.certificates[1], chain.keys[1]
        if same(crl.issuer, issuer.subject) and may_sign_lists(issuer) and lists.cache.holds(crl, key, Purpose.CRL):
            return key
    return lists.foreign_issuer(crl)


def may_sign_lists(certificate: Certificate) -> bool:
    """Whether key usage, where present, has cRLSign (§6.3.3 (f))."""
    return certificate.key_usage is None or CRL_SIGN in certificate.key_usage


def covered(crl: Crl, certificate: Certificate) -> frozenset[int]:
    """The reasons for which a list speaks of a certificate (§6.3.3 (b), (d)); empty when it is not for it.

    Each distribution point of the certificate is tried, and at last the one every certificate has: its issuer's name.
    """
    point = crl.point
    if point.attribute_only or (point.user_only and certificate.is_authority) or (point.ca_only and not certificate.is_authority):
        return frozenset()
    reasons: frozenset[int] = frozenset()
    for distribution in certificate.distribution_points:
        if _is_from(crl, certificate, distribution) and _names_meet(crl, distribution, certificate):
            reasons |= distribution.reasons & point.reasons
    if same(crl.issuer, certificate.issuer) and (_unnamed(point) or _named_as(point, crl, certificate.issuer)):
        reasons |= point.reasons
    return reasons & ALL_REASONS


def _is_from(crl: Crl, certificate: Certificate, distribution: DistributionPoint) -> bool:
    """§6.3.3 (b)(1): the issuer the point names, for indirect lists only, or else the certificate's own."""
    if distribution.issuers:
        return crl.point.indirect and any(same(crl.issuer, issuer) for issuer in distribution.issuers)
    return same(crl.issuer, certificate.issuer)


def _names_meet(crl: Crl, distribution: DistributionPoint, certificate: Certificate) -> bool:
    """§6.3.3 (b)(2)(i): a list that names its point is for certificates that name it too."""
    if _unnamed(crl.point):
        return True
    if distribution.names is None and distribution.relative is None:
        return any(_named_as(crl.point, crl, issuer) for issuer in distribution.issuers)
    issuers = distribution.issuers or (certificate.issuer,)
    theirs = {name for issuer in issuers for name in _full_names(distribution.names, distribution.relative, issuer)}
    return bool(theirs & _full_names(crl.point.names, crl.point.relative, crl.issuer))


def _unnamed(point: IssuingPoint) -> bool:
    return point.names is None and point.relative is None


def _named_as(point: IssuingPoint, crl: Crl, name: bytes) -> bool:
    return _comparable(GeneralName(DIRECTORY, name)) in _full_names(point.names, point.relative, crl.issuer)


def _full_names(names: Sequence[GeneralName] | None, relative: bytes | None, issuer: bytes) -> set[object]:
    """The names of a point in comparable form; a relative one stands behind its issuer's name."""
    if relative is not None:
        try:
            return {(DIRECTORY, (*prepared(issuer), *prepared(der.sequence(der.tlv(der.SET, relative)))))}
        except ValueError:
            return set()
    return {_comparable(name) for name in names or ()}


def _comparable(name: GeneralName) -> object:
    return (name.kind, prepared(name.value) if name.kind == DIRECTORY else name.value)
