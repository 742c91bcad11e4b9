"""The ledger: what is sealed, in which order, and that proofs lead from every package to the checkpoint that was signed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from exchange.api import Checkpoint, Submission
from exchange.axis import Axis
from exchange.checkpoints import signature_fault
from exchange.domain.merkle import (
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root,
    verify_consistency,
    verify_inclusion,
)
from exchange.errors import SealedLater, UnknownLedgerSize
from exchange.ledger import leaf
from exchange.receipts import canonical
from exchange.stages import seal as stage
from exchange.store import entries
from exchange.store.engine import open_engine
from exchange.store.facts import Fact, FactKind
from exchange.store.schema import ensure_schema
from exchange.store.tables import delivery_event, ledger_entry, ledger_node
from exchange.store.work import Conflict, Store
from signing import METER, Validator
from tests.exchange.axis.field import (
    ANNEX,
    DEPARTMENT,
    DISTRICT,
    LOCKED,
    PROVINCE,
    Doc,
    at,
    axis_signer,
    caller,
    open_field,
    pki,
    send,
    take,
)


def written(axis: Axis) -> list[tuple[str, int, str, int]]:
    """Entries as they stand: (kind, fact, agency, sequence), in the order of their indexes."""
    columns = (ledger_entry.c.kind, ledger_entry.c.fact, ledger_entry.c.agency, ledger_entry.c.sequence)
    with axis._store.reading() as work:
        return [tuple(row) for row in work.rows(select(*columns).order_by(ledger_entry.c.id))]  # type: ignore[misc]


def document(number: int) -> Doc:
    return Doc(PROVINCE, (DEPARTMENT, DISTRICT), str(number), annexes=(ANNEX,) if number % 2 else ())


def test_everything_that_happened_is_entered_once_and_nothing_else(store_url: str) -> None:
    axis = open_field(store_url)
    send(axis, PROVINCE, document(1).package(), 0)
    send(axis, PROVINCE, Doc(PROVINCE, (LOCKED,), "2").package(), 1)
    axis.settle(at(60))
    first = axis.seal(at(60))
    kinds = [row[0] for row in written(axis)]
    counted = {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}
    assert counted == {"evidence": 8, "trust": 1, "admission": 2, "verdict": 2, "refusal": 1, "event": 8}
    assert kinds == sorted(kinds, key=[kind.value for kind in FactKind].index)
    assert first.size == len(kinds)
    assert first.number == 1
    assert axis.seal(at(90)) == first == axis.checkpoint()  # nothing happened since
    take(axis, DEPARTMENT, 100)
    second = axis.seal(at(100))
    assert (second.number, second.size) == (2, first.size + 1)
    assert axis.checkpoints() == (first, second)
    axis.close()


def test_the_ledger_is_sealed_forwards_only(store_url: str) -> None:
    axis = open_field(store_url)
    axis.seal(at(60))
    send(axis, PROVINCE, document(1).package(), 0)
    with pytest.raises(SealedLater, match="cannot be sealed as of"):
        axis.seal(at(59))
    assert axis.seal(at(60)).number == 2  # what was entered before the refusal stands, and is signed now
    axis.close()


def test_a_checkpoint_is_the_axis_word_and_one_raw_signature(store_url: str) -> None:
    axis = open_field(store_url)
    send(axis, PROVINCE, document(1).package(), 0)
    before = METER.snapshot()["signs"]["checkpoint"]
    one = axis.seal(at(60))
    assert METER.snapshot()["signs"]["checkpoint"] == before + 1
    certificate = axis_signer().holder.certificate_der
    assert signature_fault(one, Validator(pki().trust_store()), certificate) == ""
    assert "SIG_CRYPTO_FAILURE" in signature_fault(
        Checkpoint(one.origin, one.number, one.size, one.root, one.at, one.statement, one.signature[:-1] + b"\0"),
        Validator(pki().trust_store()),
        certificate,
    )
    axis.close()


def test_a_receipt_stays_as_it_was_signed_and_its_place_is_told_beside_it(store_url: str) -> None:
    axis = open_field(store_url)
    receipts = [send(axis, PROVINCE, document(number).package(), number) for number in range(1, 6)]
    assert axis.inclusion([receipts[0].package_id]) == (None,)
    axis.settle(at(60))
    newest = axis.seal(at(60))
    late = send(axis, PROVINCE, document(9).package(), 70)
    proofs = axis.inclusion([*(one.package_id for one in receipts), late.package_id, "no such package"])
    assert proofs[5:] == (None, None)
    for receipt, proof in zip(receipts, proofs, strict=False):
        assert proof is not None
        assert verify_inclusion(leaf_hash(proof.leaf), proof.index, proof.size, proof.proof, newest.root)
        said = json.loads(proof.leaf)
        assert (said["package_id"], said["package_sha256"]) == (receipt.package_id, receipt.package_sha256.hex())
        assert said["agency"] == "H28"
        (again,) = axis.submit(caller(PROVINCE), [Submission(document(receipts.index(receipt) + 1).package())], at(80))
        assert again == receipt
    numbers = [json.loads(proof.leaf)["sequence"] for proof in proofs[:5] if proof is not None]
    assert [int(number) for number in numbers] == [1, 2, 3, 4, 5]
    axis.close()


steps = st.lists(st.sampled_from(["send", "settle", "take", "seal"]), min_size=4, max_size=14)


@settings(max_examples=8, deadline=None)
@given(steps, st.integers(1, 7))
def test_however_often_it_is_sealed_sequences_have_no_gap_and_every_checkpoint_is_a_beginning(done: list[str], seal_size: int) -> None:
    """Any order of sending, settling, fetching and sealing, in transactions of any size: gap-free, consistent, every package provable."""
    axis = open_field(seal_size=seal_size)
    now, number, receipts = 0, 0, []
    for step in [*done, "seal"]:
        now += 30
        if step == "send":
            number += 1
            receipts.append(send(axis, PROVINCE, document(number).package(), now))
        elif step == "settle":
            axis.settle(at(now))
        elif step == "take":
            take(axis, DEPARTMENT, now)
        else:
            axis.seal(at(now))
    rows = written(axis)
    assert len({row[:2] for row in rows}) == len(rows)
    for agency in {row[2] for row in rows}:
        assert [row[3] for row in rows if row[2] == agency] == list(range(1, sum(row[2] == agency for row in rows) + 1))
    marks = axis.checkpoints()
    assert [one.number for one in marks] == list(range(1, len(marks) + 1))
    assert marks[-1].size == len(rows)
    for one, two in pairwise(marks):
        assert verify_consistency(one.size, two.size, one.root, two.root, axis.consistency(one.size, two.size).proof)
    for proof in axis.inclusion([one.package_id for one in receipts]):
        assert proof is not None
        assert verify_inclusion(leaf_hash(proof.leaf), proof.index, proof.size, proof.proof, marks[-1].root)
    axis.close()


def test_a_size_the_ledger_never_had_has_no_proof(store_url: str) -> None:
    axis = open_field(store_url)
    size = axis.seal(at(0)).size
    for first, second in ((-1, 0), (2, 1), (0, size + 1)):
        with pytest.raises(UnknownLedgerSize) as caught:
            axis.consistency(first, second)
        assert f"has {size} entries" in str(caught.value)
    axis.close()


codes = st.from_regex(r"[HGTA][0-9]{1,3}(\.[0-9]{1,3}){0,3}", fullmatch=True)
hexes = st.binary(min_size=0, max_size=32).map(bytes.hex)


@given(st.sampled_from(list(FactKind)), st.integers(0, 1 << 60), codes, hexes, hexes, st.binary(max_size=60), st.integers(1, 1 << 60))
def test_a_leaf_is_canonical_json_like_a_receipt(
    kind: FactKind, number: int, agency: str, name: str, digest: str, payload: bytes, sequence: int
) -> None:
    assert leaf(kind, Fact(number, agency, name, digest, payload), agency, sequence) == canonical({
        "agency": agency, "kind": kind.value, "package_id": name, "package_sha256": digest,
        "payload_sha256": sha256(payload).hexdigest(), "sequence": str(sequence),
    })  # fmt: skip


def stored_tree(leaves: Sequence[bytes], sizes: Sequence[int], url: str = "sqlite://") -> Store:
    """A ledger of these leaf hashes, written in portions of these sizes."""
    engine = open_engine(url)
    ensure_schema(engine)
    store, start = Store(engine), 0
    for size in sizes:
        with store.writing() as work:
            part = leaves[start : start + size]
            entries.append(work, entries.frontier(work), [("event", start + i, "H28", start + i + 1, one) for i, one in enumerate(part)])
        start += size
    return store


def test_a_ledger_of_seventy_thousand_entries_is_proved_from_its_tiles() -> None:
    """Three levels of kept nodes are in play; proofs read a few hundred hashes and are those of the tree that grew leaf by leaf."""
    leaves = [sha256(number.to_bytes(4, "big")).digest() for number in range(70_000)]
    edge, roots = Frontier(), {}
    for number, one in enumerate(leaves, 1):
        edge.append(one)
        if number in (1, 255, 256, 257, 511, 65_535, 65_536, 65_537, 69_999, 70_000):
            roots[number] = edge.root()
    store = stored_tree(leaves, [1, 254, 1, 1, 300, 64_978, 1, 1, 4_463])
    with store.reading() as work:
        assert entries.size(work) == 70_000
        assert entries.frontier(work).peaks == edge.peaks
        counts = dict(work.rows(select(ledger_node.c.level, func.count()).group_by(ledger_node.c.level)))
    assert counts == {8: 273, 16: 1}
    with store.reading() as work:
        tiles = entries.Tiles(work)
        for size, expected in roots.items():
            assert root(size, tiles.subtree) == expected
            proof = consistency_proof(size, 70_000, tiles.subtree)
            assert verify_consistency(size, 70_000, expected, roots[70_000], proof)
        for index in (0, 255, 256, 65_535, 65_536, 69_999):
            assert verify_inclusion(leaves[index], index, 70_000, inclusion_proof(index, 70_000, tiles.subtree), roots[70_000])
        with pytest.raises(entries.MissingHash, match="level 0, position 70000"):
            tiles.subtree(0, 70_000)
    store.close()


def test_two_sealers_exclude_each_other(monkeypatch: pytest.MonkeyPatch, shared_url: str) -> None:
    """A second process seals between our reading and our writing: the index is taken, we look again, and nothing is entered twice."""
    one, two = open_field(shared_url), open_field(shared_url)
    for number in range(1, 5):
        send(one, PROVINCE, document(number).package(), number)
    honest, done = stage._ready, []

    def overtaken(work, desk, kind, numbers):  # type: ignore[no-untyped-def]
        ready = honest(work, desk, kind, numbers)
        if kind is FactKind.ADMISSION and not done:
            done.append(kind)
            two.seal(at(60))
        return ready

    monkeypatch.setattr(stage, "_ready", overtaken)
    sealed = one.seal(at(60))
    assert done
    assert sealed == two.checkpoint()
    rows = written(one)
    assert len({row[:2] for row in rows}) == len(rows) == sealed.size
    for axis in (one, two):
        axis.close()


def test_entries_at_an_index_that_is_taken_are_refused(store_url: str) -> None:
    store = stored_tree([bytes(32)], [1], store_url)
    with pytest.raises(Conflict), store.writing() as work:
        entries.append(work, Frontier(), [("event", 7, "H28", 9, bytes(32))])
    store.close()


def test_an_admission_waits_for_no_sealing(monkeypatch: pytest.MonkeyPatch, shared_url: str) -> None:
    """While facts are read and hashed for sealing, another connection takes a package in: no lock is held."""
    sealer, door = open_field(shared_url), open_field(shared_url)
    send(sealer, PROVINCE, document(1).package(), 0)
    honest, taken = stage._numbered, []

    def slow(*arguments):  # type: ignore[no-untyped-def]
        if not taken:
            taken.append(send(door, PROVINCE, document(2).package(), 1))
        return honest(*arguments)

    monkeypatch.setattr(stage, "_numbered", slow)
    sealer.seal(at(60))
    assert taken
    assert sealer.inclusion([taken[0].package_id]) is not None
    sealer.seal(at(61))
    assert all(sealer.inclusion([one.package_id])[0] is not None for one in taken)
    for axis in (sealer, door):
        axis.close()


def test_what_a_killed_sealing_left_out_is_found_by_the_next(monkeypatch: pytest.MonkeyPatch, store_url: str) -> None:
    """Killed after a portion: facts of lower ids stand without an entry behind others that have one, and no checkpoint speaks of them."""
    axis = open_field(store_url, seal_size=2)
    for number, sender in enumerate((PROVINCE, DEPARTMENT, PROVINCE, DEPARTMENT), 1):  # in the order of senders, not of ids
        send(axis, sender, Doc(sender, (DISTRICT,), str(number)).package(), 0)
    axis.settle(at(60))
    axis.seal(at(0))
    honest, portions = entries.append, []

    def dying(*arguments):  # type: ignore[no-untyped-def]
        if portions:
            raise KeyboardInterrupt
        portions.append(honest(*arguments))

    for number, sender in enumerate((PROVINCE, DEPARTMENT, PROVINCE, DEPARTMENT), 11):
        send(axis, sender, Doc(sender, (DISTRICT,), str(number)).package(), 100)
    monkeypatch.setattr(stage.entries, "append", dying)
    with pytest.raises(KeyboardInterrupt):
        axis.seal(at(160))
    monkeypatch.undo()
    left = written(axis)
    newest = axis.checkpoint()
    assert newest is not None
    assert len(left) == newest.size + 2
    axis.settle(at(200))
    sealed = axis.seal(at(200))
    rows = written(axis)
    assert rows[: len(left)] == left
    assert len({row[:2] for row in rows}) == len(rows) == sealed.size
    assert sum(row[0] == "admission" for row in rows) == 8
    with axis._store.reading() as work:
        assert sum(row[0] == "event" for row in rows) == work.value(select(func.count()).select_from(delivery_event)) > 16
    axis.close()
