"""A Python environment with the packages of one lock and no others, linked to those another environment has: in a second, no network.

    .venv/bin/python tools/plain_environment.py requirements/test.txt /tmp/plain
    /tmp/plain/bin/python -P -m pytest tests/console

What CI checks has everything in it; who clones the project has the lock of the tests. A test that takes for granted what only CI has can be
seen in such an environment. Its packages are links into the environment this runs in.
"""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)
CLONE = Path(__file__).resolve().parent.parent


def locked(lock: Path) -> dict[str, str]:
    """Names and versions a lock states, for every platform."""
    return dict(_PINNED.findall(lock.read_text("utf-8")))


def make(lock: Path, folder: Path) -> list[str]:
    """Make the environment; gives the names of the packages in it. Those of the lock that are not here are meant for other platforms."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)  # noqa: S603 - this Python itself
    site = next(folder.glob("lib/python3*/site-packages"))
    (site / "truc-clone.pth").write_text(f"{CLONE}\n", "utf-8")
    found = []
    for name, version in locked(lock).items():
        try:
            package = distribution(name)
        except PackageNotFoundError:
            continue
        if package.version != version:
            raise SystemExit(f"{name} is {package.version} here, and {lock} asks for {version}: run ./truc ci-install")
        _link(package, site)
        found.append(name)
    return found


def _link(package: Distribution, site: Path) -> None:
    """Link what a distribution put beside others: its modules, its libraries, its own description. Programs are not linked."""
    for top in {file.parts[0] for file in package.files or () if file.parts[0] not in ("..", "__pycache__")}:
        target = site / top
        if not target.exists():
            target.symlink_to(Path(str(package.locate_file(top))))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    names = make(Path(sys.argv[1]), Path(sys.argv[2]))
    print(f"{len(names)} packages in {sys.argv[2]}")
