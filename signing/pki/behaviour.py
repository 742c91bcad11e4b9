"""How a trust service behaves: honestly and at once, unless a scenario says otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from signing.errors import InvalidBehaviour


class Service(StrEnum):
    """The services of a PKI."""

    TSA = "tsa"
    OCSP = "ocsp"
    CRL = "crl"
    CA = "ca"


class Wrong(StrEnum):
    """What is wrong with an answer that otherwise looks right."""

    UNAVAILABLE = "unavailable"
    """It says that it cannot answer now: timeNotAvailable, tryLater, HTTP 503."""
    IMPRINT = "imprint"
    """A token over another digest."""
    NONCE = "nonce"
    """Another nonce than the one sent: an answer to somebody else's question."""
    STALE = "stale"
    """What was true ``stale_by`` ago, given as today's."""
    REVOKED_CERTIFICATE = "revoked-certificate"
    """A token by a unit that is revoked."""
    SIGNATURE = "signature"
    """One bit of the signature is turned."""


_POSSIBLE = {
    Service.TSA: frozenset(Wrong),
    Service.OCSP: frozenset({Wrong.UNAVAILABLE, Wrong.NONCE, Wrong.STALE, Wrong.SIGNATURE}),
    Service.CRL: frozenset({Wrong.UNAVAILABLE, Wrong.STALE, Wrong.SIGNATURE}),
    Service.CA: frozenset({Wrong.UNAVAILABLE, Wrong.SIGNATURE}),
}


@dataclass(frozen=True, slots=True)
class Behaviour:
    """A service's behaviour: ``delay_seconds`` before it answers (of whoever calls), no answer at all, an answer that is wrong.

    ``clock_error`` is how far a time-stamping unit's or responder's clock is ahead (+7 h: local time taken for UTC).
    """

    delay_seconds: float = 0.0
    silent: bool = False
    wrong: Wrong | None = None
    clock_error: timedelta = timedelta(0)
    stale_by: timedelta = timedelta(days=30)

    def __str__(self) -> str:
        said = ["silent"] if self.silent else []
        said += [f"answers after {self.delay_seconds:g} s"] if self.delay_seconds else []
        said += [f"wrong: {self.wrong}"] if self.wrong else []
        said += [f"its clock is {self.clock_error.total_seconds():g} s ahead"] if self.clock_error else []
        return ", ".join(said) or "honest"

    def check(self, service: Service) -> None:
        """Raise :class:`InvalidBehaviour` for what that service cannot do."""
        if self.wrong is not None and self.wrong not in _POSSIBLE[service]:
            raise InvalidBehaviour(service, f"cannot be wrong in this way: {self.wrong}")
        if self.clock_error and service not in (Service.TSA, Service.OCSP):
            raise InvalidBehaviour(service, "gives out what was signed elsewhere; its own clock stands in nothing")
        if not 0 <= self.delay_seconds <= 86400 or self.stale_by <= timedelta(0):
            raise InvalidBehaviour(service, "a delay is between nothing and a day, and what is stale is older than now")

    def knows(self, at: datetime) -> datetime:
        """The moment whose facts the service answers from."""
        return at - self.stale_by if self.wrong is Wrong.STALE else at

    def says(self, at: datetime) -> datetime:
        """The moment the service writes into its answer."""
        return self.knows(at) + self.clock_error


HONEST = Behaviour()


def spoil(signed: bytes) -> bytes:
    """The same bytes with the last bit turned: of a signature, or of an object that ends in one."""
    return signed[:-1] + bytes((signed[-1] ^ 1,))
