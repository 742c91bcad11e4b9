"""The house's own path validation (:mod:`signing.validation.rfc5280`) as the judge of chains."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from itertools import islice

from signing.errors import FormatFailure
from signing.evidence import Evidence
from signing.foreign_keys import ForeignKey
from signing.keys import Purpose
from signing.validation.ades.judge import Path, Role
from signing.validation.ades.policy import ValidationPolicy
from signing.validation.rfc5280.cache import ArtefactCache, Bounded
from signing.validation.rfc5280.engine import ChainEngine
from signing.validation.rfc5280.names import same, text
from signing.validation.rfc5280.objects import Certificate, Crl
from signing.validation.rfc5280.ocsp_response import OcspResponse
from signing.validation.rfc5280.path import walk
from signing.validation.rfc5280.policies import ANY
from signing.validation.rfc5280.settings import ChainPolicy, Usage
from signing.validation.rfc5280.statements import moment
from signing.validation.rfc5280.usage import usage_fault
from signing.validation.verdicts import RevocationVerdict

_USAGES = {Role.SIGNER: Usage.SIGNING, Role.TIMESTAMPING: Usage.TIMESTAMPING}
_KEPT = 4096
_ANY_POLICY = "2.5.29.32.0"


class Rfc5280Judge:
    """Judges chains under one policy; what was read and verified is kept in ``cache``, which judges of other policies may share."""

    def __init__(self, policy: ValidationPolicy, *, cache: ArtefactCache | None = None) -> None:
        rules = policy.chain
        accepted = rules.acceptable_policies
        self._policy = ChainPolicy(
            algorithms=policy.algorithms,
            initial_policies=ANY if _ANY_POLICY in accepted else accepted,
            explicit_policy=rules.require_explicit_policy,
            inhibit_mapping=rules.inhibit_policy_mapping,
            inhibit_any_policy=rules.inhibit_any_policy,
            max_depth=rules.max_length,
            max_age=policy.max_age,
        )
        self._candidates = rules.max_candidates
        self._cache = ArtefactCache() if cache is None else cache
        self._engines: Bounded[Evidence, ChainEngine] = Bounded(16)
        self._paths: Bounded[tuple[Evidence, bytes, Role], tuple[Path, ...]] = Bounded(_KEPT)
        self._faults: Bounded[Path, str] = Bounded(_KEPT)
        self._statuses: Bounded[tuple[Evidence, Path, datetime], RevocationVerdict] = Bounded(_KEPT)
        self._protections: Bounded[tuple[Evidence, Path, bytes | None], tuple[tuple[str, bytes], ...]] = Bounded(_KEPT)

    def paths(self, certificate: bytes, evidence: Evidence, role: Role) -> Sequence[Path]:
        """See :class:`signing.validation.ades.judge.ChainJudge`."""

        def search() -> tuple[Path, ...]:
            return tuple(islice(self._engine(evidence).candidate_paths(certificate, usage=_USAGES[role]), self._candidates))

        return self._paths.get((evidence, certificate, role), search)

    def path_fault(self, path: Path) -> str:
        """See :class:`signing.validation.ades.judge.ChainJudge`."""

        def walked() -> str:
            fault = walk(self._certificates(path), self._policy).fault
            return "" if fault is None else fault.detail

        return self._faults.get(path, walked)

    def usage_fault(self, certificate: bytes, role: Role) -> str:
        """See :class:`signing.validation.ades.judge.ChainJudge`."""
        fault = usage_fault(self._certificates((certificate,))[0], _USAGES[role])
        return "" if fault is None else fault.detail

    def revocation(self, path: Path, depth: int, evidence: Evidence, at: datetime) -> RevocationVerdict:
        """See :class:`signing.validation.ades.judge.ChainJudge`."""
        stamping = path[-1] in evidence.timestamp_anchors and path[-1] not in evidence.anchors
        usage = Usage.TIMESTAMPING if stamping else Usage.ANY
        chain = path[depth:]
        return self._statuses.get((evidence, chain, at), lambda: self._engine(evidence).revocation_of(chain, at, usage=usage))

    def protection(self, path: Path, depth: int, verdict: RevocationVerdict, evidence: Evidence) -> Sequence[tuple[str, bytes]]:
        """See :class:`signing.validation.ades.judge.ChainJudge`."""
        chain = path[depth : depth + 2]
        return self._protections.get((evidence, chain, verdict.artefact_sha256), lambda: self._protection(chain, verdict, evidence))

    def _protection(self, chain: Path, verdict: RevocationVerdict, evidence: Evidence) -> tuple[tuple[str, bytes], ...]:
        certificate, issuer = self._certificates(chain)
        own = self._material(certificate.signed.algorithm, issuer, self._cache.key(issuer))
        artefact = self._artefact(verdict.artefact_sha256, evidence)
        signer = None if artefact is None else self._signer(artefact, issuer, evidence)
        if artefact is None or signer is None:
            return (own,)
        return own, self._material(artefact.signed.algorithm, signer, self._cache.key(signer))

    def issuances(self, evidence: Evidence) -> Sequence[tuple[datetime, datetime | None, str]]:
        """See :class:`signing.validation.ades.judge.ChainJudge`."""
        return tuple(self._issuances(evidence))

    def _issuances(self, evidence: Evidence) -> Iterator[tuple[datetime, datetime | None, str]]:
        for crl in map(self._cache.crl, evidence.crls):
            if not isinstance(crl, FormatFailure):
                yield (
                    moment(crl.this_update),
                    None if crl.next_update is None else moment(crl.next_update),
                    f"the CRL of {text(crl.issuer)}",
                )
        for response in map(self._cache.ocsp, evidence.ocsps):
            for single in () if isinstance(response, FormatFailure) else response.responses:
                until = None if single.next_update is None else moment(single.next_update)
                yield moment(single.this_update), until, f"the OCSP answer for certificate number {single.serial}"

    def _engine(self, evidence: Evidence) -> ChainEngine:
        return self._engines.get(evidence, lambda: ChainEngine(evidence, self._policy, cache=self._cache))

    def _certificates(self, path: Sequence[bytes]) -> tuple[Certificate, ...]:
        found = []
        for der in path:
            one = self._cache.certificate(der)
            if isinstance(one, FormatFailure):
                raise one
            found.append(one)
        return tuple(found)

    @staticmethod
    def _material(encoded: bytes, signer: Certificate, key: ForeignKey | None) -> tuple[str, bytes]:
        algorithm = None if key is None else key.algorithm(encoded)
        return (f"unknown:{encoded.hex()}" if algorithm is None else algorithm.name), signer.spki

    def _artefact(self, digest: bytes | None, evidence: Evidence) -> Crl | OcspResponse | None:
        if digest is None:
            return None
        crl = next((one for one in evidence.crls if sha256(one).digest() == digest), None)
        response = next((one for one in evidence.ocsps if sha256(one).digest() == digest), None) if crl is None else None
        found = self._cache.crl(crl) if crl is not None else None if response is None else self._cache.ocsp(response)
        return None if isinstance(found, FormatFailure) else found

    def _signer(self, artefact: Crl | OcspResponse, issuer: Certificate, evidence: Evidence) -> Certificate | None:
        """Whose key signed a list or response: the issuer's, one that came with the response, or one at hand of the signer's name."""
        carried = artefact.certificates if isinstance(artefact, OcspResponse) else ()
        purpose = Purpose.OCSP if isinstance(artefact, OcspResponse) else Purpose.CRL
        name = artefact.responder_name if isinstance(artefact, OcspResponse) else artefact.issuer
        at_hand = (one for one in map(self._cache.certificate, evidence.certificates) if not isinstance(one, FormatFailure))
        candidates = (
            issuer,
            *(one for one in map(self._cache.certificate, carried) if not isinstance(one, FormatFailure)),
            *(one for one in at_hand if name is not None and same(one.subject, name)),
        )
        for candidate in candidates:
            key = self._cache.key(candidate)
            if key is not None and self._cache.holds(artefact, key, purpose):
                return candidate
        return None
