"""What the authorities know about the certificates they issued: each serial number's holder, since when, and when it was not good.

Revocation lists and OCSP answers are both derived from this, so they cannot contradict each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from signing.errors import InvalidHolder
from signing.pki.authorities import Authority
from signing.pki.crl import Revocation
from signing.pki.profiles import RevocationReason

Key = tuple[Authority, int]


class Register:
    """Certificates by (authority, serial number), and the intervals in which each is revoked or on hold, in the order of time."""

    __slots__ = ("_entries", "_issued")

    def __init__(self) -> None:
        self._issued: dict[Key, tuple[str, datetime]] = {}
        self._entries: dict[Authority, dict[int, tuple[Revocation, ...]]] = {authority: {} for authority in Authority}

    def enter(self, key: Key, subject: str, since: datetime) -> None:
        """Note a certificate that exists from ``since`` on; raises :class:`InvalidHolder` where its serial number is another's."""
        if self._issued.setdefault(key, (subject, since))[0] != subject:
            raise InvalidHolder(subject, "its derived serial number is taken by another holder; change the seed")

    def knows(self, key: Key, at: datetime) -> bool:
        """Whether the certificate exists at a moment."""
        issued = self._issued.get(key)
        return issued is not None and issued[1] <= at

    def revoke(self, key: Key, at: datetime, reason: RevocationReason, invalid_since: datetime | None) -> None:
        """Revoke for good from ``at`` on; a hold that lasts until then ends in it."""
        if reason is RevocationReason.CERTIFICATE_HOLD:
            raise InvalidHolder(self._issued[key][0], "a hold is not a revocation; it is entered and released as what it is")
        before = self._before(key, at)
        if before and before[-1].until is None:
            before = (*before[:-1], replace(before[-1], until=at))
        self._entries[key[0]][key[1]] = (*before, Revocation(at, key[1], reason, invalid_since=invalid_since))

    def hold(self, key: Key, at: datetime) -> None:
        """Suspend from ``at`` until :meth:`release`."""
        before = self._before(key, at)
        if before and before[-1].until is None:
            raise InvalidHolder(self._issued[key][0], "is already on hold")
        self._entries[key[0]][key[1]] = (*before, Revocation(at, key[1], RevocationReason.CERTIFICATE_HOLD))

    def release(self, key: Key, at: datetime) -> None:
        """End a hold: from ``at`` on the certificate is good again, and stands in no list."""
        before = self._before(key, at)
        if not before or before[-1].until is not None:
            raise InvalidHolder(self._issued[key][0], "is not on hold")
        self._entries[key[0]][key[1]] = (*before[:-1], replace(before[-1], until=at))

    def entry(self, key: Key, at: datetime) -> Revocation | None:
        """The interval a moment lies in, if it lies in one."""
        return next((entry for entry in self._entries[key[0]].get(key[1], ()) if entry.holds_at(at)), None)

    def entries(self, authority: Authority) -> Iterator[Revocation]:
        """All intervals of an authority's certificates."""
        for entries in self._entries[authority].values():
            yield from entries

    def _before(self, key: Key, at: datetime) -> tuple[Revocation, ...]:
        """What was entered so far, after checking that ``at`` may follow it."""
        subject, since = self._issued[key]
        entries = self._entries[key[0]].get(key[1], ())
        if entries and entries[-1].until is None and entries[-1].reason is not RevocationReason.CERTIFICATE_HOLD:
            raise InvalidHolder(subject, "is already revoked")
        if at < since:
            raise InvalidHolder(subject, "cannot be revoked before it is valid")
        last = entries[-1] if entries else None
        if last is not None and at < (last.until or last.at):
            raise InvalidHolder(subject, "revocations and holds must be entered in the order of time")
        return entries
