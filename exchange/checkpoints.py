"""Checkpoints as statements and as small files: what the axis signs over its ledger, and what others keep of it outside its database.

A file is JSON with three members: ``checkpoint``, the statement exactly as signed; ``signature``, base64 of the detached CAdES-B; and
``certificate``, base64 of the axis' certificate, so that the file can be judged alone (under an anchor the reader trusts).
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from exchange.api import Checkpoint
from exchange.domain.calendar import VN
from exchange.domain.merkle import HASH_SIZE
from exchange.errors import CheckpointUnreadable
from exchange.receipts import canonical
from signing import Purpose, Validator

MAX_FILE = 64 * 1024
"""Bytes of a checkpoint's file; one has about three thousand."""
_DIGITS = 18
_FIELDS = frozenset({"at", "number", "origin", "root", "size"})


@dataclass(frozen=True, slots=True)
class CheckpointFile:
    """A checkpoint as kept outside, with the certificate (DER) it names as its signer's; nothing is verified yet."""

    checkpoint: Checkpoint
    certificate: bytes


def checkpoint_statement(origin: str, number: int, size: int, root: bytes, at: datetime) -> bytes:
    """What a checkpoint says."""
    fields = {"at": at.astimezone(VN).isoformat(), "number": str(number), "origin": origin, "root": root.hex(), "size": str(size)}
    return canonical(fields)


def read_statement(statement: bytes, signature: bytes) -> Checkpoint:
    """The checkpoint that a signed statement is. Raises :class:`CheckpointUnreadable` for anything but the canonical bytes of one."""
    try:
        fields = json.loads(statement)
        if not isinstance(fields, dict) or fields.keys() != _FIELDS or not all(isinstance(value, str) for value in fields.values()):
            raise CheckpointUnreadable("its statement is a JSON object with the texts at, number, origin, root and size")
        number, size = (_number(fields[name]) for name in ("number", "size"))
        root, at = bytes.fromhex(fields["root"]), datetime.fromisoformat(fields["at"])
    except (ValueError, RecursionError) as error:
        raise CheckpointUnreadable("its statement is a JSON object with a size, a hexadecimal root and an instant") from error
    if at.tzinfo is None or len(root) != HASH_SIZE:
        raise CheckpointUnreadable(f"its instant has an offset and its root {HASH_SIZE} bytes")
    try:
        if checkpoint_statement(fields["origin"], number, size, root, at) != statement:
            raise CheckpointUnreadable("its statement is not in canonical form")
    except (ValueError, OverflowError) as error:
        raise CheckpointUnreadable("its statement is not in canonical form") from error
    return Checkpoint(fields["origin"], number, size, root, at, statement, signature)


def _number(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > _DIGITS:
        raise CheckpointUnreadable(f"its number and its size are numbers of at most {_DIGITS} digits")
    return int(text)


def write_checkpoint(checkpoint: Checkpoint, certificate: bytes) -> bytes:
    """The file to be kept outside the database."""
    fields = {
        "checkpoint": checkpoint.statement.decode(),
        "signature": b64encode(checkpoint.signature).decode(),
        "certificate": b64encode(certificate).decode(),
    }
    return (json.dumps(fields, ensure_ascii=False, indent=1) + "\n").encode()


def read_checkpoint(data: bytes) -> CheckpointFile:
    """A file that :func:`write_checkpoint` made. Raises :class:`CheckpointUnreadable`; the signature is the reader's to verify."""
    if len(data) > MAX_FILE:
        raise CheckpointUnreadable(f"the file has more than {MAX_FILE} bytes")
    try:
        fields = json.loads(data)
        if not isinstance(fields, dict) or fields.keys() != {"checkpoint", "signature", "certificate"}:
            raise CheckpointUnreadable("the file is a JSON object with the members checkpoint, signature and certificate")
        statement = fields["checkpoint"].encode()
        signature, certificate = (b64decode(fields[name], validate=True) for name in ("signature", "certificate"))
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise CheckpointUnreadable("the file is a JSON object of three texts, two of them base64") from error
    return CheckpointFile(read_statement(statement, signature), certificate)


def signature_fault(checkpoint: Checkpoint, validator: Validator, certificate: bytes) -> str:
    """Why the checkpoint is not the word of the holder of this certificate at its own instant; empty when it is.

    One raw verification once the signature is well formed.
    """
    digest = sha256(checkpoint.statement).digest()
    report = validator.validate(checkpoint.signature, digest, checkpoint.at, Purpose.CHECKPOINT, known=(certificate,))
    if not report.passed:
        return report.reason
    if report.certificate_sha256 != sha256(certificate).digest():
        return f"it is signed by {report.subject}, who does not keep this ledger"
    return ""
