"""Judges that suppose something: that a certificate was not revoked, or that a key was compromised. For counterfactual validation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from signing.evidence import Evidence
from signing.validation.ades.judge import ChainJudge, Path, Role
from signing.validation.ades.time_sliding import without
from signing.validation.rfc5280.objects import read_certificate
from signing.validation.verdicts import RevocationVerdict, Standing

_SUPPOSED = "supposed"
_MAX_TRIES = 16


@dataclass(frozen=True, slots=True)
class Delegating:
    """A judge that answers as another does."""

    judge: ChainJudge

    def paths(self, certificate: bytes, evidence: Evidence, role: Role) -> Sequence[Path]:
        """As the other."""
        return self.judge.paths(certificate, evidence, role)

    def path_fault(self, path: Path) -> str:
        """As the other."""
        return self.judge.path_fault(path)

    def usage_fault(self, certificate: bytes, role: Role) -> str:
        """As the other."""
        return self.judge.usage_fault(certificate, role)

    def protection(self, path: Path, depth: int, verdict: RevocationVerdict, evidence: Evidence) -> Sequence[tuple[str, bytes]]:
        """As the other; what is only supposed has no algorithm."""
        return self.judge.protection(path, depth, verdict, evidence)

    def issuances(self, evidence: Evidence) -> Sequence[tuple[datetime, datetime | None, str]]:
        """As the other."""
        return self.judge.issuances(evidence)


@dataclass(frozen=True, slots=True)
class WithStatus(Delegating):
    """Supposes a list of ``issued_at``, good for one second, in which a certificate is not listed."""

    certificate_sha256: bytes
    issued_at: datetime

    def revocation(self, path: Path, depth: int, evidence: Evidence, at: datetime) -> RevocationVerdict:
        """The supposed list where it is newer than what the other judge has; a revocation known stays known."""
        known = self.judge.revocation(path, depth, evidence, at)
        if sha256(path[depth]).digest() != self.certificate_sha256 or self.issued_at > at or known.standing is Standing.REVOKED:
            return known
        if known.standing is Standing.GOOD and known.issued_at is not None and known.issued_at > self.issued_at:
            return known
        return RevocationVerdict(
            self.certificate_sha256,
            Standing.GOOD,
            True,
            _SUPPOSED,
            None,
            self.issued_at,
            self.issued_at,
            None,
            "",
            "supposed for the question",
        )


@dataclass(frozen=True, slots=True)
class Compromised(Delegating):
    """Supposes a key compromised since an instant: its certificates are revoked then, and what it signed since says nothing."""

    spki: bytes
    since: datetime

    def revocation(self, path: Path, depth: int, evidence: Evidence, at: datetime) -> RevocationVerdict:
        """The other's verdict, over evidence without what the key has signed since."""
        verdict = self.judge.revocation(path, depth, evidence, at)
        for _ in range(_MAX_TRIES):
            if verdict.artefact_sha256 is None or not self._tainted(path, depth, verdict, evidence):
                break
            evidence = without(evidence, verdict.artefact_sha256)
            verdict = self.judge.revocation(path, depth, evidence, at)
        if at < self.since or read_certificate(path[depth]).spki != self.spki:
            return verdict
        if verdict.standing is Standing.REVOKED and verdict.revoked_at is not None and verdict.revoked_at <= self.since:
            return verdict
        return replace(
            verdict,
            standing=Standing.REVOKED,
            revoked_at=self.since,
            issued_at=self.since,
            until=at,
            reason="key-compromise",
            source=_SUPPOSED,
        )

    def _tainted(self, path: Path, depth: int, verdict: RevocationVerdict, evidence: Evidence) -> bool:
        if verdict.issued_at is None or verdict.issued_at < self.since:
            return False
        return any(key == self.spki for _, key in self.judge.protection(path, depth, verdict, evidence)[1:])
