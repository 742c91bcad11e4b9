"""Who may call: organisations enrolled with a secret, kept as a salted digest and compared in constant time."""

from __future__ import annotations

import hmac
from hashlib import sha256
from secrets import token_bytes

from sqlalchemy import bindparam, delete, insert, select

from exchange.api import Caller
from exchange.domain.identifiers import OrganId
from exchange.domain.organization import Directory
from exchange.errors import Unauthenticated
from exchange.store.tables import member
from exchange.store.work import Store, again

_REMOVE = delete(member).where(member.c.organ == bindparam("b_organ"))
_ENROL = insert(member)
_SECRET = select(member.c.salt, member.c.digest).where(member.c.organ == bindparam("organ"))
_NOBODY = (b"\0" * 16, b"\0" * 32)


class Members:
    """The enrolled organisations. Every call is held against the database: a secret that was replaced is worth nothing from then on,
    whichever process replaced it, and guesses leave nothing in memory.
    """

    def __init__(self, store: Store, directory: Directory) -> None:
        self._store, self._directory = store, directory
        self._aliases: dict[OrganId, frozenset[OrganId]] = {}

    def enrol(self, organ: OrganId, secret: str) -> None:
        """Register or replace an organisation's secret. Secrets are long and random: they are given by machines to machines."""
        self.enrol_all({organ: secret})

    def enrol_all(self, secrets: dict[OrganId, str]) -> None:
        """Register many organisations in one transaction, replacing those that were registered before."""
        rows = []
        for organ, secret in secrets.items():
            salt = token_bytes(16)
            rows.append({"organ": str(self.canonical(organ)), "salt": salt, "digest": _digest(salt, secret)})
        rows.sort(key=lambda row: str(row["organ"]))

        def written() -> None:
            with self._store.writing() as work:
                work.many(_REMOVE, [{"b_organ": row["organ"]} for row in rows])
                work.many(_ENROL, rows)

        again(written)

    def authenticate(self, caller: Caller) -> OrganId:
        """The caller's own code. Raises :class:`Unauthenticated`."""
        organ = self.canonical(caller.organ)
        if not _fits(self._read(organ), caller.secret):
            raise Unauthenticated(str(caller.organ))
        return organ

    def canonical(self, organ: OrganId) -> OrganId:
        """An alias's organisation; a code the directory does not know stands for itself."""
        found = self._directory.lookup(organ)
        return organ if found is None else found.id

    def codes(self, organ: OrganId) -> frozenset[OrganId]:
        """Every code under which an organisation may write."""
        found = self._aliases.get(organ)
        if found is None:
            entry = self._directory.lookup(organ)
            found = frozenset({organ}) if entry is None else frozenset({entry.id, *entry.aliases})
            self._aliases[organ] = found
        return found

    def _read(self, organ: OrganId) -> tuple[bytes, bytes]:
        with self._store.asking() as work:
            row = work.first(_SECRET, {"organ": str(organ)})
        return _NOBODY if row is None else (bytes(row.salt), bytes(row.digest))


def _digest(salt: bytes, secret: str) -> bytes:
    return hmac.digest(salt, secret.encode("utf-8", "surrogatepass"), sha256().name)


def _fits(kept: tuple[bytes, bytes], secret: str) -> bool:
    salt, digest = kept
    return hmac.compare_digest(_digest(salt, secret), digest)
