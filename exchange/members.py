"""Who may call: organisations enrolled with a secret, kept as a salted digest and compared in constant time."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from hashlib import sha256
from secrets import token_bytes

from sqlalchemy import bindparam, delete, insert, select

from exchange.api import Caller
from exchange.domain.identifiers import OrganId
from exchange.domain.organization import Directory
from exchange.errors import LockedOut, Unauthenticated
from exchange.store.tables import lockout, member
from exchange.store.work import Store, Work, again

_REMOVE = delete(member).where(member.c.organ == bindparam("b_organ"))
_ENROL = insert(member)
_SECRET = (
    select(member.c.salt, member.c.digest, lockout.c.reason.label("locked"))
    .outerjoin(lockout, lockout.c.organ == member.c.organ)
    .where(member.c.organ == bindparam("organ"))
)
_NOBODY = (b"\0" * 16, b"\0" * 32, None)


class Members:
    """The enrolled organisations. Every call is held against the database: a secret that was replaced is worth nothing from then on,
    whichever process replaced it, an organisation locked out is answered nothing, and guesses leave nothing in memory.
    """

    def __init__(self, store: Store, directory: Directory) -> None:
        self._store, self._directory = store, directory
        self._aliases: dict[OrganId, frozenset[OrganId]] = {}

    def enrol(self, organ: OrganId, secret: str) -> None:
        """Register or replace an organisation's secret. Secrets are long and random: they are given by machines to machines."""
        self.enrol_all({organ: secret})

    def enrol_all(self, secrets: dict[OrganId, str]) -> None:
        """Register many organisations in one transaction, replacing those that were registered before."""
        kept = {str(self.canonical(organ)): secret for organ, secret in secrets.items()}

        def written() -> None:
            with self._store.writing() as work:
                keep_secrets(work, kept)

        again(written)

    def authenticate(self, caller: Caller) -> OrganId:
        """The caller's own code. Raises :class:`Unauthenticated`, and :class:`LockedOut` only for whoever knows the secret."""
        organ = self.canonical(caller.organ)
        salt, digest, locked = self._read(organ)
        if not hmac.compare_digest(_digest(salt, caller.secret), digest):
            raise Unauthenticated(str(caller.organ))
        if locked is not None:
            raise LockedOut(str(organ), locked)
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

    def _read(self, organ: OrganId) -> tuple[bytes, bytes, str | None]:
        """Salt and digest of the secret, and why the organisation is locked out (``None``: it is not)."""
        with self._store.asking() as work:
            row = work.first(_SECRET, {"organ": str(organ)})
        return _NOBODY if row is None else (bytes(row.salt), bytes(row.digest), row.locked)


def keep_secrets(work: Work, secrets: Mapping[str, str]) -> None:
    """Write down secrets by the organisations' own codes, in place of those they had. A lock stays."""
    rows = []
    for organ, secret in sorted(secrets.items()):
        salt = token_bytes(16)
        rows.append({"organ": organ, "salt": salt, "digest": _digest(salt, secret)})
    work.many(_REMOVE, [{"b_organ": row["organ"]} for row in rows])
    work.many(_ENROL, rows)


def _digest(salt: bytes, secret: str) -> bytes:
    return hmac.digest(salt, secret.encode("utf-8", "surrogatepass"), sha256().name)
