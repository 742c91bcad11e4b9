"""Access tokens (RFC 6749 client credentials, RFC 7519 JWT): short-lived, for this axis alone, bound to the secret they were got with.

The key is derived from the axis' own, so that every process of one axis has it and no database holds it. Nobody but the axis checks a
token, hence a MAC (HS256) and no signature: a check costs microseconds, and raw signatures stay counted where they are made.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import Any

from exchange.api import Scope
from exchange.domain.identifiers import OrganId
from exchange.errors import InvalidOrganId, TokenRefused

_ALGORITHM = "HS256"
_CLAIMS = ("iss", "aud", "sub", "scope", "iat", "exp", "sec")
_SKEW = 5
"""Seconds by which the clocks of two machines of one axis may differ."""
_KEPT = 4096
_LONGEST = 2048
"""Characters; ours have about 300."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a genuine token says. ``secret`` is the fingerprint of the secret it was got with, to be held against the present one."""

    organ: OrganId
    scopes: frozenset[Scope]
    secret: str
    begins: int
    ends: int


class Tokens:
    """Gives tokens out and reads them. ``audience`` names this axis; those read are kept, the latest few thousand."""

    def __init__(self, key: bytes, audience: str, seconds: int) -> None:
        self._key, self._audience, self.seconds = key, audience, seconds
        self._read: OrderedDict[str, Claims] = OrderedDict()
        self._turn = Lock()

    def issue(self, organ: OrganId, scopes: frozenset[Scope], secret: str) -> str:
        """A token for ``self.seconds`` from now."""
        import jwt  # noqa: PLC0415 - of the extra `service`: an embedded axis gives no tokens out

        now = int(time.time())
        said = {
            "iss": self._audience, "aud": self._audience, "sub": str(organ), "scope": " ".join(sorted(scopes)), "iat": now,
            "exp": now + self.seconds, "sec": secret,
        }  # fmt: skip
        return jwt.encode(said, self._key, _ALGORITHM)

    def read(self, token: str) -> Claims:
        """What a token says, if it is ours and its time is now. Raises :class:`TokenRefused`."""
        with self._turn:
            claims = self._read.get(token)
            if claims is not None:
                self._read.move_to_end(token)
        if claims is None:
            claims = self._decode(token)
            with self._turn:
                self._read[token] = claims
                if len(self._read) > _KEPT:
                    self._read.popitem(last=False)
        now = time.time()
        if now >= claims.ends:
            raise TokenRefused("has expired")
        if now < claims.begins - _SKEW:
            raise TokenRefused("is not valid yet")
        return claims

    def _decode(self, token: str) -> Claims:
        import jwt  # noqa: PLC0415 - see above

        if len(token) > _LONGEST:
            raise TokenRefused("is too long to be one")
        try:
            # its time is held against one clock above, whether it was kept or not
            said = jwt.decode(
                token, self._key, [_ALGORITHM], audience=self._audience, issuer=self._audience,
                options={"require": list(_CLAIMS), "verify_exp": False, "verify_iat": False, "verify_nbf": False},
            )  # fmt: skip
            return _claims(said)
        except (jwt.InvalidAudienceError, jwt.InvalidIssuerError):
            raise TokenRefused("is for another axis") from None
        except (jwt.InvalidTokenError, InvalidOrganId, ValueError, TypeError, AttributeError):
            raise TokenRefused("is not one of this axis") from None


def _claims(said: dict[str, Any]) -> Claims:
    scopes = frozenset(Scope(word) for word in said["scope"].split())
    return Claims(OrganId(said["sub"]), scopes, str(said["sec"]), int(said["iat"]), int(said["exp"]))
