"""``python -m benchmarks``: print the table; with ``--save`` also keep it, with commit and machine."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

from benchmarks import machine
from benchmarks.rows import Row, render, values

RECORDS = machine.ROOT / "docs" / "measurements"


def main() -> int:
    """Measure, print, keep. Exit code 1 when a requirement fell short."""
    options = _options()
    head = machine.describe()
    print("\n".join(f"{name:<22} {value}" for name, value in head.items()), end="\n\n", flush=True)
    rows: list[Row] = []
    for group in options.only:
        for row in GROUPS[group](options):
            rows.append(row)
            print(render(row), end="\n\n", flush=True)
    if options.save:
        print(f"kept in {_save(head, rows)}", file=sys.stderr)
    return 0 if all(held for row in rows for _, held in row.verdicts()) else 1


def _signatures(options: argparse.Namespace) -> Iterator[Row]:
    from benchmarks import signatures

    return signatures.rows(options.slice)


def _paths(options: argparse.Namespace) -> Iterator[Row]:
    from benchmarks import paths

    return paths.rows(options.slice)


def _long_term(options: argparse.Namespace) -> Iterator[Row]:
    from benchmarks import long_term

    return long_term.rows(options.slice)


def _letters(options: argparse.Namespace) -> Iterator[Row]:
    from benchmarks import letters

    return letters.rows(options.slice)


def _archive(options: argparse.Namespace) -> Iterator[Row]:
    from benchmarks import archive

    return archive.rows(options.slice)


def _simulation(options: argparse.Namespace) -> Iterator[Row]:
    from benchmarks import simulation

    return simulation.rows(options.slice, options.scenario, options.days)


def _peers(options: argparse.Namespace) -> Iterator[Row]:
    from benchmarks.peers import rows

    return rows(options.slice)


GROUPS: Mapping[str, Callable[[argparse.Namespace], Iterator[Row]]] = {
    "signatures": _signatures,
    "paths": _paths,
    "long-term": _long_term,
    "letters": _letters,
    "archive": _archive,
    "simulation": _simulation,
    "peers": _peers,
}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Ratios in one run on one machine: raw operation, ours, peer."
    )
    parser.add_argument("--only", nargs="+", choices=sorted(GROUPS), default=list(GROUPS), help="groups of rows (default: all)")
    parser.add_argument("--slice", type=float, default=0.2, help="seconds per contender and round (default: 0.2)")
    parser.add_argument("--scenario", default="hoa-binh-2021", help="what the simulation row runs (default: hoa-binh-2021)")
    parser.add_argument("--days", type=int, default=1, help="working days of the simulation row (default: 1)")
    parser.add_argument("--save", action="store_true", help="keep the table in docs/measurements/ with commit and machine")
    return parser.parse_args()


def _save(head: Mapping[str, str], rows: list[Row]) -> str:
    """Write the record as text and as JSON; named by day and commit."""
    RECORDS.mkdir(parents=True, exist_ok=True)
    name = f"{datetime.now(UTC):%Y-%m-%d}-{head['commit'][:10]}"
    text = "\n".join(f"{key:<22} {value}" for key, value in head.items()) + "\n\n" + "\n\n".join(render(row) for row in rows) + "\n"
    (RECORDS / f"{name}.txt").write_text(text, encoding="utf-8")
    record = {"machine": dict(head), "rows": [values(row) for row in rows]}
    (RECORDS / f"{name}.json").write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return str((RECORDS / name).relative_to(machine.ROOT)) + ".{txt,json}"


if __name__ == "__main__":
    sys.exit(main())
