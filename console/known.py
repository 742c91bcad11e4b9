"""Which scenario is meant, and its world. Nothing of the kernel is imported: the service's processes ask this too, and start without it."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from console.locale import Text
from console.outcome import Unusable
from scenarios.world.file import WorldFileError, library, load_world
from scenarios.world.model import World

_LONGEST = 100
"""Characters of a name that is no path; no file system takes three times as many."""


def known(name: str, seed: str, text: Text) -> None:
    """Refuse an empty seed and a name that is neither a scenario's nor a file's, in the user's language."""
    if not seed:
        raise Unusable(text("error.seed"))
    names = library()
    if name in names or "/" in name or name.endswith(".toml"):
        return
    if len(name) > _LONGEST:
        raise Unusable(text("error.scenario", name=f"{name[:_LONGEST]}…", guess="", names=", ".join(names)))
    own = [f"{name}.toml"] if name and Path(f"{name}.toml").is_file() else []
    guess = [text("error.scenario.guess", name=near) for near in own or get_close_matches(name.lower(), names, n=1)]
    raise Unusable(text("error.scenario", name=name or "''", guess="".join(guess), names=", ".join(names)))


def world_of(name: str, seed: str, text: Text) -> World:
    """The world of a scenario or a file. Raises :class:`Unusable` with one sentence in the user's language."""
    known(name, seed, text)
    try:
        return load_world(name, seed)
    except WorldFileError as error:
        raise Unusable(_said(error, text)) from None


def _said(error: WorldFileError, text: Text) -> str:
    """One sentence in the user's language for each thing that is wrong with a world file, as far as they are told."""
    sentences = ((error.file, text.of_world(place), text.of_world(rule)) for place, rule in ((error.place, error.rule), *error.more))
    lines = [": ".join(part for part in parts if part) for parts in sentences]
    if error.untold:
        lines.append(text("error.world.more", count=text.number(error.untold)))
    if error.more:
        lines.append(text("error.world.then"))
    return "\n".join(lines)
