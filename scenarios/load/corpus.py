"""A corpus: packages signed before the run and kept in a folder named by what determines them, put together again in microseconds.

A folder holds ``parts.bin`` (what is each document's own, letters deflated against the first one), ``index.bin`` (one row per document)
and ``corpus.json``. Its name is a hash of the recipe, the world and the first package written anew, so that whatever would change a
package changes the name. It appears under that name when it is whole.
"""

from __future__ import annotations

import json
import mmap
import os
import shutil
import struct
import tempfile
import zlib
from array import array
from base64 import b64decode, b64encode
from binascii import b2a_base64
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

from scenarios.load import writing
from scenarios.load.draw import Drawn, Recipe, draw
from scenarios.load.field import Field
from scenarios.load.profiles import MIB, Form

_VERSION = 1
_ROW = struct.Struct("<QIIHHBQQ32s")
"""Offset and lengths of head and own part, recipients, sender, urgency, size of the file, size and SHA-256 of the package."""
_CHUNK = 500
_WINDOW = 1 << 15
Told = Callable[[int, int], None]
"""Called with how many documents are written and how many there will be."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One document of a corpus. ``sender`` and ``recipients`` are places in the field."""

    index: int
    sender: int
    recipients: tuple[int, ...]
    urgency: int
    size: int
    """Bytes of its package."""
    sha256: bytes


@dataclass(frozen=True, slots=True)
class _Common:
    """What all packages of a corpus share."""

    prefix: bytes
    """First bytes of every letter."""
    sample: bytes
    """Rest of the first letter, which the others' are deflated against."""
    middle: bytes
    foot: bytes


class Corpus:
    """A corpus opened for reading. :meth:`pieces` and :meth:`package` give packages, :meth:`entry` what is known of them."""

    def __init__(self, folder: Path, field: Field, recipe: Recipe) -> None:
        self.folder, self.recipe = folder, recipe
        said = json.loads((folder / "corpus.json").read_text("utf-8"))
        self._common = _Common(*(b64decode(said[name]) for name in ("prefix", "sample", "middle", "foot")))
        self._prefix64 = b2a_base64(self._common.prefix, newline=False)
        self._letters = recipe.profile.form is Form.LETTER
        self._series = writing.series_seed(field, recipe.profile, recipe.series)
        self._pool64 = b"" if self._letters else b2a_base64(writing.pool(field.world.seed), newline=False)
        self._pool = b"" if self._letters else writing.pool(field.world.seed)
        self._rows = (folder / "index.bin").read_bytes()
        with (folder / "parts.bin").open("rb") as file:
            self._parts = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def __len__(self) -> int:
        return len(self._rows) // _ROW.size

    def close(self) -> None:
        """Let go of the files."""
        self._parts.close()

    def entry(self, index: int) -> Entry:
        """What is known of a document."""
        offset, _, _, recipients, sender, urgency, _, size, digest = _ROW.unpack_from(self._rows, index * _ROW.size)
        places = array("H", self._parts[offset : offset + 2 * recipients])
        return Entry(index, sender, tuple(places), urgency, size, digest)

    def package(self, index: int) -> bytes:
        """A package in one piece."""
        return b"".join(self.pieces(index))

    def pieces(self, index: int) -> Iterator[bytes | memoryview]:
        """A package's bytes in order; no piece is larger than the pool in base64."""
        offset, head, own, recipients, _, _, size, _, _ = _ROW.unpack_from(self._rows, index * _ROW.size)
        at = offset + 2 * recipients
        yield self._parts[at : at + head]
        kept = self._parts[at + head : at + head + own]
        if self._letters:
            yield self._prefix64
            yield b2a_base64(_inflated(kept, self._common.sample), newline=False)
        else:
            yield from self._file64(index, size)
            yield self._common.middle
            yield b2a_base64(kept, newline=False)
        yield self._common.foot

    def _file64(self, index: int, size: int) -> Iterator[bytes | memoryview]:
        """Base64 of a file: its own head, whole pieces of the pool encoded beforehand, and what is left at the end."""
        yield b2a_base64(writing.own_head(index, self._series)[:size], newline=False)
        left, at, view = max(0, size - writing.OWN), writing.pool_at(index), memoryview(self._pool64)
        while left >= 3:
            whole = min(left - left % 3, writing.POOL - at)
            yield view[at // 3 * 4 : (at + whole) // 3 * 4]
            left -= whole
            at = (at + whole) % writing.POOL
        if left:
            yield b2a_base64(self._pool[at : at + left], newline=False)


def prepare(field: Field, recipe: Recipe, cache: Path, told: Told | None = None) -> Corpus:
    """The corpus of a recipe: from the cache, or written and signed now by all processors. Raises ``OSError`` when it cannot be kept."""
    folder = cache / _name(field, recipe)
    if not (folder / "corpus.json").exists():
        cache.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(prefix=".making-", dir=cache))
        try:
            _make(field, recipe, making, told)
            making.rename(folder)
        except OSError:
            if not (folder / "corpus.json").exists():  # otherwise another process was quicker
                raise
        finally:
            shutil.rmtree(making, ignore_errors=True)
    return Corpus(folder, field, recipe)


def _name(field: Field, recipe: Recipe) -> str:
    """Hash of what determines the packages: the first one is written anew for it."""
    first = next(draw(field, recipe))
    series, data = writing.series_seed(field, recipe.profile, recipe.series), _pool_of(field, recipe)
    written = writing.write(field, recipe.profile, first, series, data)
    world = {"name": field.world.name, "seed": field.world.seed, "parties": [str(party.organ) for party in field.parties]}
    said = {"version": _VERSION, "recipe": asdict(recipe), "world": world}
    digest = sha256(json.dumps(said, sort_keys=True).encode())
    digest.update(b"".join((written.head, written.own, written.middle, written.foot)))
    return f"{recipe.profile.name}-{digest.hexdigest()[:24]}"


