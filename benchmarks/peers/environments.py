"""A virtual environment for each peer, made by pip at the first time and kept; nothing in it is ever imported here."""

from __future__ import annotations

import subprocess
import venv
from hashlib import sha256
from pathlib import Path
from tempfile import gettempdir


class EnvironmentMissing(Exception):
    """It could not be made; the text says which and why."""


def environment(*requirements: str) -> Path:
    """Python of an environment that holds these packages and what they need. Raises :class:`EnvironmentMissing`."""
    name = requirements[0].replace("==", "-")
    home = Path(gettempdir()) / f"truc-peer-{name}-{sha256(' '.join(requirements).encode()).hexdigest()[:8]}"
    python = home / "bin" / "python"
    try:
        if not (home / "whole").exists():
            venv.create(home, with_pip=True, clear=True)
            subprocess.run([str(python), "-m", "pip", "install", "--quiet", *requirements], check=True, capture_output=True, text=True)
            (home / "whole").touch()
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", None)
        raise EnvironmentMissing(f"its environment in {home} could not be made: {said or error}") from error
    return python
