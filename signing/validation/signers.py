"""Signers met before: whose certificate and key a signature names follows from how it names them, so it is looked up once."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import NamedTuple

from signing.algorithms import SignatureAlgorithm
from signing.formats.certificates import CertificateFacts
from signing.formats.message import SignerNamed
from signing.keys import PublicKey

_MOST_KEPT = 512
"""An open key takes 2 KB, a certificate as read some 6."""
_LARGEST_KEPT = 8192
"""Bytes of certificates a signature may embed to have its signer kept: a strange one may embed a whole 64 KB of them."""


class Signer(NamedTuple):
    """The certificate found for what a signature says of its signer, among those embedded and ``known``, and its key."""

    named: SignerNamed
    known: Sequence[bytes]
    certificate: CertificateFacts
    key: PublicKey
    algorithm: SignatureAlgorithm
    until: float
    """Epoch second up to which the policy accepts the signature's algorithms with this key."""
    strange: bool
    """Whether a certificate is embedded that is neither the signer's nor a known authority's."""


class Signers:
    """The last few hundred of them, under one policy; threads may share them.

    They are found by the object that names them, which all signatures of a shape have in common: none is taken for another's.
    """

    def __init__(self) -> None:
        self._kept: dict[int, Signer] = {}
        self._lock = Lock()

    def find(self, named: SignerNamed, known: Sequence[bytes], moment: int) -> Signer | None:
        """The signer, if it was met before and its algorithms are accepted at an epoch second."""
        found = self._kept.get(id(named))
        if found is None or found.named is not named or moment >= found.until or found.known != known:
            return None
        return found

    def keep(self, signer: Signer) -> None:
        """Keep one of ordinary size, the oldest making room."""
        if sum(map(len, signer.named.certificates)) > _LARGEST_KEPT:
            return
        with self._lock:
            while len(self._kept) >= _MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[id(signer.named)] = signer
