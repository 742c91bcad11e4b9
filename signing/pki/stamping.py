"""The time-stamping authority: which requests deserve a token, and what it answers to the others (RFC 3161 §2.4)."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import Protocol

from signing import oids
from signing.errors import FormatFailure, InvalidHolder
from signing.formats.timestamp import TimestampRequest, read_request
from signing.pki.behaviour import HONEST, Behaviour, Service, Wrong, spoil
from signing.pki.issue import Holder
from signing.pki.timestamp import Refusal, granted, make_token, refused

ACCEPTED_DIGESTS = ("sha256", "sha384", "sha512")
POLICY = oids.TEST_TIME_STAMP_POLICY


class Units(Protocol):
    """Gives the unit in use at a moment, or the last revoked one; raises :class:`InvalidHolder` where there is none."""

    def __call__(self, at: datetime, *, revoked: bool = False) -> Holder: ...


def respond(request: bytes, units: Units, seed: str, at: datetime, behaviour: Behaviour = HONEST) -> bytes:
    """DER of the TimeStampResp at a moment: a token, or a rejection with its reason and a sentence. Same arguments, same bytes.

    The token's serial number derives from seed, request and moment, so the same request at the same moment gives the same token.
    """
    behaviour.check(Service.TSA)
    if behaviour.wrong is Wrong.UNAVAILABLE:
        return refused(Refusal.TIME_NOT_AVAILABLE, "no time source is at hand; ask again later")
    try:
        asked = read_request(request)
    except FormatFailure as failure:
        return refused(Refusal.BAD_DATA_FORMAT, str(failure)[:200])
    refusal = _refusal(asked)
    if refusal is not None:
        return refused(*refusal)
    try:
        unit = units(behaviour.knows(at), revoked=behaviour.wrong is Wrong.REVOKED_CERTIFICATE)
    except InvalidHolder:
        return refused(Refusal.TIME_NOT_AVAILABLE, "no time-stamping unit is in use at this moment")
    serial = _serial(seed, request, behaviour.says(at))
    return granted(_token(unit, asked, behaviour.says(at), serial, behaviour.wrong))


def stamp(unit: Holder, seed: str, digest: bytes, at: datetime) -> bytes:
    """DER of a TimeStampToken over a SHA-256 digest, without a request."""
    return make_token(unit, digest, at=at, serial=_serial(seed, digest, at), policy=POLICY)


def _refusal(asked: TimestampRequest) -> tuple[Refusal, str] | None:
    """Why a well-formed request gets no token."""
    if asked.imprint_algorithm not in ACCEPTED_DIGESTS:
        return Refusal.BAD_ALGORITHM, f"messageImprint must be a digest by one of {', '.join(ACCEPTED_DIGESTS)}"
    if asked.nonce is not None and asked.nonce < 0:
        return Refusal.BAD_REQUEST, "nonce must not be negative"
    if asked.policy not in (None, POLICY):
        return Refusal.UNACCEPTED_POLICY, f"tokens are given under policy {POLICY} only"
    if asked.extensions:
        return Refusal.UNACCEPTED_EXTENSION, "no extension is known here"
    return None


def _token(unit: Holder, asked: TimestampRequest, at: datetime, serial: int, wrong: Wrong | None) -> bytes:
    imprint, nonce = asked.imprint, asked.nonce
    if wrong is Wrong.IMPRINT:
        imprint = spoil(imprint)
    if wrong is Wrong.NONCE:
        nonce = 1 if nonce is None else nonce ^ 1
    token = make_token(
        unit,
        imprint,
        at=at,
        serial=serial,
        policy=POLICY,
        imprint_algorithm=asked.imprint_algorithm,
        nonce=nonce,
        embed=None if asked.certificates else (),
    )
    return spoil(token) if wrong is Wrong.SIGNATURE else token


def _serial(seed: str, what: bytes, at: datetime) -> int:
    """16 octets of a digest: unique without a counter to keep."""
    digest = sha256(b"\0".join((b"time-stamp", seed.encode(), at.isoformat().encode(), what))).digest()
    return int.from_bytes(digest[:16], "big") | 1 << 126
