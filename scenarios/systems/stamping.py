"""The time-stamping service as a world has it: honest and within its usual seconds, or silent, slow or wrong when the world says so.

Its tokens are real (RFC 3161), made at the business instant of the answer; every one it signs is counted by whoever asked. The usual wait
is drawn by document and attempt between the assumed least and most, evenly on a scale of factors: half of all answers come within the
geometric mean of the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from scenarios.kernel import Kernel
from scenarios.streams import share
from scenarios.trace import AXIS, CertificatesIssued
from signing import Behaviour, Pki, Wrong, make_time_stamp_request


@dataclass(frozen=True, slots=True)
class Asked:
    """One request on its way: its DER, and after how many seconds it is answered (``None``: never)."""

    request: bytes
    seconds: int | None


class TimeStamping:
    """The service of one run."""

    def __init__(self, kernel: Kernel, pki: Pki) -> None:
        self._kernel, self._pki, self._plan = kernel, pki, kernel.world.time_stamping
        self._units: set[bytes] = set()

    def ask(self, digest: bytes, key: str, attempt: int) -> Asked:
        """Send a request for a time-stamp on a SHA-256 digest now; ``key`` and ``attempt`` are what its wait is drawn by."""
        seed = self._kernel.seed
        nonce = int.from_bytes(sha256(f"{seed}|{key}|{attempt}|nonce".encode()).digest()[:8]) >> 1 | 1
        return Asked(make_time_stamp_request(digest, nonce=nonce), self._seconds(key, attempt))

    def answer(self, request: bytes) -> bytes:
        """DER of the TimeStampResp given at this instant."""
        moment = self._kernel.moment
        behaviour = self._plan.behaviour(moment)
        if behaviour.wrong is not Wrong.UNAVAILABLE:
            self._certify(behaviour, moment)
        return self._pki.timestamp(request, moment, behaviour)

    def _seconds(self, key: str, attempt: int) -> int | None:
        """Within an outage, or by the assumed share of lost requests, there is no answer."""
        habits, seed, moment = self._kernel.habits, self._kernel.seed, self._kernel.moment
        behaviour = self._plan.behaviour(moment)
        if behaviour.silent:
            return None
        if share(seed, key, str(attempt), "lost") < habits["time_stamp_lost_share"]:
            return None
        if behaviour.delay_seconds:
            return int(behaviour.delay_seconds)
        least, most = habits["time_stamp_seconds_min"], habits["time_stamp_seconds_max"]
        return round(least * float((most / least) ** share(seed, key, str(attempt), "stamping")))

    def _certify(self, behaviour: Behaviour, moment: datetime) -> None:
        """A unit is certified when it first works; that is a raw signature of the root's, so it is written down."""
        unit = self._pki.time_stamping(behaviour.knows(moment), revoked=behaviour.wrong is Wrong.REVOKED_CERTIFICATE)
        if unit.certificate_der not in self._units:
            self._units.add(unit.certificate_der)
            self._kernel.record(CertificatesIssued(self._kernel.now, AXIS, 1))