def _pool_of(field: Field, recipe: Recipe) -> bytes:
    return b"" if recipe.profile.form is Form.LETTER else writing.pool(field.world.seed)


def _make(field: Field, recipe: Recipe, folder: Path, told: Told | None) -> None:
    maker = _Maker(field, recipe)
    rows, done = [], 0
    with (folder / "parts.bin").open("wb") as parts:
        for chunk in _chunks(maker, recipe):
            for head, own, row in chunk:
                offset = parts.tell()
                rows.append(_ROW.pack(offset, *row))
                parts.write(head)
                parts.write(own)
                done += 1
            if told is not None:
                told(done, recipe.documents)
    (folder / "index.bin").write_bytes(b"".join(rows))
    common = {name: b64encode(value).decode() for name, value in asdict(maker.common).items()}
    (folder / "corpus.json").write_text(json.dumps({"documents": done, **common}), encoding="utf-8")


Made = tuple[bytes, bytes, tuple[int, int, int, int, int, int, int, bytes]]
"""Recipients and head, own part, and the row without its offset."""


class _Maker:
    """Writes documents in the form they are kept in; copied into every process by the fork."""

    def __init__(self, field: Field, recipe: Recipe) -> None:
        self.field, self._recipe = field, recipe
        self._series, self._data = writing.series_seed(field, recipe.profile, recipe.series), _pool_of(field, recipe)
        self.common = self._find_common()

    def _find_common(self) -> _Common:
        """From the first few documents, of different senders where there are some."""
        firsts = [self._write(one) for one in islice(draw(self.field, self._recipe), 8)]
        if self._recipe.profile.form is not Form.LETTER:
            return _Common(b"", b"", firsts[0].middle, firsts[0].foot)
        shared = min(_alike(firsts[0].own, one.own) for one in firsts[1:]) // 3 * 3 if len(firsts) > 1 else 0
        return _Common(firsts[0].own[:shared], firsts[0].own[shared:][-_WINDOW:], b"", firsts[0].foot)

    def _write(self, one: Drawn) -> writing.Written:
        return writing.write(self.field, self._recipe.profile, one, self._series, self._data)

    def chunk(self, drawn: Sequence[Drawn]) -> list[Made]:
        """Several documents."""
        return [self._made(one) for one in drawn]

    def _made(self, one: Drawn) -> Made:
        written, common = self._write(one), self.common
        if (written.middle, written.foot) != (common.middle, common.foot) or not written.own.startswith(common.prefix):
            raise ValueError(f"document {one.index} is not built as the first one is")
        digest, size = self._digest(one, written)
        own = written.own
        if self._recipe.profile.form is Form.LETTER:
            own = _deflated(own[len(common.prefix) :], common.sample)
        head = array("H", one.recipients).tobytes() + written.head
        row = (len(written.head), len(own), len(one.recipients), one.sender, one.urgency, one.size, size, digest)
        return head, own, row

    def _digest(self, one: Drawn, written: writing.Written) -> tuple[bytes, int]:
        """SHA-256 and size of the whole package, from a plain encoding of its parts: not by the code that puts it together at the run."""
        digest, size, rest = sha256(written.head), len(written.head), b""
        contents: Iterator[bytes | memoryview] = iter((written.own,))
        if self._recipe.profile.form is Form.FILE:
            contents = writing.file_pieces(one.index, one.size, self._series, self._data)
        for piece in contents:
            whole = rest + piece
            cut = len(whole) // 3 * 3
            text = b2a_base64(whole[:cut], newline=False)
            digest.update(text)
            size, rest = size + len(text), whole[cut:]
        tail = b2a_base64(rest, newline=False) if rest else b""
        if self._recipe.profile.form is Form.FILE:
            tail += written.middle + b2a_base64(written.own, newline=False)
        tail += written.foot
        digest.update(tail)
        return digest.digest(), size + len(tail)


def _chunks(maker: _Maker, recipe: Recipe) -> Iterator[list[Made]]:
    """Chunks in order, by all processors where there is work for them."""
    documents = draw(maker.field, recipe)
    size = _CHUNK if recipe.profile.mean < MIB else 1
    chunks = iter(lambda: list(islice(documents, size)), [])
    processors = os.cpu_count() or 1
    if recipe.documents <= size or processors == 1:
        yield from map(maker.chunk, chunks)
        return
    with get_context("fork").Pool(processors, _equip, (maker,)) as workers:  # handed over by the fork: keys cannot be pickled
        yield from workers.imap(_made_here, chunks)


_HERE: list[_Maker] = []


def _equip(maker: _Maker) -> None:
    _HERE[:] = [maker]


def _made_here(drawn: Sequence[Drawn]) -> list[Made]:
    return _HERE[0].chunk(drawn)


def _alike(one: bytes, other: bytes) -> int:
    """How many bytes two strings have in common from the beginning."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one.startswith(other[:middle]) else (low, middle - 1)
    return low


def _deflated(data: bytes, dictionary: bytes) -> bytes:
    deflate = zlib.compressobj(3, zlib.DEFLATED, -15, 9, zlib.Z_DEFAULT_STRATEGY, dictionary)
    return deflate.compress(data) + deflate.flush()


def _inflated(data: bytes, dictionary: bytes) -> bytes:
    return zlib.decompressobj(-15, dictionary).decompress(data)
