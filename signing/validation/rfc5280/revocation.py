"""What all artefacts at hand say about a certificate, and whether those who signed them may be believed (RFC 5280 §6.3.3 (f), RFC 6960)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from signing.errors import FormatFailure
from signing.evidence import Evidence
from signing.foreign_keys import ForeignKey
from signing.keys import Purpose
from signing.validation.policy import AlgorithmPolicy
from signing.validation.report import Check, SubIndication
from signing.validation.rfc5280 import checks
from signing.validation.rfc5280.build import MAX_CANDIDATES, Path, Pool, Search
from signing.validation.rfc5280.cache import ArtefactCache, Bounded
from signing.validation.rfc5280.checks import Fault
from signing.validation.rfc5280.crl import Lists, list_statements, may_sign_lists
from signing.validation.rfc5280.names import Prepared, prepared, same, text
from signing.validation.rfc5280.objects import Certificate, Crl
from signing.validation.rfc5280.ocsp import Responses, response_statements
from signing.validation.rfc5280.ocsp_response import OcspResponse, SingleResponse
from signing.validation.rfc5280.path import walk
from signing.validation.rfc5280.policies import ANY
from signing.validation.rfc5280.settings import ChainPolicy, RevocationNeed
from signing.validation.rfc5280.statements import Settled, settle
from signing.validation.verdicts import RevocationVerdict, Standing

_MAX_NESTING = 3
"""How deep issuers of lists may hang on lists of further issuers."""
_ABSENT = "the certificate of the list's issuer is not at hand"
_MAX_SIGNERS = 64
"""Issuers of lists whose own chains are looked for on behalf of one certificate."""


@dataclass(slots=True)
class _Visit:
    """One question and the questions it led to: the moment, the certificates at hand, who is being judged, and what was spent."""

    now: int
    pool: Pool
    judging: frozenset[bytes] = frozenset()
    signers: list[int] | None = None

    def into(self, signer: bytes, now: int) -> _Visit:
        """The visit of a signer's own chain; what it spends is spent for all."""
        return _Visit(now, self.pool, self.judging | {signer}, self.spent)

    @property
    def spent(self) -> list[int]:
        """A counter shared by the whole visit."""
        if self.signers is None:
            self.signers = [0]
        return self.signers


