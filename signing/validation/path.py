"""The certificate path as a timeline: which verdict holds in which interval of moments (EN 319 102-1 §5.2.6, RFC 5280 §6.1).

A path is worked out once per certificate, and its verdict once per (certificate, revocation lists at hand): between validity bounds, list
updates and algorithm ends nothing can change. Only paths are kept here; results of document signatures never are.

The hierarchy is fixed (anchor, at most two known authorities, end entity), so there is no open path building: an issuer is a known
certificate with the right name and key identifier under which the signature holds. Names are compared byte for byte, as our profiles
write them in one form.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from hashlib import sha256
from math import inf
from threading import Lock

from signing import oids
from signing.algorithms import CERTIFICATE_ALGORITHMS
from signing.errors import KeyUnusable
from signing.evidence import TrustStore
from signing.formats.certificates import CertificateFacts, certificate_facts
from signing.keys import PublicKey, Purpose, load_public_key, raw_verify
from signing.validation.path_rules import CHAIN, PASSED, STRUCTURE, USAGE, Link, PathVerdict, failed, judge, turns
from signing.validation.policy import DEFAULT, AlgorithmPolicy
from signing.validation.report import SubIndication
from signing.validation.revocation import ABSENT, CheckedCrl, check_crl
from signing.validation.signers import Signers
from signing.validation.structure import structure_fault, time_stamping_fault, usage_fault

MAX_DEPTH = 4
"""Longest path in certificates, anchor included."""


@dataclass(frozen=True, slots=True)
class PathStep:
    """Raw verifications that working out a path took at one place: a certificate under its issuer's key, or an issuer's revocation list."""

    subject: str
    """Whose certificate, or whose list."""
    key: bytes
    """Under this name a cache keeps the result (SHA-256), the same in every process; empty where it is not kept."""
    verifies: int


OnPath = Callable[[str, tuple[PathStep, ...]], None]
"""Told that a path had to be worked out: whose, and what was verified for it just now."""


@dataclass(frozen=True, slots=True)
class Chain:
    """What does not depend on the moment: links from the end entity to the anchor, or the verdict that ends it at every moment."""

    links: tuple[Link, ...]
    verdict: PathVerdict | None
    steps: tuple[PathStep, ...]
    """What was verified to find it; nothing where it was kept."""


CrlKey = tuple[bytes | None, ...]
"""The lists at hand, one per issuer of a path, nearest first."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """When a path holds under the lists of its issuers (nearest first): piecewise constant, so a few instants say it for every moment.

    ``turns`` are the epoch seconds at which the answer changes: from the first on it holds, from the second it does not, and so on. Why it
    does not hold is worked out when asked for: hardly anybody asks, and a province's certificates all have reasons of their own.
    """

    key: CrlKey
    """The lists as they came, to know them by."""
    lists: tuple[CheckedCrl, ...]
    turns: tuple[int, ...]

    def holding(self, moment: int) -> tuple[int, float] | None:
        """From when, and until when (not any more), the path holds around an epoch second; ``None`` where it does not."""
        place = bisect_right(self.turns, moment)
        if place % 2 == 0:
            return None
        return self.turns[place - 1], self.turns[place] if place < len(self.turns) else inf


UsageFault = Callable[[CertificateFacts], str]
"""What is wrong with a certificate for the use made of it (RFC 5280 §4.2.1.3, §4.2.1.12), or nothing."""


@dataclass(slots=True)
class _Path:
    """A kept path: what follows above the end entity, and its timeline for each of the last few sets of lists.

    The end entity's own bytes, some 6 KB as read, and its key are not kept: whoever asks holds them. A province has thousands of these.
    """

    issuers: tuple[Link, ...]
    verdict: PathVerdict | None
    timelines: tuple[Timeline, ...] = ()
    holds: tuple[int, float] = (0, 0)
    """From when, and until when (not any more), it is known to hold."""

    def chain(self, certificate: CertificateFacts) -> Chain:
        """The whole chain, with the certificate it was worked out for."""
        return Chain((_link(certificate), *self.issuers), self.verdict, ())

    def timeline(self, key: CrlKey) -> Timeline | None:
        """The one under these lists, if it was worked out."""
        return next((one for one in self.timelines if one.key == key), None)


class PathCache:
    """Paths, revocation lists and timelines of one trust store under one policy, shared by any number of validators.

    ``max_certificates`` bounds how many end entities are kept, ``snapshots`` how many sets of revocation lists per end entity. ``usage``
    says what end entities are for: documents, unless told otherwise.
    """

    def __init__(
        self,
        trust: TrustStore,
        policy: AlgorithmPolicy = DEFAULT,
        *,
        max_certificates: int = 65536,
        snapshots: int = 3,
        usage: UsageFault = usage_fault,
    ) -> None:
        self.trust = trust
        self.policy = policy
        self._usage = usage
        self.known: frozenset[bytes] = frozenset((*trust.anchors, *trust.authorities))
        self._max_certificates = max_certificates
        self._snapshots = snapshots
        self._anchors = _links(trust.anchors)
        self._authorities = _links(trust.authorities)
        self._issuers: dict[bytes, Link | None] = {}
        self._paths: dict[bytes, _Path] = {}
        """By the SHA-256 of the certificate."""
        self._tails: dict[bytes, tuple[Link, ...]] = {}
        """What follows above an issuer's certificates, once for all of them."""
        self._crls: dict[tuple[bytes, bytes], CheckedCrl] = {}
        self._timelines: dict[tuple[bytes, CrlKey, tuple[int, ...]], Timeline] = {}
        """Most certificates of an issuer hold from and to the same instants: one timeline for all of them."""
        self._alike: dict[tuple[object, ...], tuple[int, ...]] = {}
        self._last: dict[bytes, tuple[datetime, CrlKey]] = {}
        self.signers = Signers()
        self._lock = Lock()

    @cached_property
    def time_stamps(self) -> PathCache:
        """The paths of time-stamping units under the same trust and policy, kept apart: a unit signs no documents, a person no stamps."""
        return PathCache(self.trust, self.policy, max_certificates=_MAX_UNITS, snapshots=self._snapshots, usage=time_stamping_fault)

    def verdict(self, certificate: CertificateFacts, at: datetime, on_path: OnPath | None, moment: int | None = None) -> PathVerdict:
        """The verdict on a certificate at a moment; ``on_path`` is called when it had to be worked out.

        ``moment``: the epoch second of ``at``, where it is at hand.
        """
        path = self._paths.get(certificate.sha256)
        if path is not None:
            if moment is not None and path.holds[0] <= moment < path.holds[1]:
                return PASSED
            if path.verdict is not None:
                return path.verdict
            timeline = path.timeline(self._crls_at(path.issuers, at))
            if timeline is not None:
                return self._said(certificate, path, timeline, int(at.timestamp()) if moment is None else moment)
        with self._lock:
            verdict, steps = self._work_out(certificate, at)
        if on_path is not None:
            on_path(certificate.subject, steps)
        return verdict

    def revoked_since(self, certificate: CertificateFacts, at: datetime) -> int | None:
        """Epoch second from which the list at hand at a moment has a certificate revoked; ``None`` without a kept path or an entry.

        0 where its key was lost: since when, the invalidity date says, which the long way reads (RFC 5280 §5.3.2).
        """
        path = self._paths.get(certificate.sha256)
        if path is None or path.verdict is not None:
            return None
        timeline = path.timeline(self._crls_at(path.issuers, at))
        entry = None if timeline is None else timeline.lists[0].entry(certificate.serial)
        if entry is None:
            return None
        return 0 if entry.reason in _KEY_LOST else entry.at

    def key(self, certificate: CertificateFacts) -> PublicKey | None:
        """The certificate's key; ``None`` when it holds none of a known kind. Its path is not looked at."""
        try:
            return _public_key(certificate.spki)
        except KeyUnusable:
            return None

    def _said(self, certificate: CertificateFacts, path: _Path, timeline: Timeline, moment: int) -> PathVerdict:
        holding = timeline.holding(moment)
        if holding is not None:
            if self.trust.crl_span is not None:
                start, stop = self.trust.crl_span(moment)  # all that time it is this timeline
                path.holds = max(start, holding[0]), min(stop, holding[1])
            return PASSED
        return judge(path.chain(certificate).links, timeline.lists, self.policy, moment)

    def _work_out(self, certificate: CertificateFacts, at: datetime) -> tuple[PathVerdict, tuple[PathStep, ...]]:
        """The verdict and what was verified for it; path and timeline are kept."""
        path = self._paths.get(certificate.sha256)
        chain = self._build(certificate) if path is None else path.chain(certificate)
        if path is None:
            path = self._keep(certificate, chain)
        if chain.verdict is not None or path is None:
            return chain.verdict or _no_chain(certificate), chain.steps
        key = self._crls_at(path.issuers, at)
        lists, done = self._checked(path.issuers, key)
        found = self._timeline(chain.links, key, lists)
        path.timelines = (*path.timelines[max(0, len(path.timelines) + 1 - self._snapshots) :], found)
        return self._said(certificate, path, found, int(at.timestamp())), (*chain.steps, *done)

    def _timeline(self, links: tuple[Link, ...], key: CrlKey, lists: tuple[CheckedCrl, ...]) -> Timeline:
        """The path's timeline under these lists, the same object as that of the issuer's other certificates with the same turns."""
        issuer, found = links[1].facts.sha256, self._turns(links, key, lists)
        if len(self._timelines) >= _MOST_TIMELINES:
            self._timelines.clear()
        return self._timelines.setdefault((issuer, key, found), Timeline(key, lists, found))

    def _turns(self, links: tuple[Link, ...], key: CrlKey, lists: tuple[CheckedCrl, ...]) -> tuple[int, ...]:
        """Worked out once for certificates of an issuer that nothing tells apart which counts."""
        holder = links[0].facts
        entry = lists[0].entry(holder.serial)
        revoked = None if entry is None else (entry.at, entry.reason)
        alike = (links[1].facts.sha256, key, holder.not_before, holder.not_after, links[0].algorithm, revoked)
        found = self._alike.get(alike)
        if found is None:
            if len(self._alike) >= _MOST_ALIKE:
                self._alike.clear()
            found = self._alike[alike] = turns(links, lists, self.policy)
        return found

    def _keep(self, certificate: CertificateFacts, chain: Chain) -> _Path | None:
        """Keep a path that reaches an anchor, the oldest making room; strangers' certificates must not fill the cache."""
        if not self._arrives(chain.links):
            return None
        while len(self._paths) >= self._max_certificates:
            del self._paths[next(iter(self._paths))]
        issuers = chain.links[1:]
        if issuers:
            issuers = self._tails.setdefault(issuers[0].facts.sha256, issuers)
        path = self._paths[certificate.sha256] = _Path(issuers, chain.verdict)
        return path

    def _arrives(self, links: Sequence[Link]) -> bool:
        return bool(links) and links[-1].facts.der in self.trust.anchors

    def _name(self, *parts: bytes) -> bytes:
        """Paths for documents and for time-stamps are kept apart, and so are their names."""
        return sha256(b"\0".join((b"time-stamps" if self._usage is time_stamping_fault else b"documents", *parts))).digest()

    def _crls_at(self, issuers: tuple[Link, ...], at: datetime) -> CrlKey:
        """The lists at hand at a moment, one per issuer of the path, nearest first."""
        nearest = issuers[0].facts.sha256  # by its name there may be another, above which the path goes on otherwise
        last = self._last.get(nearest)
        if last is not None and last[0] == at:
            return last[1]
        source = self.trust.crl_source
        key = tuple([source(link.facts.subject_der, at) for link in issuers])
        self._last[nearest] = (at, key)
        return key

    def _checked(self, issuers: tuple[Link, ...], key: CrlKey) -> tuple[tuple[CheckedCrl, ...], list[PathStep]]:
        """The lists checked against their issuers, each once; and what was verified for that now."""
        lists: list[CheckedCrl] = []
        steps: list[PathStep] = []
        for issuer, crl in zip(issuers, key, strict=True):
            if crl is None:
                lists.append(ABSENT)
                continue
            checked = self._crls.get((issuer.facts.sha256, crl))
            if checked is None:
                checked = check_crl(crl, issuer.facts, issuer.key)
                if checked.verifies:
                    steps.append(PathStep(issuer.facts.subject, self._name(issuer.facts.sha256, crl), checked.verifies))
                while len(self._crls) >= _MAX_CRLS:
                    del self._crls[next(iter(self._crls))]
                self._crls[issuer.facts.sha256, crl] = checked
            lists.append(checked)
        return tuple(lists), steps

    def _build(self, certificate: CertificateFacts) -> Chain:
        """Walk from a certificate to an anchor, and judge what does not depend on the moment.

        (1) every certificate's issuer is known and its signature holds   RFC 5280 §6.1.3 (a)(1), (a)(4)
        (2) authorities are authorities, path lengths hold, nothing critical is unknown   RFC 5280 §6.1.4
        (3) the end entity's key is for signing documents   RFC 5280 §4.2.1.3, §4.2.1.12
        """
        try:
            links = [_link(certificate)]
        except KeyUnusable as error:
            return Chain((), failed(CHAIN, SubIndication.NO_CERTIFICATE_CHAIN_FOUND, str(error)), ())
        done: list[int] = []
        while links[-1].facts.der not in self.trust.anchors:
            issuer, verifies = self._issuer(links[-1])
            done.append(verifies)
            if issuer is None or len(links) >= MAX_DEPTH:
                return Chain(tuple(links), _no_chain(links[-1].facts), self._steps(links, done))
            links.append(issuer)
        return Chain(tuple(links), self._static_verdict([link.facts for link in links]), self._steps(links, done))

    def _steps(self, links: Sequence[Link], done: Sequence[int]) -> tuple[PathStep, ...]:
        """What was verified link by link. An authority's link is kept in any case, another one's with its path."""
        arrives = self._arrives(links)
        return tuple(
            PathStep(link.facts.subject, self._name(link.facts.sha256) if arrives or link.facts.der in self.known else b"", verifies)
            for link, verifies in zip(links, done, strict=False)
            if verifies
        )

    def _static_verdict(self, chain: Sequence[CertificateFacts]) -> PathVerdict | None:
        fault = structure_fault(chain)
        if fault:
            return failed(STRUCTURE, SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE, fault)
        fault = self._usage(chain[0])
        return failed(USAGE, SubIndication.CHAIN_CONSTRAINTS_FAILURE, fault) if fault else None

    def _issuer(self, link: Link) -> tuple[Link | None, int]:
        """The known certificate that issued this one, and the raw verifications it took; for authorities remembered."""
        if link.facts.der in self._issuers:
            return self._issuers[link.facts.der], 0
        issuer, verifies = _find_issuer(link, (*self._anchors, *self._authorities))
        if link.facts.der in self.known:
            self._issuers[link.facts.der] = issuer
        return issuer, verifies


