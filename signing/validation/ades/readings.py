"""Certificates and keys read once and kept, bounded: the same few stand in every signature of an archive."""

from __future__ import annotations

from functools import lru_cache

from signing.algorithms import SignatureAlgorithm, algorithm_named
from signing.errors import FormatFailure, KeyUnusable
from signing.foreign_keys import ForeignKey, load_foreign_key
from signing.validation.rfc5280.objects import Certificate, read_certificate


@lru_cache(maxsize=2048)
def certificate_or_failure(der: bytes) -> Certificate | FormatFailure:
    """A certificate as read, or why it cannot be."""
    try:
        return read_certificate(der)
    except FormatFailure as failure:
        return failure


def certificate(der: bytes) -> Certificate:
    """A certificate as read; raises :class:`FormatFailure`."""
    found = certificate_or_failure(der)
    if isinstance(found, FormatFailure):
        raise found
    return found


def algorithm_with(name: str, key: ForeignKey) -> SignatureAlgorithm | None:
    """The algorithm of that name as it is with a key, which alone says the curve; unbound where they do not fit each other."""
    algorithm = algorithm_named(name)
    return None if algorithm is None else key.algorithm(algorithm.encoded) or algorithm


@lru_cache(maxsize=2048)
def key_or_fault(spki: bytes) -> ForeignKey | str:
    """The key of a SubjectPublicKeyInfo, or the rule that it breaks."""
    try:
        return load_foreign_key(spki)
    except KeyUnusable as error:
        return error.rule
