"""The axis' signed words: receipts, refusals and checkpoints. Canonical JSON statements with a detached CAdES-B beside them.

A statement is one line of UTF-8 JSON in NFC, keys sorted, no blanks: whoever holds the fields can rebuild the bytes that were signed. A
refusal travels in a mailbox as ``statement LF base64(signature) LF``.
"""

from __future__ import annotations

import json
import unicodedata
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from exchange.api import Receipt
from exchange.domain.calendar import VN
from exchange.domain.identifiers import OrganId
from signing import CadesSigner, stream_safe


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the axis says when it will not deliver: which package, to whom, under which rule."""

    package_id: str
    """The refused package."""
    recipient: str
    """The (document, recipient) that failed, as the sender wrote it; for a status package its addressee."""
    rule: str
    """Stable kebab-case identifier."""
    sub_indication: str
    """EN 319 102-1 sub-indication when a signature was the reason, else empty."""
    detail: str
    at: datetime
    """The instant judged: the admission of the refused package."""


@dataclass(frozen=True, slots=True)
class RefusalNotice:
    """A refusal as it came out of a mailbox. ``signature`` is a detached CAdES-B (DER) over ``statement``."""

    refusal: Refusal
    statement: bytes
    signature: bytes


class Notary:
    """Signs receipts, refusals and checkpoints, each alone, with the axis' key. ``certificate`` is the axis' (DER)."""

    def __init__(self, receipts: CadesSigner, refusals: CadesSigner, checkpoints: CadesSigner) -> None:
        self._receipts = receipts
        self._refusals = refusals
        self._checkpoints = checkpoints
        self.certificate = checkpoints.holder.certificate_der

    def receipt(self, statement: bytes) -> bytes:
        """Detached CAdES-B over a receipt's statement."""
        return self._receipts.sign(sha256(statement).digest())

    def refusal(self, statement: bytes) -> bytes:
        """Detached CAdES-B over a refusal's statement."""
        return self._refusals.sign(sha256(statement).digest())

    def checkpoint(self, statement: bytes) -> bytes:
        """Detached CAdES-B over a checkpoint's statement."""
        return self._checkpoints.sign(sha256(statement).digest())


_ENCODE = json.JSONEncoder(ensure_ascii=False, check_circular=False, sort_keys=True, separators=(",", ":")).encode


def canonical(fields: Mapping[str, str]) -> bytes:
    """One line of canonical JSON."""
    # each value by itself: over the whole line, a combining character would join the escape before it and break the JSON
    composed = {name: _composed(value) for name, value in fields.items()}
    return _ENCODE(composed).encode()


def _composed(value: str) -> str:
    """In NFC; a text whose marks would take long to put in order (:func:`signing.stream_safe`) as it is, and so equal to itself."""
    if value.isascii() or unicodedata.is_normalized("NFC", value) or not stream_safe(value):
        return value
    return unicodedata.normalize("NFC", value)


def package_id_of(sender: str, package_sha256: bytes) -> str:
    """Name of a package: 96 bits over (sender, digest), so the same bytes from the same sender are the same package."""
    return sha256(b"package\0" + sender.encode() + b"\0" + package_sha256).hexdigest()[:24]


def receipt_statement(package_id: str, package_sha256: bytes, sender: OrganId, kind: str, admitted_at: datetime) -> bytes:
    """What a receipt says."""
    at, digest = admitted_at.astimezone(VN).isoformat(), package_sha256.hex()
    if type(kind) is type(package_id) is str and (words := kind + package_id).isascii() and words.isalnum():
        # as canonical() would write it: an axis writes hundreds of these a second, and an audit all of them again
        return (
            f'{{"admitted_at":"{at}","kind":"{kind}","package_id":"{package_id}","package_sha256":"{digest}","sender":"{sender}"}}'.encode()
        )
    fields = {"admitted_at": at, "kind": kind, "package_id": package_id, "package_sha256": digest, "sender": str(sender)}
    return canonical(fields)


def attests(receipt: Receipt, package: bytes, sender: OrganId, kind: str) -> bool:
    """Whether a receipt speaks of exactly this package of this sender: a genuine one of yesterday must not pass for today's.

    Who signed it is the reader's to verify.
    """
    digest = sha256(package).digest()
    name = package_id_of(str(sender), digest)
    stated = receipt_statement(name, digest, sender, kind, receipt.admitted_at)
    return (receipt.package_id, receipt.package_sha256, receipt.statement) == (name, digest, stated)


def refusal_statement(refusal: Refusal) -> bytes:
    """What a refusal says."""
    return canonical(
        {
            "at": refusal.at.astimezone(VN).isoformat(),
            "detail": refusal.detail,
            "package_id": refusal.package_id,
            "recipient": refusal.recipient,
            "rule": refusal.rule,
            "sub_indication": refusal.sub_indication,
        }
    )


def write_refusal(statement: bytes, signature: bytes) -> bytes:
    """The notice as it travels."""
    return statement + b"\n" + b64encode(signature) + b"\n"


def read_refusal(data: bytes) -> RefusalNotice:
    """The notice a mailbox gave. Raises ``ValueError`` when it is not one; the signature is the reader's to verify."""
    statement, separator, rest = data.partition(b"\n")
    if not separator or not rest.endswith(b"\n"):
        raise ValueError("a refusal is a statement, a line feed, a signature and a line feed")
    try:
        fields = json.loads(statement)
        signature = b64decode(rest[:-1], validate=True)
        refusal = Refusal(
            fields["package_id"], fields["recipient"], fields["rule"], fields["sub_indication"], fields["detail"],
            datetime.fromisoformat(fields["at"]),
        )  # fmt: skip
    except (Base64Error, KeyError, TypeError) as error:
        raise ValueError("a refusal's statement or signature is malformed") from error
    if refusal_statement(refusal) != statement:
        raise ValueError("a refusal's statement is not canonical")
    return RefusalNotice(refusal, statement, signature)
