"""Take the letters out of a finished run, so that anybody's own tools can judge them.

    ./truc run first-day --out r/
    .venv/bin/python tools/take_out_letters.py r/ letters/
    for letter in letters/*.pdf; do pdfsig -nocert $letter; done
    ./truc verify letters/*.pdf --trust letters/trust --at 2021-09-27

Each letter that was fetched is written once, as its recipients got it, named by sender and package, with its annexes and their detached
signatures. Where agencies keep what they registered and make it last, ``kept/`` has each copy as it is now, named by keeper and document;
it begins with the letter that was delivered. Beside them what ``truc verify --trust`` reads: ``trust/anchors`` the test root,
``trust/authorities`` those it certified, ``trust/crls`` the lists of revoked certificates when the last letter came in or the last copy was
time-stamped; for another day ``--trust signed-for-years`` makes them. For a run of a world file of one's own, its path is the third
argument. The run is not touched: only copies are opened.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from exchange.api import Caller
from exchange.axis import Axis
from exchange.bootstrap import open_axis
from exchange.edxml.attached import MemorySink
from exchange.edxml.reader import read
from exchange.errors import StoreError
from exchange.settings import AxisSettings
from scenarios import roads
from scenarios.office.kept import KeptUnreadable, SpoiltRow, kept_copies
from scenarios.office.registers import OFFICES
from scenarios.world import pki
from scenarios.world.file import WorldFileError, load_world
from signing import CadesSigner, LetterRefused, Pki, Purpose, letter_claims, unpack_letter

_SECRET = "given anew by whoever keeps the axis"


def main(run: Path, target: Path, scenario: str | None) -> None:
    """Build the run's world again from its name and seed, open its axis, fetch every letter again."""
    absent = [name for name in ("measures.json", "axis.db") if not (run / name).is_file()]
    if absent:
        sys.exit(f"{run} is no folder of a run (truc run … --out): it holds no {' and no '.join(absent)}.")
    if target.exists() and not target.is_dir():
        sys.exit(f"{target} is no folder: name one to write the letters to.")
    told = json.loads((run / "measures.json").read_text("utf-8"))
    world = load_world(scenario or told["scenario"]["name"], told["seed"])
    issued = pki.build(world)
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="truc-") as folder:
        copy = shutil.copy(run / "axis.db", folder)
        axis = open_axis(
            AxisSettings(database_url=f"sqlite:///{copy}"),
            directory=issued.directory,
            trust=issued.pki.trust_store(),
            signer=CadesSigner(issued.axis, embed_certificates=False, purpose=Purpose.RECEIPT),
            hops=roads.hop_specs(world),
        )
        try:
            letters, last = _write_letters(axis, target)
        finally:
            axis.close()
    kept, newest = _write_kept(run / OFFICES, target / "kept")
    last = max(last, newest)
    _write_trust(issued.pki, last, target)
    copies = f"{kept} copies that agencies keep, " if kept else ""
    print(f"{letters} letters, {copies}the test root and its lists of revoked certificates: {target}")
    for folder in (target, target / "kept") if kept else (target,):
        print(f"./truc verify {folder}/*.pdf --trust {target}/trust --at {last.isoformat(timespec='seconds')}")


def _write_letters(axis: Axis, target: Path) -> tuple[int, datetime]:
    there = {record.package_id: record for record in axis.export_deliveries() if record.transport == "fetched"}
    axis.enrol_all({record.recipient: _SECRET for record in there.values()})
    last = max(record.admitted_at for record in there.values())
    for name, record in there.items():
        (package,) = axis.fetch(Caller(record.recipient, _SECRET), [name], record.transport_at or record.admitted_at)
        sink = MemorySink()
        for info in read(package.read(), sink).attachments:
            safe = Path(info.name).name
            (target / f"{package.envelope.sender}-{name}-{safe}").write_bytes(sink.data[info.ref])
    return len(there), last


def _write_kept(offices: Path, target: Path) -> tuple[int, datetime]:
    """The copies agencies keep, as they are now; how many, and the newest time-stamp on them."""
    names, newest = set[str](), datetime.min.replace(tzinfo=UTC)
    if not offices.is_file():
        return 0, newest
    with tempfile.TemporaryDirectory(prefix="truc-") as folder:
        for one in kept_copies(Path(shutil.copy(offices, folder))):
            if isinstance(one, SpoiltRow):
                print(f"row {one.row} of {offices} is left out: {one.fault}", file=sys.stderr)
                continue
            name = f"{_safe(one.agency)}-{_safe(one.document)}"
            name = f"{name}-{len(names)}" if name in names else name
            try:
                data = unpack_letter(one.kept)
                stamps = [slot.generated_at for slot in letter_claims(data).seal.archive_tokens]
            except LetterRefused as refusal:
                print(f"the copy {name} is left out: {refusal}", file=sys.stderr)
                continue
            names.add(name)
            newest = max(newest, *stamps) if stamps else newest
            target.mkdir(exist_ok=True)
            (target / f"{name}.pdf").write_bytes(data)
    return len(names), newest


def _safe(name: str) -> str:
    """What somebody wrote into a register, as part of a file's name."""
    return re.sub(r"[^\w.,-]", "_", name)[:60]


def _write_trust(made: Pki, at: datetime, target: Path) -> None:
    evidence = made.evidence(at)
    folders = (("anchors", "der", evidence.anchors), ("authorities", "der", evidence.certificates), ("crls", "crl", evidence.crls))
    for name, suffix, artefacts in folders:
        folder = target / "trust" / name
        folder.mkdir(parents=True, exist_ok=True)
        for number, artefact in enumerate(artefacts):
            (folder / f"{name}-{number}.{suffix}").write_bytes(artefact)


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    try:
        main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] if len(sys.argv) == 4 else None)
    except KeyboardInterrupt:
        sys.exit("Interrupted; what was written so far is incomplete.")
    except WorldFileError as problem:
        sys.exit(f"{problem}{' (a world file of your own is the third argument)' if len(sys.argv) == 3 else ''}")
    except KeptUnreadable as problem:
        sys.exit(f"{OFFICES} cannot be read: {problem}")
    except (StoreError, OSError, ValueError, KeyError) as problem:
        sys.exit(str(problem))
