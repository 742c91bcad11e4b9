"""The launcher ``./truc``: what it makes on a bare machine, and what it says where it cannot.

Installations here are real (venv and pip), of one tiny wheel made on the spot with its hash, and without an index: no network.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.machinery
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from base64 import urlsafe_b64encode
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent
LAUNCHER = ROOT / "truc"

CLI = """
import os, sys
def main():
    import tiny
    print(sys.argv, tiny.WORD, os.getcwd())
    return int(sys.argv[1]) if sys.argv[1:] else 0
"""


def tiny_wheel(folder: Path) -> str:
    """Write the wheel of a package ``tiny`` 1.0 and give back its SHA-256 in hex."""
    files = {
        "tiny.py": b"WORD = 'tiny speaks'\n",
        "tiny-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n",
        "tiny-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(
        f"{name},sha256={urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip('=')},{len(data)}\n"
        for name, data in files.items()
    )
    wheel = folder / "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
        archive.writestr("tiny-1.0.dist-info/RECORD", record + "tiny-1.0.dist-info/RECORD,,\n")
    return hashlib.sha256(wheel.read_bytes()).hexdigest()


class Clone:
    """A clone of the project with a command line of its own and a lock of one package."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "clone"
        self.wheels = folder / "wheels"
        self.wheels.mkdir(parents=True)
        (self.root / "console").mkdir(parents=True)
        (self.root / "requirements").mkdir()
        (self.root / "console" / "__init__.py").write_text("")
        (self.root / "console" / "cli.py").write_text(CLI)
        shutil.copy(LAUNCHER, self.root / "truc")
        self.hash = tiny_wheel(self.wheels)
        self.lock(self.hash)

    def lock(self, sha256: str) -> None:
        (self.root / "requirements" / "run.txt").write_text(f"tiny==1.0 \\\n    --hash=sha256:{sha256}\n")

    def start(self, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        environment = dict(os.environ, PIP_NO_INDEX="1", PIP_FIND_LINKS=str(self.wheels))
        command = [sys.executable, str(self.root / "truc"), *arguments]
        return subprocess.run(command, cwd=cwd or self.root, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    return Clone(tmp_path_factory.mktemp("launcher"))


def test_first_use_installs_with_one_line_and_later_uses_are_silent(clone: Clone, tmp_path: Path) -> None:
    (tmp_path / "console.py").write_text("raise SystemExit('shadowed by the folder we were called from')")
    first = clone.start("7", cwd=tmp_path)
    assert first.returncode == 7, first.stderr
    assert first.stdout.split(" ", 2)[2].strip() == f"tiny speaks {tmp_path}"
    assert first.stdout.startswith("['truc', '7']")
    assert re.fullmatch(r"truc: setting up \.venv with 1 packages .*\n", first.stderr)
    again = clone.start("0")
    assert (again.returncode, again.stderr) == (0, "")


def test_a_wrong_hash_is_never_taken_for_installed_and_a_mended_lock_installs_again(clone: Clone) -> None:
    clone.start()
    clone.lock("00" * 32)
    shutil.rmtree(clone.root / ".venv")
    for _ in range(2):
        refused = clone.start()
        assert refused.returncode == 3
        assert refused.stdout == ""
        assert "setting up .venv" in refused.stderr
    clone.lock(clone.hash)
    mended = clone.start()
    assert (mended.returncode, mended.stdout.count("tiny speaks")) == (0, 1)


def test_without_the_package_it_says_what_to_do_about_the_network(clone: Clone) -> None:
    wheel = next(clone.wheels.iterdir())
    hidden = wheel.rename(wheel.with_suffix(".hidden"))
    shutil.rmtree(clone.root / ".venv", ignore_errors=True)
    try:
        lost = clone.start()
    finally:
        hidden.rename(wheel)
    assert lost.returncode == 3
    assert "is there a network?" in lost.stderr
    assert "PIP_FIND_LINKS" in lost.stderr
    assert "Traceback" not in lost.stderr
    assert clone.start().returncode == 0


def load(path: Path) -> ModuleType:
    loader = importlib.machinery.SourceFileLoader("launcher_under_test", str(path))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("words", "needed"),
    [
        ("run first-day", False), ("up load-field --port 0", True), ("load http://127.0.0.1:8080 --rate 5", True), ("up --help", False),
        ("run first-day --axis http://127.0.0.1:8080", True), ("run first-day --axis=http://127.0.0.1:8080", True), ("", False),
        ("audit postgresql+psycopg://truc@127.0.0.1/truc", True), ("audit archive.db", False),
        ("doctor --broker redis://127.0.0.1/0", True),
        ("pki first-day --at now", True),
        ("verify up", False), ("migrate --database sqlite:///a.db", False), ("admin lock H28 --reason https://a/b", False),
    ],
)  # fmt: skip
def test_the_service_brings_its_packages_when_it_is_asked_for(words: str, needed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TRUC_DATABASE", "TRUC_BROKER"):
        monkeypatch.delenv(name, raising=False)
    launcher = load(LAUNCHER)
    assert launcher.of_the_service(words.split()) is needed
    monkeypatch.setenv("TRUC_BROKER", "redis://127.0.0.1/0")
    assert launcher.of_the_service(words.split()) is ("--help" not in words)


def test_one_lock_installed_beside_another_leaves_both_stamped(clone: Clone) -> None:
    clone.start()
    launcher = load(clone.root / "truc")
    (clone.root / "requirements" / "service.txt").write_bytes((clone.root / "requirements" / "run.txt").read_bytes())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIP_NO_INDEX", "1")
        patch.setenv("PIP_FIND_LINKS", str(clone.wheels))
        launcher.install("service")
        (clone.root / "requirements" / "test.txt").write_bytes((clone.root / "requirements" / "run.txt").read_bytes())
        launcher.install("test")
    assert launcher.up_to_date("run")
    assert launcher.up_to_date("service")
    assert launcher.up_to_date("test")


def test_an_interrupted_installation_leaves_no_stamp(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    clone.start()
    launcher = load(clone.root / "truc")
    assert launcher.up_to_date("run")

    def interrupted(command: list[str]) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(launcher, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        launcher.install("run")
    assert not launcher.up_to_date("run")
    assert clone.start().returncode == 0


def test_without_ensurepip_the_systems_pip_fills_an_environment_that_has_none(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(clone.root / ".venv", ignore_errors=True)
    launcher = load(clone.root / "truc")
    monkeypatch.setattr(launcher, "importable", lambda name: name != "ensurepip")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(clone.wheels))
    if not launcher.works([launcher.BASE, "-m", "pip", "--version"]):
        # this Python has no pip of its own: then the launcher must say which one to install, and stop
        with pytest.raises(SystemExit):
            launcher.install("run")
        return
    launcher.install("run")
    assert not launcher.works([launcher.PYTHON, "-m", "pip", "--version"])
    assert clone.start("4").returncode == 4


def test_it_parses_under_old_pythons_and_tells_them_what_it_needs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = LAUNCHER.read_bytes().decode("ascii")
    ast.parse(text, feature_version=(3, 4))
    launcher = load(LAUNCHER)
    monkeypatch.setattr(launcher.sys, "version_info", (3, 9, 2))
    monkeypatch.setattr(launcher.shutil, "which", lambda name: None)
    assert launcher.main(["run", "first-day"]) == 3
    assert "needs Python 3.11 or newer; this is Python 3.9" in capsys.readouterr().err


def test_an_old_python_hands_over_to_a_newer_one(monkeypatch: pytest.MonkeyPatch) -> None:
    launcher = load(LAUNCHER)
    monkeypatch.setattr(launcher.sys, "version_info", (3, 9, 2))
    monkeypatch.setattr(launcher.shutil, "which", lambda name: f"/somewhere/{name}" if name in ("python3.13", "python3.12") else None)
    monkeypatch.setattr(launcher, "works", lambda command: command[0] == "/somewhere/python3.12")
    started: list[list[str]] = []
    monkeypatch.setattr(launcher, "hand_over", started.append)
    launcher.main(["run", "first-day"])
    assert started == [["/somewhere/python3.12", str(LAUNCHER), "run", "first-day"]]


def test_the_locks_hold_what_the_project_asks_for_by_hash_and_name_no_address() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    service = extras["service"] + extras["servers"]
    asked = {
        "run": project["dependencies"],
        "service": extras["http"] + extras["load"] + service,
        "test": extras["test"] + extras["http"] + extras["load"],
        "ci": extras["judges"] + extras["dev"] + service,
    }
    held: dict[str, set[str]] = {}
    for lock, wanted in asked.items():
        text = (ROOT / "requirements" / f"{lock}.txt").read_text()
        pins = set(re.findall(r"^([a-z0-9.-]+==[^ ]+)", text, re.MULTILINE))
        assert len(pins) > 10
        held[lock] = pins
        names = {pin.split("==")[0] for pin in pins}
        assert {re.match(r"[A-Za-z0-9-]+", requirement)[0] for requirement in wanted} - {"truc"} <= names  # type: ignore[index]
        assert all(re.search(rf"^{re.escape(pin)}[^\n]*\\\n +--hash=sha256:[0-9a-f]{{64}}", text, re.MULTILINE) for pin in pins)
        assert "://" not in text
        assert "--index" not in text
        assert "--find-links" not in text
    for lock, carriers in load(LAUNCHER).CARRIES.items():
        assert all(held[lock] <= held[carrier] for carrier in carriers), "a wider lock pins what the narrower one pins"
