"""Who may call: organisations enrolled with a secret, kept as a salted digest and compared in constant time; and what each may do.

Every member may submit, receive and audit; operating is for the organisation that runs the axis (``AxisSettings.organ``).
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Mapping
from hashlib import sha256
from secrets import token_bytes

from sqlalchemy import bindparam, delete, insert, select

from exchange.api import Bearer, Caller, Credential, Scope, Token
from exchange.domain.identifiers import OrganId
from exchange.domain.organization import Directory
from exchange.errors import Forbidden, LockedOut, TokenRefused, Unauthenticated
from exchange.store.locks import Lock, wait_for
from exchange.store.tables import lockout, member
from exchange.store.work import Store, Work, again
from exchange.tokens import Claims, Tokens

_REMOVE = delete(member).where(member.c.organ == bindparam("b_organ"))
_ENROL = insert(member)
_SECRET = (
    select(member.c.salt, member.c.digest, lockout.c.reason.label("locked"))
    .outerjoin(lockout, lockout.c.organ == member.c.organ)
    .where(member.c.organ == bindparam("organ"))
)
_THERE = select(member.c.organ).where(member.c.organ.in_(bindparam("organs", expanding=True)))
_NOBODY = (b"\0" * 16, b"\0" * 32, None)
Kept = tuple[bytes, bytes, str | None]
"""Salt and digest of a secret, and why its organisation is locked out (``None``: it is not)."""
_MEMBERS = frozenset({Scope.SUBMIT, Scope.RECEIVE, Scope.AUDIT})
_OPERATOR = frozenset(Scope)
_FRESH_SECONDS = 2.0
"""So long a token is believed without looking whether the secret is still the one it was got with."""
_KEPT = 16_384


class Members:
    """The enrolled organisations.

    A call with a secret is held against the database each time: a secret that was replaced is worth nothing from then on, whichever process
    replaced it, an organisation locked out is answered nothing, and guesses leave nothing in memory. A call with a token is held against it
    every two seconds.
    """

    def __init__(self, store: Store, directory: Directory, tokens: Tokens, operator: OrganId) -> None:
        self._store, self._directory, self._tokens = store, directory, tokens
        self._operator = self.canonical(operator)
        self._aliases: dict[OrganId, frozenset[OrganId]] = {}
        self._seen: dict[OrganId, tuple[str, float]] = {}
        """Organisation → fingerprint of its secret and when it was looked at; only those of genuine tokens come in here."""

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
        self.forget()

    def forget(self) -> None:
        """Look at the secret behind each token again."""
        self._seen.clear()

    def enrol_new(self, secrets: dict[OrganId, str]) -> None:
        """Register those that are not registered, whoever else may be doing the same."""
        rows = _rows({str(self.canonical(organ)): secret for organ, secret in secrets.items()})

        def written() -> None:
            with self._store.writing() as work:
                wait_for(work, Lock.OPENING)  # processes of one axis start together
                there = {row[0] for row in work.all_of(_THERE, "organs", [row["organ"] for row in rows])}
                work.many(_ENROL, [row for row in rows if row["organ"] not in there])

        again(written)

    def authenticate(self, caller: Credential, scope: Scope | None) -> OrganId:
        """The caller's own code, if it has the scope, or any where none is named.

        Raises :class:`Unauthenticated`, :class:`TokenRefused`, :class:`LockedOut`, :class:`Forbidden`.
        """
        if isinstance(caller, Bearer):
            claims = self._tokens.read(caller.token)
            if not self._is_fresh(claims):
                self._look(claims)
            return _allowed(claims, scope)
        organ = self.canonical(caller.organ)
        self._known(organ, caller)
        if scope is not None and scope not in self._scopes(organ):
            raise Forbidden(str(organ), scope)
        return organ

    def recall(self, bearer: Bearer, scope: Scope | None) -> OrganId | None:
        """As :meth:`authenticate` without asking the database; ``None`` when it has to be asked."""
        claims = self._tokens.read(bearer.token)
        return _allowed(claims, scope) if self._is_fresh(claims) else None

    def token(self, caller: Caller, scopes: frozenset[Scope] = frozenset()) -> Token:
        """A token for what is asked for, or for all the caller may do. Raises as :meth:`authenticate`."""
        organ = self.canonical(caller.organ)
        kept = self._known(organ, caller)
        mine = self._scopes(organ)
        for scope in sorted(scopes - mine):
            raise Forbidden(str(organ), scope)
        given = scopes or mine
        return Token(self._tokens.issue(organ, given, _fingerprint(kept)), given, self._tokens.seconds)

    def operates(self, organ: OrganId) -> bool:
        """Whether this organisation runs the axis."""
        return organ == self._operator

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

    def _scopes(self, organ: OrganId) -> frozenset[Scope]:
        return _OPERATOR if self.operates(organ) else _MEMBERS

    def _is_fresh(self, claims: Claims) -> bool:
        """Whether the token's secret was the present one a moment ago."""
        seen = self._seen.get(claims.organ)
        return seen is not None and seen[0] == claims.secret and time.monotonic() - seen[1] < _FRESH_SECONDS

    def _look(self, claims: Claims) -> None:
        at, kept = time.monotonic(), self._read(claims.organ)
        present = _fingerprint(kept)
        if present != claims.secret:
            raise TokenRefused("was got with a secret that was replaced")
        _admitted(claims.organ, kept)
        if len(self._seen) >= _KEPT:
            self._seen.clear()
        self._seen[claims.organ] = (present, at)

    def _known(self, organ: OrganId, caller: Caller) -> Kept:
        """What is kept of a caller who knows its secret: only he learns of a lock. Raises :class:`Unauthenticated`, :class:`LockedOut`."""
        kept = self._read(organ)
        if not _fits(kept, caller.secret):
            raise Unauthenticated(str(caller.organ))
        return _admitted(caller.organ, kept)

    def _read(self, organ: OrganId) -> Kept:
        with self._store.asking() as work:
            row = work.first(_SECRET, {"organ": str(organ)})
        return _NOBODY if row is None else (bytes(row.salt), bytes(row.digest), row.locked)


def keep_secrets(work: Work, secrets: Mapping[str, str]) -> None:
    """Write down secrets by the organisations' own codes, in place of those they had. A lock stays."""
    rows = _rows(secrets)
    work.many(_REMOVE, [{"b_organ": row["organ"]} for row in rows])
    work.many(_ENROL, rows)


def _rows(secrets: Mapping[str, str]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for organ, secret in sorted(secrets.items()):  # one order in every process: none waits for another in a ring
        salt = token_bytes(16)
        rows.append({"organ": organ, "salt": salt, "digest": _digest(salt, secret)})
    return rows


def _admitted(organ: OrganId, kept: Kept) -> Kept:
    """The same, unless operators locked it out. Raises :class:`LockedOut`."""
    if kept[2] is not None:
        raise LockedOut(str(organ), kept[2])
    return kept


def _allowed(claims: Claims, scope: Scope | None) -> OrganId:
    if scope is not None and scope not in claims.scopes:
        raise Forbidden(str(claims.organ), scope)
    return claims.organ


def _fingerprint(kept: Kept) -> str:
    """Names a secret's present row: another salt, another name, even for the same secret. Tells nothing of the secret."""
    return sha256(b"member\0" + kept[0] + kept[1]).hexdigest()[:24]


def _digest(salt: bytes, secret: str) -> bytes:
    return hmac.digest(salt, secret.encode("utf-8", "surrogatepass"), sha256().name)


def _fits(kept: Kept, secret: str) -> bool:
    salt, digest, _ = kept
    return hmac.compare_digest(_digest(salt, secret), digest)
