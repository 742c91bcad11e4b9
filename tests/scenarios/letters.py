"""Letters out of a finished run: fetched from its axis through the door, spread over agencies, levels and types, some with annexes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from exchange.api import Caller
from exchange.axis import Axis
from exchange.bootstrap import open_axis
from exchange.domain.identifiers import OrganId
from exchange.edxml.attached import MemorySink
from exchange.edxml.reader import read
from exchange.settings import AxisSettings
from scenarios import roads
from scenarios.world.model import World
from scenarios.world.pki import WorldPki
from signing import CadesSigner, Purpose

_SECRET = "given anew by whoever keeps the axis"


@dataclass(frozen=True, slots=True)
class Fetched:
    """One letter as a recipient gets it, and what to know of it without opening it."""

    package_id: str
    sender: OrganId
    group: tuple[str, str]
    """Level and bloc of the sender."""
    type: str
    admitted_at: datetime
    letter: bytes
    annexes: tuple[tuple[bytes, bytes], ...]
    """Each annex and its detached signature."""

    @property
    def id(self) -> str:
        """For messages: who, what, which."""
        return f"{self.sender} {self.type} {self.package_id}"


def letters_of(world: World, issued: WorldPki, workdir: Path) -> Iterator[Fetched]:
    """Every letter that reached a mailbox in the run of ``workdir``, once each, in order of admission."""
    axis = open_axis(
        AxisSettings(database_url=f"sqlite:///{workdir / 'axis.db'}"),
        directory=issued.directory,
        trust=issued.pki.trust_store(),
        signer=CadesSigner(issued.axis, embed_certificates=False, purpose=Purpose.RECEIPT),
        hops=roads.hop_specs(world),
    )
    try:
        yield from _fetch_all(axis, world)
    finally:
        axis.close()


def _fetch_all(axis: Axis, world: World) -> Iterator[Fetched]:
    agencies = {agency.id: agency for agency in world.agencies}
    there = {record.package_id: record for record in axis.export_deliveries() if record.transport == "fetched"}
    axis.enrol_all({record.recipient: _SECRET for record in there.values()})
    for name, record in there.items():
        (package,) = axis.fetch(Caller(record.recipient, _SECRET), [name], record.transport_at or record.admitted_at)
        sink = MemorySink()
        content = read(package.read(), sink)
        files = {info.name: sink.data[info.ref] for info in content.attachments}
        (letter,) = (data for file, data in files.items() if file.endswith(".pdf"))
        signed = tuple((files[file.removesuffix(".p7s")], data) for file, data in files.items() if file.endswith(".p7s"))
        sender = agencies[package.envelope.sender]
        group = (sender.level.value, sender.bloc.value)
        yield Fetched(name, sender.id, group, content.edoc.type.name, record.admitted_at, letter, signed)


def draw(letters: Iterator[Fetched], count: int) -> tuple[Fetched, ...]:
    """``count`` letters, each next one from the group, sender and type drawn least so far, with an annex in turn; no chance in it."""
    left = list(letters)
    drawn: list[Fetched] = []
    seen: Counter[object] = Counter()
    while left and len(drawn) < count:
        rarest = min(left, key=lambda one: (seen[one.group], seen[one.sender], seen[one.type], seen[bool(one.annexes)], one.package_id))
        left.remove(rarest)
        drawn.append(rarest)
        seen.update((rarest.group, rarest.sender, rarest.type, bool(rarest.annexes)))
    return tuple(drawn)
