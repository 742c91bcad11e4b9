"""A stored package again: its header read anew, its attachments, its exact bytes. Never another reader's copy in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, select

from exchange.edxml.model import EdocHeader
from exchange.edxml.reader import EdxmlPackage, reread_around
from exchange.edxml.skeleton import Skeleton, rebuild
from exchange.store.blobs import StoredBlob, load
from exchange.store.tables import attachment, refusal, skeleton
from exchange.store.work import Store, Work
from signing import quickly_made

_SKELETONS = select(skeleton.c.package, skeleton.c.data).where(skeleton.c.package.in_(bindparam("packages", expanding=True)))
_ATTACHMENTS = (
    select(attachment.c.package, attachment.c.blob)
    .where(attachment.c.package.in_(bindparam("packages", expanding=True)))
    .order_by(attachment.c.package, attachment.c.ordinal)
)
_REFUSALS = select(refusal.c.package, refusal.c.statement, refusal.c.signature).where(
    refusal.c.package.in_(bindparam("packages", expanding=True))
)


@quickly_made
@dataclass(frozen=True, slots=True)
class StoredPackage:
    """One package as the database holds it."""

    skeleton: Skeleton
    blobs: tuple[StoredBlob, ...]

    def chunks(self, store: Store) -> Iterator[bytes]:
        """The exact bytes as submitted, a chunk at a time."""
        yield from rebuild(self.skeleton, [blob.chunks(store) for blob in self.blobs])

    def reread(self) -> EdxmlPackage:
        """The package's header and the description of its attachments, read from the stored bytes around them."""
        return reread_around(self.skeleton.literals)


def load_packages(work: Work, packages: Sequence[int]) -> dict[int, StoredPackage]:
    """Stored packages by row id; the chunks of large attachments stay where they are."""
    wanted = list(packages)
    if not wanted:
        return {}
    skeletons = {number: Skeleton.unpack(bytes(data)) for number, data in work.all_of(_SKELETONS, "packages", wanted)}
    attached: dict[int, list[int]] = {number: [] for number in skeletons}
    for number, one in work.all_of(_ATTACHMENTS, "packages", wanted):
        attached[number].append(one)
    blobs = load(work, sorted({one for ones in attached.values() for one in ones}))
    return {number: StoredPackage(bones, tuple(blobs[one] for one in attached[number])) for number, bones in skeletons.items()}


def load_header(work: Work, package: int) -> EdocHeader:
    """The header of one stored document package."""
    return load_packages(work, [package])[package].reread().edoc


def load_refusals(work: Work, packages: Sequence[int]) -> dict[int, tuple[bytes, bytes]]:
    """Statements and signatures of refusal notices by row id."""
    return {row.package: (row.statement, row.signature) for row in work.all_of(_REFUSALS, "packages", list(packages))}
