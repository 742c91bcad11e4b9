"""Witnesses: each way of showing them another past is refused under its own rule; files of checkpoints come back as they were written."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.api import Checkpoint
from exchange.checkpoints import CheckpointFile, checkpoint_statement, read_checkpoint, signature_fault, write_checkpoint
from exchange.domain.merkle import Frontier, consistency_proof, leaf_hash
from exchange.errors import CheckpointUnreadable
from exchange.witness import Inconsistent, Witnessed, observe
from signing import CadesSigner, Purpose, Validator
from tests.exchange.axis.field import at, axis_signer, offices, pki

ORIGIN = "axis.truc.test"
LEAVES = [leaf_hash(bytes([number])) for number in range(9)]
FORKED = [*LEAVES[:3], leaf_hash(b"another"), *LEAVES[4:]]
SIGNER = CadesSigner(axis_signer().holder, embed_certificates=False, purpose=Purpose.CHECKPOINT)
STRANGER = CadesSigner(next(iter(offices().values())).seal, purpose=Purpose.CHECKPOINT)
CERTIFICATE = SIGNER.holder.certificate_der


def subtree(leaves: list[bytes]):  # type: ignore[no-untyped-def]
    return lambda level, position: tree(leaves[position << level : (position + 1) << level])


def tree(leaves: list[bytes]) -> bytes:
    edge = Frontier()
    for one in leaves:
        edge.append(one)
    return edge.root()


def sealed(
    leaves: list[bytes], size: int, number: int, seconds: int = 0, *, origin: str = ORIGIN, signer: CadesSigner = SIGNER
) -> Checkpoint:
    root = tree(leaves[:size])
    statement = checkpoint_statement(origin, number, size, root, at(seconds))
    return Checkpoint(origin, number, size, root, at(seconds), statement, signer.sign(sha256(statement).digest()))


def verify(one: Checkpoint) -> str:
    return signature_fault(one, Validator(pki().trust_store()), CERTIFICATE)


def look(last: Checkpoint | None, seen: Checkpoint, leaves: list[bytes] = LEAVES) -> Witnessed | Inconsistent:
    sizes = (0 if last is None else last.size, seen.size)
    proof = consistency_proof(*sizes, subtree(leaves)) if sizes[0] <= sizes[1] else ()
    return observe(last, seen, proof, verify)


FIRST = sealed(LEAVES, 4, 1, 10)


def test_what_continues_the_last_one_is_kept() -> None:
    assert look(None, FIRST) == Witnessed(FIRST)
    assert look(FIRST, FIRST) == Witnessed(FIRST)
    second = sealed(LEAVES, 9, 2, 20)
    assert look(FIRST, second) == Witnessed(second)
    assert look(FIRST, sealed(LEAVES, 9, 5, 10)) == Witnessed(sealed(LEAVES, 9, 5, 10))  # some were not seen: no fault of the axis


@pytest.mark.parametrize(
    ("seen", "leaves", "rule"),
    [
        (sealed(FORKED, 9, 2, 20), FORKED, "forked"),
        (sealed(FORKED, 9, 2, 20), LEAVES, "forked"),
        (sealed(LEAVES, 3, 2, 20), LEAVES, "shrunk"),
        (sealed(LEAVES, 0, 2, 20), LEAVES, "shrunk"),
        (sealed(LEAVES, 9, 2, 9), LEAVES, "back-dated"),
        (sealed(LEAVES, 9, 1, 20), LEAVES, "back-dated"),
        (sealed(LEAVES, 4, 2, 20), LEAVES, "back-dated"),
        (sealed(LEAVES, 4, 1, 20), LEAVES, "forked"),
        (sealed(FORKED, 4, 1, 10), FORKED, "forked"),
        (sealed(LEAVES, 9, 2, 20, origin="axis.other.test"), LEAVES, "another-ledger"),
        (sealed(LEAVES, 9, 2, 20, signer=STRANGER), LEAVES, "signature"),
        (replace(sealed(LEAVES, 9, 2, 20), signature=sealed(LEAVES, 8, 2, 20).signature), LEAVES, "signature"),
        (replace(sealed(LEAVES, 9, 2, 20), root=tree(FORKED)), LEAVES, "statement-differs"),
        (replace(sealed(LEAVES, 9, 2, 20), size=8), LEAVES, "statement-differs"),
        (replace(sealed(LEAVES, 9, 2, 20), at=at(30)), LEAVES, "statement-differs"),
        (replace(sealed(LEAVES, 9, 2, 20), statement=b"{}"), LEAVES, "statement-differs"),
    ],
)  # fmt: skip
def test_another_past_is_refused(seen: Checkpoint, leaves: list[bytes], rule: str) -> None:
    found = look(FIRST, seen, leaves)
    assert isinstance(found, Inconsistent)
    assert found.rule == rule
    assert found.detail
    assert found.checkpoint is seen


def test_a_signature_of_somebody_else_is_not_looked_past_for_the_first_checkpoint_either() -> None:
    found = look(None, sealed(LEAVES, 4, 1, signer=STRANGER))
    assert isinstance(found, Inconsistent)
    assert "who does not keep this ledger" in found.detail


def test_a_file_comes_back_as_it_was_written() -> None:
    assert read_checkpoint(write_checkpoint(FIRST, CERTIFICATE)) == CheckpointFile(FIRST, CERTIFICATE)


@pytest.mark.parametrize(
    "change",
    [
        {"checkpoint": "{}"},
        {"checkpoint": 5},
        {"signature": "not base64!"},
        {"certificate": None},
        {"more": "x"},
        {"checkpoint": FIRST.statement.decode().replace('"size":"4"', '"size":"04"')},
        {"checkpoint": FIRST.statement.decode().replace('"size":"4"', '"size":"-4"')},
        {"checkpoint": FIRST.statement.decode().replace('"size":"4"', '"size":"' + "9" * 40 + '"')},
        {"checkpoint": FIRST.statement.decode().replace('"size":"4"', '"size": "4"')},
        {"checkpoint": FIRST.statement.decode().replace(FIRST.root.hex(), FIRST.root.hex()[2:])},
        {"checkpoint": FIRST.statement.decode().replace("+07:00", "")},
        {"checkpoint": FIRST.statement.decode().replace("+07:00", "+06:00")},
    ],
)
def test_what_is_no_checkpoint_is_refused_in_a_sentence(change: dict[str, object]) -> None:
    fields = json.loads(write_checkpoint(FIRST, CERTIFICATE)) | change
    with pytest.raises(CheckpointUnreadable) as caught:
        read_checkpoint(json.dumps(fields).encode())
    assert str(caught.value).startswith("not a checkpoint: ")


@given(st.one_of(st.binary(max_size=300), st.text(max_size=200).map(str.encode), st.just(b"[" * 60_000), st.just(b"1" * 70_000)))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with pytest.raises(CheckpointUnreadable):
        read_checkpoint(data)


@given(st.integers(0, 8), st.integers(0, 8), st.booleans(), st.integers(0, 3), st.integers(-50, 50))
def test_a_witness_keeps_exactly_the_beginnings(first: int, second: int, forked: bool, steps: int, seconds: int) -> None:
    """Two honest checkpoints of one ledger: accepted when size, number and instant run on; a fork between them never is."""
    one, two = sealed(LEAVES, first, 1), sealed(FORKED if forked else LEAVES, second, 1 + steps, seconds)
    found = look(one, two, FORKED if forked else LEAVES)
    grows = second > first and steps > 0 and seconds >= 0
    same = two.statement == one.statement
    differs = forked and first > 3
    assert isinstance(found, Witnessed) == ((grows or same) and not differs)


def test_an_instant_is_written_in_vietnamese_time() -> None:
    def said(instant: datetime) -> bytes:
        return checkpoint_statement(ORIGIN, 1, 0, bytes(32), instant)

    assert said(at(0).astimezone(UTC)) == said(at(0)) != said(at(1))
