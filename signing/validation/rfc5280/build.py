"""Candidate paths from a certificate to the anchors (EN 319 102-1 §5.2.6.4 step 1; RFC 4158), bounded in depth, width and work.

The search walks upwards and prefers issuers that are nearer to an anchor, counted in names beforehand, so that what leads nowhere is not
entered. A link counts when names and signature agree; key identifiers only order the candidates (RFC 5280 §4.2.1.1). Certificates that
travel with a signature are candidates like others, never more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from signing.foreign_keys import ForeignKey
from signing.keys import Purpose
from signing.validation.rfc5280.cache import ArtefactCache, load_or_none
from signing.validation.rfc5280.names import Prepared, prepared, same, text
from signing.validation.rfc5280.objects import Certificate

MAX_CANDIDATES = 16
"""Issuers of one name tried for one certificate, the likeliest first."""
MAX_WORK = 256
"""Issuers looked at in one search."""
MAX_PATHS = 16
"""Paths given by one search."""

_FAR = 1 << 30


class Pool:
    """Certificates by subject, and how far each name is from an anchor."""

    def __init__(self, certificates: Iterable[Certificate], anchors: Sequence[Certificate]) -> None:
        self.anchors = anchors
        self._certificates = {one.der: one for one in (*anchors, *certificates)}
        self._anchor_bytes = frozenset(anchor.der for anchor in anchors)
        self._by_subject: dict[Prepared, list[Certificate]] = {}
        for certificate in self._certificates.values():
            self._by_subject.setdefault(prepared(certificate.subject), []).append(certificate)
        self._distance = self._measure()

    def is_anchor(self, certificate: Certificate) -> bool:
        """Whether these bytes are an anchor's."""
        return certificate.der in self._anchor_bytes

    def holds(self, der: bytes) -> bool:
        """Whether these bytes are one of the certificates."""
        return der in self._certificates

    def enlarged(self, more: Sequence[Certificate]) -> Pool:
        """This pool and more candidates, under the same anchors."""
        return Pool((*self._certificates.values(), *more), self.anchors)

    def named(self, name: bytes) -> Sequence[Certificate]:
        """The certificates whose subject is that DER name."""
        return self._by_subject.get(prepared(name), ())

    def distance(self, certificate: Certificate) -> int:
        """Links between a certificate and the nearest anchor, by names alone; very many when there is none."""
        if certificate.der in self._anchor_bytes:
            return 0
        above = self._distance.get(prepared(certificate.issuer))
        return _FAR if above is None else above + 1

    def _measure(self) -> dict[Prepared, int]:
        """Breadth first from the anchors' names downwards."""
        below: dict[Prepared, set[Prepared]] = {}
        for subject, certificates in self._by_subject.items():
            for certificate in certificates:
                below.setdefault(prepared(certificate.issuer), set()).add(subject)
        reached = {prepared(anchor.subject): 0 for anchor in self.anchors}
        edge = list(reached)
        while edge:
            edge = [name for upper in edge for name in below.get(upper, ()) if _reach(reached, name, reached[upper] + 1)]
        return reached


def _reach(reached: dict[Prepared, int], name: Prepared, distance: int) -> bool:
    if name in reached:
        return False
    reached[name] = distance
    return True


@dataclass(frozen=True, slots=True)
class Path:
    """A chain of certificates whose signatures hold, end entity first and anchor last, with the key of each."""

    certificates: tuple[Certificate, ...]
    keys: tuple[ForeignKey, ...]


@dataclass(slots=True)
class Search:
    """One search for paths. ``obstacle`` says, after it ended, why there was no (further) path; ``unknown_algorithm`` whether a link was
    signed by an algorithm that is not known."""

    pool: Pool
    cache: ArtefactCache
    max_depth: int
    obstacle: str = ""
    unknown_algorithm: bool = False
    _work: int = field(default=0)

    def paths(self, target: Certificate) -> Iterator[Path]:
        """Candidate paths, shorter ones tending to come first; at most :data:`MAX_PATHS`."""
        given = 0
        for certificates in self._climb((target,)):
            keys = self._keys(certificates)
            if keys is None:
                continue
            yield Path(certificates, keys)
            given += 1
            if given >= MAX_PATHS:
                self.obstacle = f"the search ended after {MAX_PATHS} paths"
                return

    def _climb(self, chain: tuple[Certificate, ...]) -> Iterator[tuple[Certificate, ...]]:
        last = chain[-1]
        if self.pool.is_anchor(last):
            yield chain
            return
        for issuer in self._issuers(chain):
            if self._work >= MAX_WORK:
                self.obstacle = f"the search ended after looking at {MAX_WORK} issuers"
                return
            self._work += 1
            if self._linked(last, issuer):
                yield from self._climb((*chain, issuer))

    def _issuers(self, chain: tuple[Certificate, ...]) -> Sequence[Certificate]:
        """Who may have issued the last certificate: named so, not in the chain already, and near enough to an anchor."""
        last = chain[-1]
        room = self.max_depth - len(chain) - 1
        named = self.pool.named(last.issuer)
        if not named:
            self.obstacle = self.obstacle or f"no certificate of {text(last.issuer)} is at hand"
            return ()
        near = [one for one in named if self.pool.distance(one) <= room and not _met(chain, one)]
        if not near:
            self.obstacle = (
                self.obstacle or f"no certificate of {text(last.issuer)} leads to an anchor within {self.max_depth} certificates"
            )
        near.sort(
            key=lambda one: (_identifiers_differ(last, one), self.pool.distance(one), not one.is_authority, -one.not_after, one.sha256)
        )
        return near[:MAX_CANDIDATES]

    def _linked(self, certificate: Certificate, issuer: Certificate) -> bool:
        """Whether the signature holds; a DSA key without parameters is looked at when the chain is whole."""
        key = self.cache.key(issuer)
        if key is None:
            return True
        if self.cache.holds(certificate, key, Purpose.CERTIFICATE):
            return True
        if key.algorithm(certificate.signed.algorithm) is None:
            self.unknown_algorithm = True
            self.obstacle = (
                f"the certificate of {text(certificate.subject)} is signed by an algorithm that is not known for its issuer's key"
            )
        else:
            self.obstacle = f"the signature on the certificate of {text(certificate.subject)} does not hold under its issuer's key"
        return False

    def _keys(self, chain: tuple[Certificate, ...]) -> tuple[ForeignKey, ...] | None:
        """The key of each certificate, DSA parameters inherited from above (RFC 5280 §6.1.4 (f)); ``None`` when some key is unusable."""
        keys: list[ForeignKey] = []
        for position in range(len(chain) - 1, -1, -1):
            certificate = chain[position]
            key = self.cache.key(certificate) or load_or_none(certificate.spki, keys[-1] if keys else None)
            if key is None or (keys and not self.cache.holds(certificate, keys[-1], Purpose.CERTIFICATE)):
                self.obstacle = f"the key of {text(certificate.subject)} cannot be used, or the signature on its certificate does not hold"
                return None
            keys.append(key)
        return tuple(reversed(keys))


def _met(chain: Sequence[Certificate], candidate: Certificate) -> bool:
    """Whether a chain already holds this name with this key: a path that came back to it goes in circles (RFC 4158 §5.2)."""
    return any(one.spki == candidate.spki and same(one.subject, candidate.subject) for one in chain)


def _identifiers_differ(certificate: Certificate, issuer: Certificate) -> bool:
    """Only two identifiers that differ tell something (RFC 5280 §4.2.1.1)."""
    one, other = certificate.authority_key, issuer.subject_key
    return one is not None and other is not None and one != other