class RevocationJudge:
    """Answers what is known of certificates' revocation from one closed set of evidence under one policy."""

    def __init__(self, evidence: Evidence, policy: ChainPolicy, cache: ArtefactCache) -> None:
        self._policy = policy
        self._plain = replace(policy, initial_policies=ANY, explicit_policy=False, inhibit_mapping=False, inhibit_any_policy=False)
        self._cache = cache
        self._settled: Bounded[tuple[Pool, int, tuple[bytes, ...]], Settled] = Bounded(8192)
        self._crls = self._lists_by_issuer(evidence.crls)
        self._answers = self._answers_by_serial(evidence.ocsps)

    def settle(self, chain: Path, now: int, pool: Pool) -> Settled:
        """What all artefacts amount to for the first certificate of a chain at an epoch second."""
        key = (pool, now, tuple(one.sha256 for one in chain.certificates))
        return self._settled.get(key, lambda: self._settle(chain, _Visit(now, pool)))

    def _settle(self, chain: Path, visit: _Visit) -> Settled:
        certificate = chain.certificates[0]

        def foreign_issuer(crl: Crl) -> ForeignKey | str:
            return self._foreign_issuer(crl, chain, visit)

        def responder_status(responder: Path) -> str:
            return self._responder_status(responder, visit)

        lists = Lists(self._cache, self._policy, visit.now, foreign_issuer)
        statements, rejected = list_statements(lists, chain, self._crls_for(certificate))
        responses = Responses(self._cache, visit.pool, self._policy, visit.now, responder_status)
        more, refused = response_statements(responses, chain, self._answers.get(certificate.serial, ()))
        return settle(certificate, (*statements, *more), (*rejected, *refused), visit.now, self._policy)

    # --- signers of lists and responses ----------------------------------------------------------------------------------------------

    def _foreign_issuer(self, crl: Crl, chain: Path, visit: _Visit) -> ForeignKey | str:
        """The key of a list's issuer that is not the certificate's own: by name, signature, and a chain of its own to the same anchor.

        A name alone is nobody: another authority under the same anchor could certify it for a key of its own, and then speak for the
        certificate's issuer (RFC 5280 §8). So an authority of the certificate's own chain must have certified the list's issuer.
        The chain is judged at the moment, or when the list was made where that is later (RFC 5280 §6.3.3 (f)). Of its own signer a list
        may speak (PKITS 4.14.30: the signer's distribution point names the signer): that it is not listed is all that can be known then.
        """
        reason, certificate, anchor = _ABSENT, chain.certificates[0], chain.certificates[-1]
        for candidate in _likely_signers(crl, visit.pool):
            key = self._cache.key(candidate)
            if key is None or not self._cache.holds(crl, key, Purpose.CRL):
                reason = "the list's signature does not hold under any key of its issuer" if reason is _ABSENT else reason
            elif not may_sign_lists(candidate):
                reason = "the list's issuer may not sign revocation lists (RFC 5280 §4.2.1.3)"
            elif candidate.sha256 == certificate.sha256:
                return key
            elif candidate.sha256 in visit.judging or len(visit.judging) >= _MAX_NESTING or visit.spent[0] >= _MAX_SIGNERS:
                reason = "the list's issuer could only be shown good by its own list, or not within the work allowed"
            elif not self._signer_holds(candidate, anchor, visit.into(candidate.sha256, max(visit.now, crl.this_update))):
                reason = "the list's issuer has no chain of its own that holds and ends at the same anchor (RFC 5280 §6.3.3 (f))"
            elif self._vouched(candidate, chain):
                return key
            else:
                reason = "the list's issuer was certified by no authority of the certificate's own chain (RFC 5280 §8)"
        return reason

    def _vouched(self, signer: Certificate, chain: Path) -> bool:
        """Whether an authority of a chain certified a signer of lists, or is it."""
        authorities = list(zip(chain.certificates, chain.keys, strict=True))[1:] or [(chain.certificates[0], chain.keys[0])]
        return any(
            signer.sha256 == one.sha256 or (same(signer.issuer, one.subject) and self._cache.holds(signer, key, Purpose.CERTIFICATE))
            for one, key in authorities
        )

    def _signer_holds(self, signer: Certificate, anchor: Certificate, visit: _Visit) -> bool:
        """Whether a signer of lists has a good chain to that anchor; policies are for whoever uses certificates, not for lists."""
        visit.spent[0] += 1
        paths = Search(visit.pool, self._cache, self._policy.max_depth).paths(signer)
        return any(path.certificates[-1].der == anchor.der and self._chain_good(path, visit) for path in paths)

    def _chain_good(self, path: Path, visit: _Visit) -> bool:
        """Whether a signer's chain holds, every certificate valid and not revoked, as authorities must be."""
        bound = path.certificates if self._policy.anchor_constraints else path.certificates[:-1]
        if not all(one.not_before <= visit.now <= one.not_after for one in bound):
            return False
        if walk(path.certificates, self._plain).fault or algorithms_refusal(path, self._policy.algorithms, visit.now):
            return False
        need = self._policy.authority_revocation
        if need is RevocationNeed.IGNORE:
            return True
        for position in range(len(path.certificates) - 2, -1, -1):
            chain = Path(path.certificates[position:], path.keys[position:])
            if revocation_fault(chain.certificates[0], self._settle(chain, visit).verdict, need) is not None:
                return False
        return True

    def _responder_status(self, responder: Path, visit: _Visit) -> str:
        delegate = responder.certificates[0]
        need = self._policy.responder_revocation
        if need is RevocationNeed.IGNORE:
            return ""
        if delegate.sha256 in visit.judging or len(visit.judging) >= _MAX_NESTING:
            return "the responder could only be shown good by itself"
        found = self._settle(responder, visit.into(delegate.sha256, visit.now)).verdict
        fault = revocation_fault(delegate, found, need)
        return "" if fault is None else f"the responder's own status: {fault.detail}"

    # --- evidence --------------------------------------------------------------------------------------------------------------------

    def _crls_for(self, certificate: Certificate) -> Sequence[Crl]:
        """Lists under the name of the certificate's issuer or of one its distribution points name, newest first."""
        names = [certificate.issuer, *(issuer for point in certificate.distribution_points for issuer in point.issuers)]
        if len(names) == 1:
            return self._crls.get(prepared(certificate.issuer), ())
        found = {crl.sha256: crl for name in names for crl in self._crls.get(prepared(name), ())}
        return sorted(found.values(), key=_newest_first)

    def _lists_by_issuer(self, crls: Sequence[bytes]) -> dict[Prepared, list[Crl]]:
        found: dict[Prepared, list[Crl]] = {}
        for der in crls:
            crl = self._cache.crl(der)
            if not isinstance(crl, FormatFailure):
                found.setdefault(prepared(crl.issuer), []).append(crl)
        for lists in found.values():
            lists.sort(key=_newest_first)
        return found

    def _answers_by_serial(self, ocsps: Sequence[bytes]) -> dict[int, list[tuple[OcspResponse, SingleResponse]]]:
        found: dict[int, list[tuple[OcspResponse, SingleResponse]]] = {}
        for der in ocsps:
            response = self._cache.ocsp(der)
            if not isinstance(response, FormatFailure):
                for single in response.responses:
                    found.setdefault(single.serial, []).append((response, single))
        return found


