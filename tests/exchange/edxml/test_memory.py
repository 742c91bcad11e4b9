"""A 200 MB attachment passes reader and skeleton in constant memory, seen from outside the process."""

from __future__ import annotations

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
        def open(self):
            return self
        def write(self, data):
            self.size += len(data)
            self.digest.update(data)
        def close(self):
            return self.digest.hexdigest()

    print("idle", flush=True)
    sys.stdin.readline()
    stream, sink = Stream(), Sink()
    found = read(stream, sink)
    assert found.attachments[0].size == count * len(BLOCK) == sink.size
    assert len(found.skeleton.pieces) <= 4, found.skeleton.pieces[1:]
    whole = hashlib.sha256()
    for chunk in rebuild(found.skeleton, [(BLOCK for _ in range(count))]):
        whole.update(chunk)
    assert whole.digest() == stream.digest.digest()
    print("done", flush=True)
    sys.stdin.readline()
    """
)


def peak_kilobytes(pid: int) -> int:
    """The greatest resident size of a process so far, as the operating system tells others."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells other processes the peak of one (/proc/PID/status)")
@pytest.mark.parametrize("layout", ["single", "lines"])
def test_two_hundred_megabytes_pass_in_constant_memory(layout: str) -> None:
    command = [sys.executable, "-c", PROGRAM, str(MEGABYTES), layout]
    with subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        peaks = []
        for expected in ("idle", "done"):
            assert child.stdout.readline().strip() == expected
            peaks.append(peak_kilobytes(child.pid))
            child.stdin.write("go on\n")
            child.stdin.flush()
        _, errors = child.communicate(timeout=10)
    assert (child.returncode, errors) == (0, "")
    assert peaks[1] - peaks[0] < 16_000, f"{peaks[1] - peaks[0]} kB above idle"
