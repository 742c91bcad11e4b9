"""What was read and which signatures were verified, kept by content: artefacts of an archive are the same few lists and authorities.

Everything here is a function of bytes alone, so sharing it between chains, moments and evidence cannot change a verdict; document
signatures are never kept. Each store is bounded, the oldest making room.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

from signing.errors import FormatFailure, KeyUnusable
from signing.foreign_keys import ForeignKey, load_foreign_key
from signing.formats.certificates import SignedObject
from signing.keys import Purpose
from signing.validation.rfc5280.objects import Certificate, Crl, read_certificate, read_crl
from signing.validation.rfc5280.ocsp_response import OcspResponse, read_ocsp

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class Bounded(Generic[_Key, _Value]):
    """A store of at most ``size`` values, the oldest making room."""

    __slots__ = ("_found", "_lock", "_size")

    def __init__(self, size: int) -> None:
        self._found: dict[_Key, _Value] = {}
        self._size = size
        self._lock = Lock()

    def get(self, key: _Key, make: Callable[[], _Value]) -> _Value:
        """The value kept under ``key``, made now if there is none."""
        try:
            return self._found[key]
        except KeyError:
            value = make()
            with self._lock:
                while len(self._found) >= self._size:
                    del self._found[next(iter(self._found))]
                self._found[key] = value
            return value


class ArtefactCache:
    """Read artefacts, keys and verified signatures, shared by engines. ``certificates`` bounds how many certificates are kept."""

    def __init__(self, *, certificates: int = 8192, lists: int = 64, responses: int = 4096) -> None:
        self._certificates: Bounded[bytes, Certificate | FormatFailure] = Bounded(certificates)
        self._lists: Bounded[bytes, Crl | FormatFailure] = Bounded(lists)
        self._responses: Bounded[bytes, OcspResponse | FormatFailure] = Bounded(responses)
        self._keys: Bounded[bytes, ForeignKey | None] = Bounded(certificates)
        self._signatures: Bounded[tuple[bytes, bytes], bool] = Bounded(4 * certificates)

    def certificate(self, der: bytes) -> Certificate | FormatFailure:
        """A certificate as read, or why it cannot be."""
        return self._certificates.get(der, lambda: _kept(read_certificate, der))

    def crl(self, der: bytes) -> Crl | FormatFailure:
        """A revocation list as read and indexed, or why it cannot be."""
        return self._lists.get(der, lambda: _kept(read_crl, der))

    def ocsp(self, der: bytes) -> OcspResponse | FormatFailure:
        """An OCSP response as read, or why it cannot be."""
        return self._responses.get(der, lambda: _kept(read_ocsp, der))

    def key(self, certificate: Certificate) -> ForeignKey | None:
        """A certificate's key; ``None`` when it is of no known kind, or a DSA key that needs its issuer's parameters."""
        return self._keys.get(certificate.spki, lambda: load_or_none(certificate.spki))

    def holds(self, artefact: Certificate | Crl | OcspResponse, key: ForeignKey, purpose: Purpose) -> bool:
        """Whether an artefact's signature holds under a key (one raw verification, once); never when its algorithm does not fit the key."""
        return self._signatures.get((artefact.sha256, key.identity), lambda: _verify(artefact.signed, key, purpose))


def load_or_none(spki: bytes, issuer: ForeignKey | None = None) -> ForeignKey | None:
    """The key of a SubjectPublicKeyInfo, ``None`` when it cannot be used."""
    try:
        return load_foreign_key(spki, issuer)
    except KeyUnusable:
        return None


def _verify(signed: SignedObject, key: ForeignKey, purpose: Purpose) -> bool:
    algorithm = key.algorithm(signed.algorithm)
    return algorithm is not None and key.verify(signed.signature, signed.tbs, algorithm, purpose)


def _kept(reader: Callable[[bytes], _Value], der: bytes) -> _Value | FormatFailure:
    try:
        return reader(der)
    except FormatFailure as failure:
        return failure