def revocation_fault(
    certificate: Certificate,
    found: RevocationVerdict,
    need: RevocationNeed,
    step: Check = checks.AUTHORITY_REVOCATION,
    revoked: SubIndication = SubIndication.REVOKED_CA_NO_POE,
) -> Fault | None:
    """What a certificate's standing costs: ``revoked``, TRY_LATER where it is on hold, stale or (as needed) unknown, else nothing."""
    if found.standing is Standing.GOOD and found.fresh:
        return None
    name = text(certificate.subject)
    if found.standing is Standing.REVOKED:
        return Fault(checks.REVOCATION if step is checks.FRESHNESS else step, revoked, f"{name}: {found.detail}")
    if found.standing is Standing.UNKNOWN and need is RevocationNeed.IF_AVAILABLE and not found.rejected:
        return None
    return Fault(step, SubIndication.TRY_LATER, f"{name}: {found.detail}")


def algorithms_refusal(path: Path, algorithms: AlgorithmPolicy, now: int) -> str:
    """Why the algorithm policy does not accept the signature on some certificate below the anchor; empty when it does."""
    for certificate, key in zip(path.certificates[:-1], path.keys[1:], strict=True):
        algorithm = key.algorithm(certificate.signed.algorithm)
        refusal = "unknown algorithm" if algorithm is None else algorithms.refusal(algorithm.name, key.public, now)
        if refusal:
            return f"{text(certificate.subject)}: {refusal}"
    return ""


def _newest_first(crl: Crl) -> tuple[int, bytes]:
    """Order of lists: by thisUpdate, and always the same among equals."""
    return -crl.this_update, crl.sha256


def _likely_signers(crl: Crl, pool: Pool) -> Sequence[Certificate]:
    """Certificates under the name of a list's issuer, those with its key identifier first; not more than is bearable."""
    return sorted(pool.named(crl.issuer), key=lambda one: (one.subject_key != crl.authority_key, one.sha256))[:MAX_CANDIDATES]
