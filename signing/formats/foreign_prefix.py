"""Whether the bytes a PDF signature covers say by themselves what they say in the whole file: the child's side, with pyHanko.

A cross-reference table may place an object behind the end of its own revision, or an object may run over that end: it means nothing when
it is signed, and what whoever appends bytes later wants it to mean. No later revision redefines anything then, so an analysis of
differences between revisions sees none. Therefore what is covered is read as a file of its own and compared, object by object.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader

_MISSING = object()


def covered_reader(data: bytes, end: int) -> PdfFileReader:
    """A reader of the first ``end`` bytes alone; raises whatever pyHanko does."""
    return PdfFileReader(BytesIO(data[:end]), strict=False)


def moved_object(whole: PdfFileReader, covered: PdfFileReader, revision: int) -> str:
    """The first object of the revisions up to ``revision`` that is another one with the later bytes than without; empty when none is."""
    if covered.xrefs.total_revisions != revision + 1:
        return f"{covered.xrefs.total_revisions} revisions where the whole file has {revision + 1}"
    for number, generation in sorted(_entries(whole, revision)):
        if not _same(_read(whole, number, generation, revision), _read(covered, number, generation, revision)):
            return f"object {number}"
    return ""


def _entries(reader: PdfFileReader, revision: int) -> set[tuple[int, int]]:
    """Number and generation of every object of the revisions up to that one."""
    return {(one.idnum, one.generation) for number in range(revision + 1) for one in reader.xrefs.explicit_refs_in_revision(number)}


def _read(reader: Any, number: int, generation: int, revision: int) -> Any:
    """An object as it stood in a revision; what cannot be read is missing, whatever the way it fails."""
    try:
        found = reader.get_object(generic.Reference(number, generation, reader), revision, transparent_decrypt=False)
    except Exception:  # a parser's own ways of failing are many
        return _MISSING
    return _MISSING if isinstance(found, generic.NullObject) else found


def _same(one: Any, other: Any) -> bool:
    """Whether two objects are written the same; references compare by number."""
    if one is _MISSING or other is _MISSING:
        return one is other
    if type(one) is not type(other):
        return False
    return list(_written(one)) == list(_written(other))


def _written(item: Any) -> Iterator[bytes]:
    """What an object holds, without deciding what it means; nesting is bounded by the parser that read it."""
    if isinstance(item, generic.StreamObject):
        yield bytes(item.encoded_data)
    if isinstance(item, generic.IndirectObject):
        yield b"%d %d R" % (item.idnum, item.generation)
    elif isinstance(item, generic.DictionaryObject):
        yield b"<<"
        for key in item:
            yield key.encode("utf-8", "surrogatepass")
            yield from _written(item.raw_get(key))
        yield b">>"
    elif isinstance(item, generic.ArrayObject):
        yield b"["
        for position in range(len(item)):
            yield from _written(item.raw_get(position))
        yield b"]"
    else:
        yield type(item).__name__.encode() + b":" + repr(item).encode("utf-8", "surrogatepass")
