"""A 200 MB attachment passes reader and skeleton in constant memory, seen from outside the process."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
MEGABYTES = 200
PROGRAM = textwrap.dedent(
    """
    import hashlib, sys
    from binascii import b2a_base64
    from pathlib import Path
    from exchange.edxml.reader import read
    from exchange.edxml.skeleton import rebuild

    sample = Path("tests/exchange/edxml/samples/edoc-new.edxml").read_bytes()
    before, after = sample.split(b"JVBERi0xLjQKJSBzYW1wbGUK")
    BLOCK = bytes(range(256)) * 192  # 49,152 bytes: a multiple of 3, so its base64 has no padding
    count = int(sys.argv[1]) * 1_000_000 // len(BLOCK)
    text = b2a_base64(BLOCK, newline=False)
    if sys.argv[2] == "lines":
        text = b"".join(text[at : at + 64] + b"\\r\\n" for at in range(0, len(text), 64))

    def package():
        yield before
        for _ in range(count):
            yield text
        yield after

    class Stream:
        def __init__(self):
            self.chunks, self.rest, self.digest = package(), b"", hashlib.sha256()
        def read(self, amount):
            while not self.rest:
                chunk = next(self.chunks, None)
                if chunk is None:
                    return b""
                self.rest = chunk
            part, self.rest = self.rest[:amount], self.rest[amount:]
            self.digest.update(part)
            return part

    class Sink:
        size, digest = 0, hashlib.sha256()
        def open(self, *names):
            return self
        def write(self, data):
            self.size += len(data)
            self.digest.update(data)
        def close(self):
            return self.digest.hexdigest()

    if count == 0:
        sys.exit()
    stream, sink = Stream(), Sink()
    found = read(stream, sink)
    assert found.attachments[0].size == count * len(BLOCK) == sink.size
    assert len(found.skeleton.pieces) <= 4, found.skeleton.pieces[1:]
    whole = hashlib.sha256()
    for chunk in rebuild(found.skeleton, [(BLOCK for _ in range(count))]):
        whole.update(chunk)
    assert whole.digest() == stream.digest.digest()
    """
)


def peak_kilobytes(megabytes: int, layout: str, tmp_path: Path) -> int:
    """The greatest resident size of a process that does the work, as the operating system tells its parent."""
    errors = tmp_path / "errors"
    with errors.open("wb") as sink:
        child = subprocess.Popen([sys.executable, "-c", PROGRAM, str(megabytes), layout], cwd=ROOT, stderr=sink)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, errors.read_text()
    return usage.ru_maxrss // (1024 if sys.platform == "darwin" else 1)


@pytest.mark.parametrize("layout", ["single", "lines"])
def test_two_hundred_megabytes_pass_in_constant_memory(layout: str, tmp_path: Path) -> None:
    above_idle = peak_kilobytes(MEGABYTES, layout, tmp_path) - peak_kilobytes(0, layout, tmp_path)
    assert above_idle < 32_000, f"{above_idle} kB above idle"
