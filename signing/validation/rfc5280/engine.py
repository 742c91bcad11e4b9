"""The door: whether a certificate has a chain that holds at a moment (EN 319 102-1 §5.2.6.4), and what is known of its revocation.

    verdict = validate_chain(certificate, evidence, at, policy, usage=Usage.SIGNING)

A :class:`ChainEngine` answers many such questions over one set of evidence. What it keeps is a function of the evidence and of bytes, so
that asking in another order, or anew, gives the same answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from signing import oids
from signing.errors import FormatFailure
from signing.evidence import Evidence
from signing.validation.report import SubIndication
from signing.validation.rfc5280 import checks
from signing.validation.rfc5280.build import Path, Pool, Search
from signing.validation.rfc5280.cache import ArtefactCache, Bounded
from signing.validation.rfc5280.checks import ORDER, Fault
from signing.validation.rfc5280.names import text
from signing.validation.rfc5280.objects import Certificate
from signing.validation.rfc5280.path import Walked, walk
from signing.validation.rfc5280.revocation import RevocationJudge, algorithms_refusal, revocation_fault
from signing.validation.rfc5280.settings import DEFAULT_CHAIN, ChainPolicy, RevocationNeed, Usage
from signing.validation.rfc5280.statements import Settled, moment
from signing.validation.rfc5280.usage import usage_fault
from signing.validation.verdicts import ChainVerdict, RevocationVerdict, Standing

MAX_EXTRA = 64
"""Certificates that may travel with one signature; more are not looked at."""


def validate_chain(
    certificate: bytes,
    evidence: Evidence,
    at: datetime,
    policy: ChainPolicy = DEFAULT_CHAIN,
    *,
    usage: Usage = Usage.ANY,
    extra: Sequence[bytes] = (),
) -> ChainVerdict:
    """The verdict on one certificate (DER) at a moment (timezone-aware); see :meth:`ChainEngine.validate`."""
    return ChainEngine(evidence, policy).validate(certificate, at, usage=usage, extra=extra)


class ChainEngine:
    """Validates chains over one closed set of evidence under one policy.

    ``cache`` may be shared with engines of other evidence and policies. Time-stamping certificates lead to ``timestamp_anchors`` where the
    evidence has some.
    """

    def __init__(self, evidence: Evidence, policy: ChainPolicy = DEFAULT_CHAIN, *, cache: ArtefactCache | None = None) -> None:
        self.evidence = evidence
        self.policy = policy
        self.cache = ArtefactCache() if cache is None else cache
        self._pools = {False: self._pool(evidence.anchors), True: self._pool(evidence.timestamp_anchors or evidence.anchors)}
        self._enlarged: Bounded[tuple[bool, tuple[bytes, ...]], Pool] = Bounded(64)
        self._walks: Bounded[tuple[bytes, ...], Walked] = Bounded(8192)
        self._revocation = RevocationJudge(evidence, policy, self.cache)

    def validate(self, certificate: bytes, at: datetime, *, usage: Usage = Usage.ANY, extra: Sequence[bytes] = ()) -> ChainVerdict:
        """The verdict on one certificate (DER) at a moment; ``extra`` are certificates that travelled with it, candidates and no more.

        Every candidate path is tried until one holds; the verdict on the path that got furthest stands otherwise. The steps, in order:

        (1) the certificate can be read                             RFC 5280 §4.1              CERTIFICATE_CHAIN_GENERAL_FAILURE
        (2) signatures lead to an anchor                            EN 319 102-1 §5.2.6.4      NO_CERTIFICATE_CHAIN_FOUND
        (3) structure, names and policies hold                      RFC 5280 §6.1              CERTIFICATE_CHAIN_GENERAL_FAILURE
        (4) the key is for this usage                               RFC 5280 §4.2.1.3, .12     CHAIN_CONSTRAINTS_FAILURE
        (5) authorities are within their validity                   RFC 5280 §6.1.3 (a)(2)     CERTIFICATE_CHAIN_GENERAL_FAILURE
        (6) no authority was revoked, and that is known             RFC 5280 §6.3              REVOKED_CA_NO_POE, TRY_LATER
        (7) the certificate was not revoked                         RFC 5280 §6.3              REVOKED_NO_POE
        (8) the moment is within its validity                       RFC 5280 §4.1.2.5          NOT_YET_VALID, OUT_OF_BOUNDS_*
        (9) its revocation status is known and fresh                EN 319 102-1 §5.2.5        TRY_LATER
        (10) every algorithm of the path is good at the moment      ETSI TS 119 312            CRYPTO_CONSTRAINTS_FAILURE

        NOT_YET_VALID stands where the moment is before notBefore: what exists at the moment was made before the certificate was.
        """
        target = self.cache.certificate(certificate)
        if isinstance(target, FormatFailure):
            fault = Fault(checks.READABLE, SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE, str(target))
            return ChainVerdict(fault.sub_indication, fault.checks, (certificate,), (), frozenset(), at)
        search = self._search(certificate, usage, extra)
        best: tuple[Fault, ChainVerdict] | None = None
        for path in search.paths(target):
            fault_found, verdict = self._judge(path, at, usage, search.pool)
            if fault_found is None:
                return verdict
            if best is None or fault_found.progress > best[0].progress:
                best = fault_found, verdict
        return self._unchained(target, search, at) if best is None else best[1]

    def candidate_paths(self, certificate: bytes, *, usage: Usage = Usage.ANY, extra: Sequence[bytes] = ()) -> Iterator[tuple[bytes, ...]]:
        """Chains (DER, end entity first, anchor last) whose signatures hold, likeliest first; none of them judged otherwise."""
        target = self.cache.certificate(certificate)
        if not isinstance(target, FormatFailure):
            for path in self._search(certificate, usage, extra).paths(target):
                yield tuple(one.der for one in path.certificates)

    def revocation_of(self, chain: Sequence[bytes], at: datetime, *, usage: Usage = Usage.ANY) -> RevocationVerdict:
        """What the evidence says about the first certificate of a chain (end entity first, anchor last) at a moment.

        ``revoked_at`` is told also where the revocation took effect after the moment (standing GOOD). Raises :class:`FormatFailure` when
        the chain is none: use chains that :meth:`candidate_paths` or a verdict gave.
        """
        return self._revocation.settle(self._path_of(chain), int(at.timestamp()), self._pools[usage is Usage.TIMESTAMPING]).verdict

    # --- judging one path ------------------------------------------------------------------------------------------------------------

    def _judge(self, path: Path, at: datetime, usage: Usage, pool: Pool) -> tuple[Fault | None, ChainVerdict]:
        now = int(at.timestamp())
        walked = self._walk(path)
        settled: list[Settled] = []
        fault = walked.fault or usage_fault(path.certificates[0], usage) or self._authorities_fault(path, now, pool, settled)
        if fault is None:
            fault = self._holder_fault(path, now, usage, pool, settled) or self._algorithms_fault(path, now, settled)
        certificates = tuple(one.der for one in path.certificates)
        known = tuple(one.verdict for one in settled)
        if fault is None:
            return None, ChainVerdict(None, ORDER, certificates, known, walked.policies, at)
        return fault, ChainVerdict(fault.sub_indication, fault.checks, certificates, known, frozenset(), at)

    def _walk(self, path: Path) -> Walked:
        return self._walks.get(tuple(one.sha256 for one in path.certificates), lambda: walk(path.certificates, self.policy))

    def _authorities_fault(self, path: Path, now: int, pool: Pool, settled: list[Settled]) -> Fault | None:
        """Steps (5) and (6), from the anchor down; what was found is put into ``settled`` in chain order."""
        authorities = path.certificates[1:] if self.policy.anchor_constraints else path.certificates[1:-1]
        for authority in authorities:
            if not authority.not_before <= now <= authority.not_after:
                detail = f"{text(authority.subject)} is not valid at that moment"
                return Fault(checks.AUTHORITY_VALIDITY, SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE, detail)
        for position in range(len(path.certificates) - 2, 0, -1):
            chain = Path(path.certificates[position:], path.keys[position:])
            need = self.policy.authority_revocation
            if need is RevocationNeed.IGNORE:
                continue
            found = self._revocation.settle(chain, now, pool)
            settled.insert(0, found)
            fault = revocation_fault(chain.certificates[0], found.verdict, need)
            if fault is not None:
                return fault
        return None

    def _holder_fault(self, path: Path, now: int, usage: Usage, pool: Pool, settled: list[Settled]) -> Fault | None:
        """Steps (7) to (9); an anchor standing alone is trusted without being asked about."""
        holder = path.certificates[0]
        need = self.policy.revocation
        unasked = usage is Usage.OCSP and oids.OCSP_NO_CHECK in holder.present
        found = None
        unknown: Fault | None = None
        if len(path.certificates) > 1 and need is not RevocationNeed.IGNORE and not unasked:
            found = self._revocation.settle(path, now, pool)
            settled.insert(0, found)
            unknown = revocation_fault(holder, found.verdict, need, checks.FRESHNESS, SubIndication.REVOKED_NO_POE)
            if found.verdict.standing is Standing.REVOKED:
                return unknown
        if now < holder.not_before:
            detail = f"{text(holder.subject)} was issued for a time that begins after that moment ({moment(holder.not_before):%Y-%m-%d})"
            return Fault(checks.VALIDITY, SubIndication.NOT_YET_VALID, detail)
        if now > holder.not_after:
            good = found is not None and found.verdict.standing is Standing.GOOD
            outside = SubIndication.OUT_OF_BOUNDS_NOT_REVOKED if good else SubIndication.OUT_OF_BOUNDS_NO_POE
            detail = f"{text(holder.subject)} has expired at that moment ({moment(holder.not_after):%Y-%m-%d})"
            return Fault(checks.VALIDITY, outside, detail)
        return unknown

    def _algorithms_fault(self, path: Path, now: int, settled: Sequence[Settled]) -> Fault | None:
        """Step (10): signatures on certificates below the anchor and on the revocation data the verdict stands on."""
        refusal = algorithms_refusal(path, self.policy.algorithms, now)
        if refusal:
            return Fault(checks.ALGORITHMS, SubIndication.CRYPTO_CONSTRAINTS_FAILURE, refusal)
        for one in settled:
            if one.refusal:
                detail = f"the revocation data a verdict stands on: {one.refusal}"
                return Fault(checks.ALGORITHMS, SubIndication.CRYPTO_CONSTRAINTS_FAILURE, detail)
        return None

    def _unchained(self, target: Certificate, search: Search, at: datetime) -> ChainVerdict:
        sub_indication = SubIndication.NO_CERTIFICATE_CHAIN_FOUND
        step = checks.CHAIN
        if search.unknown_algorithm:
            sub_indication = SubIndication.CRYPTO_CONSTRAINTS_FAILURE
        fault = Fault(step, sub_indication, search.obstacle or f"no chain leads from {text(target.subject)} to an anchor")
        return ChainVerdict(fault.sub_indication, fault.checks, (target.der,), (), frozenset(), at)

    # --- evidence --------------------------------------------------------------------------------------------------------------------

    def _pool(self, anchors: Sequence[bytes]) -> Pool:
        return Pool(self._read(self.evidence.certificates), self._read(anchors))

    def _read(self, certificates: Sequence[bytes]) -> list[Certificate]:
        """Those that can be read; the others cannot be part of any chain."""
        return [one for one in map(self.cache.certificate, certificates) if not isinstance(one, FormatFailure)]

    def _search(self, target: bytes, usage: Usage, extra: Sequence[bytes]) -> Search:
        stamping = usage is Usage.TIMESTAMPING
        pool = self._pools[stamping]
        new = tuple(der for der in dict.fromkeys(extra[:MAX_EXTRA]) if der != target and not pool.holds(der))
        if new:
            pool = self._enlarged.get((stamping, new), lambda: pool.enlarged(self._read(new)))
        return Search(pool, self.cache, self.policy.max_depth)

    def _path_of(self, chain: Sequence[bytes]) -> Path:
        certificates = []
        for der in chain:
            one = self.cache.certificate(der)
            if isinstance(one, FormatFailure):
                raise FormatFailure(one.place, one.rule)
            certificates.append(one)
        pool = Pool(certificates, certificates[-1:])
        for path in Search(pool, self.cache, len(certificates)).paths(certificates[0]):
            if path.certificates == tuple(certificates):
                return path
        raise FormatFailure("chain", "each certificate must have been signed by the next")