def _no_chain(certificate: CertificateFacts) -> PathVerdict:
    detail = f"no known authority issued the certificate of {certificate.subject}"
    return failed(CHAIN, SubIndication.NO_CERTIFICATE_CHAIN_FOUND, detail)


_MAX_CRLS = 64
_MAX_UNITS = 256
_MOST_TIMELINES = 256
_MOST_ALIKE = 64
_public_key = lru_cache(maxsize=512)(load_public_key)
"""One object for every cache of a process: an open key takes 2 KB in many small pieces, and to open one takes a tenth of a verification."""
_KEY_LOST = (1, 2)
"""CRLReason keyCompromise and cACompromise (RFC 5280 §5.3.1)."""


def _links(certificates: Sequence[bytes]) -> tuple[Link, ...]:
    return tuple(_link(certificate_facts(certificate)) for certificate in certificates)


def _link(facts: CertificateFacts) -> Link:
    return Link(facts, _public_key(facts.spki), _algorithm(facts))


def _algorithm(facts: CertificateFacts) -> str:
    known = CERTIFICATE_ALGORITHMS.get(facts.signed.algorithm)
    return known.name if known else f"unknown:{facts.signed.algorithm.hex()}"


def _find_issuer(link: Link, candidates: Sequence[Link]) -> tuple[Link | None, int]:
    """The first candidate with the right name and key identifier under which the certificate's signature holds."""
    algorithm = CERTIFICATE_ALGORITHMS.get(link.facts.signed.algorithm)
    if algorithm is None:
        return None, 0
    verifies = 0
    for candidate in candidates:
        if candidate.facts.subject_der != link.facts.issuer or not _key_identifiers_agree(link.facts, candidate.facts):
            continue
        verifies += 1
        signed = link.facts.signed
        if raw_verify(candidate.key, signed.signature, signed.tbs, algorithm, Purpose.CERTIFICATE):
            return candidate, verifies
    return None, verifies


def _key_identifiers_agree(certificate: CertificateFacts, issuer: CertificateFacts) -> bool:
    """Authority key identifier against subject key identifier (RFC 5280 §4.2.1.1); only two that differ tell something."""
    authority = certificate.extension(oids.AUTHORITY_KEY_IDENTIFIER)
    subject = issuer.extension(oids.SUBJECT_KEY_IDENTIFIER)
    if authority is None or subject is None or len(authority.value) < 4 or authority.value[2] != 0x80:
        return True
    return authority.value[4 : 4 + authority.value[3]] == subject.value[2:]
