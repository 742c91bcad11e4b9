"""Which scenario is meant. Nothing of the kernel is imported: the service's processes ask this too, and start without it."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from console.locale import Text
from console.outcome import Unusable
from scenarios.world.file import library


def known(name: str, seed: str, text: Text) -> None:
    """Refuse an empty seed and a name that is neither a scenario's nor a file's, in the user's language."""
    if not seed:
        raise Unusable(text("error.seed"))
    names = library()
    if name in names or "/" in name or name.endswith(".toml"):
        return
    own = [f"{name}.toml"] if name and Path(f"{name}.toml").is_file() else []
    guess = [text("error.scenario.guess", name=near) for near in own or get_close_matches(name.lower(), names, n=1)]
    raise Unusable(text("error.scenario", name=name or "''", guess="".join(guess), names=", ".join(names)))
