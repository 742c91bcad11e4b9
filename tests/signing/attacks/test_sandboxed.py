"""What a subverted parser could do to the process that waits for it, and to the machine when nobody waits any more."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from multiprocessing.connection import Pipe
from pathlib import Path
from pickle import dumps
from typing import Any

import pytest

from signing import FormatFailure
from signing.formats.sandbox import PATIENCE, Sandbox

HERE = "signing.formats.attack_probe"
PROBE = """
import os, sys, time
def half():
    os.write(int(sys.argv[1]), bytes((0, 0, 16, 0)) + b"abc")
    time.sleep(600)
def spin():
    while True:
        pass
def write(path):
    with open(path, "wb") as file:
        file.write(bytes(1 << 20))
def files():
    kept = [open("/dev/null") for _ in range(1000)]
    return len(kept)
def echo():
    return 1
"""


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A module that a child finds under a name inside ``signing``."""
    folder = tmp_path_factory.mktemp("probe")
    (folder / "probe.py").write_text(PROBE)
    (folder / "sitecustomize.py").write_text(
        "import sys\n"
        "from importlib.util import spec_from_file_location\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        return spec_from_file_location(name, {str(folder / 'probe.py')!r}) if name == {HERE!r} else None\n"
        "sys.meta_path.insert(0, Finder())\n"
    )
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))


def call(name: str, *arguments: Any, seconds: float = 0.5, patience: float = PATIENCE) -> Any:
    with Sandbox(seconds=seconds, patience=patience) as box:
        return box.call(f"{HERE}:{name}", *arguments)


def test_half_an_answer_is_not_waited_for(probe: Path) -> None:
    """A child that begins an answer and never ends it: there is something to read, and reading it to the end takes for ever."""
    began = time.monotonic()
    with pytest.raises(FormatFailure):
        call("half", patience=2.0)
    assert time.monotonic() - began < PATIENCE - 5


def test_a_child_whose_parent_was_killed_ends_by_itself(probe: Path) -> None:
    """An auditor kills the command while a hostile file is being parsed; the parser must not run on for ever."""
    ours, theirs = Pipe()
    command = (
        sys.executable,
        "-c",
        "from signing.formats.sandbox import serve; serve()",
        str(theirs.fileno()),
        HERE,
        str(1 << 30),
        "60",
        "1",
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    child = subprocess.Popen(command, env=environment, pass_fds=(theirs.fileno(),), stderr=subprocess.DEVNULL)
    theirs.close()
    assert ours.poll(60)
    ours.recv_bytes()
    ours.send_bytes(dumps((f"{HERE}:spin", ())))
    assert child.wait(timeout=30) == -signal.SIGALRM
    ours.close()


def test_a_child_writes_no_files_and_opens_few(probe: Path, tmp_path: Path) -> None:
    """Neither may a parser fill the disk or use up the machine's files."""
    with pytest.raises(FormatFailure):
        call("write", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists() or (tmp_path / "out").stat().st_size == 0
    with pytest.raises(FormatFailure, match="Too many open files"):
        call("files")


def test_an_honest_child_lives_longer_than_its_limit(probe: Path) -> None:
    """The clock that ends a child runs only while it answers."""
    with Sandbox(seconds=0.5, patience=1.0) as box:
        assert box.call(f"{HERE}:echo") == 1
        child = box._child
        time.sleep(1.6)
        assert box.call(f"{HERE}:echo") == 1
        assert box._child is child
