"""What the processes of the service used of the processor during a run, read from ``/proc`` by their command lines; Linux, same machine.

The figures are those of the kernel's accounting (hundredths of a second), so they mean something from some seconds on.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_ROLES: tuple[tuple[str, Callable[[list[str]], bool]], ...] = (
    ("driver", lambda _: False),
    ("axis", lambda words: "axis" in words),
    ("worker", lambda words: "worker" in words or any("celery" in word for word in words)),
    ("beat", lambda words: "beat" in words),
    ("database", lambda words: _program(words).startswith("postgres")),
    ("broker", lambda words: _program(words).startswith(("valkey-server", "redis-server"))),
)
"""Roles by the words of a command line; ours are ``truc axis …``, ``truc worker …``."""


@dataclass(frozen=True, slots=True)
class Use:
    """Seconds of the processor since processes began, by role, and of the whole machine."""

    roles: Mapping[str, float]
    busy: float
    idle: float
    load: tuple[float, float, float]


def use(watch: frozenset[int] = frozenset()) -> Use | None:
    """As it is now; nothing where there is no ``/proc``. ``watch``: count only these processes and those they started, for there may be
    others of the same names on the machine; what they started and left to themselves is not found.
    """
    try:
        line = (_PROC / "stat").read_text("ascii").split("\n", 1)[0].split()[1:9]
        roles = dict.fromkeys(("", *(role for role, _ in _ROLES)), 0.0)
        processes = {pid: (parent, words, seconds) for pid, parent, words, seconds in _processes()}
        for pid, (_, words, seconds) in processes.items():
            if not watch or not watch.isdisjoint(_line_of(pid, processes)):
                roles[_role(words)] += seconds
        own = os.times()
        roles["driver"] += own.user + own.system
        ticks = [int(field) / os.sysconf("SC_CLK_TCK") for field in line]
        return Use(roles, sum(ticks) - ticks[3] - ticks[4], ticks[3] + ticks[4], os.getloadavg())
    except OSError:
        return None


def between(one: Use | None, other: Use | None, documents: int) -> dict[str, object]:
    """Milliseconds per document by role, and the share of the machine that was busy. ``other`` is what belongs to nobody of ours."""
    if one is None or other is None:
        return {}
    roles = {role: other.roles.get(role, 0.0) - one.roles.get(role, 0.0) for role, _ in _ROLES}
    busy, idle = other.busy - one.busy, other.idle - one.idle
    known = {role: max(0.0, seconds) for role, seconds in roles.items()}
    known["other"] = max(0.0, busy - sum(known.values()))
    return {
        "processors": os.cpu_count() or 1,
        "busy": busy / max(1e-9, busy + idle),
        "load": list(other.load),
        "per_document": {role: 1000 * seconds / max(1, documents) for role, seconds in known.items()},
    }


def _role(words: list[str]) -> str:
    return next((role for role, fits in _ROLES if fits(words)), "")


def _program(words: list[str]) -> str:
    return Path(words[0].split(":")[0]).name if words else ""


def _line_of(pid: int, processes: Mapping[int, tuple[int, list[str], float]]) -> Iterator[int]:
    """A process and those it descends from."""
    while pid in processes:
        yield pid
        pid = processes[pid][0]


def _processes() -> Iterator[tuple[int, int, list[str], float]]:
    """Number, parent, command line and seconds of every process but this one; what ended meanwhile is left out."""
    tick = os.sysconf("SC_CLK_TCK")
    for folder in _PROC.iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            words = (folder / "cmdline").read_bytes().decode("utf-8", "replace").rstrip("\0").split("\0")
            fields = (folder / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        except OSError:
            continue
        # with what its ended children used: a database ends a process with every connection
        yield int(folder.name), int(fields[1]), words, sum(map(int, fields[11:15])) / tick
