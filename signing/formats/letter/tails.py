"""Permitted revisions after a letter's seal: document time-stamps and a document security store (EN 319 142-1 §5.4, §5.5).

Written from byte templates like the letter itself, read by rebuilding and comparing. A time-stamp revision adds one invisible signature
field ``moc_thoi_gian_<n>`` with a DocTimeStamp; a store revision adds certificates, lists and OCSP responses to the one /DSS. Any number
of them may follow, in any order, up to :data:`MAX_TAILS` and the limit of the file; nothing else may.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate

from signing.errors import FormatFailure, LetterRefused
from signing.formats import pades
from signing.formats.artefacts import NOTHING, Artefacts
from signing.formats.ber import Walker
from signing.formats.letter.reader import same
from signing.formats.letter.revisions import Revision
from signing.formats.letter.template import Template, template_of

MAX_TAILS = 64
MAX_STORED = 512
"""Most artefacts in a letter's security store; eight for each of the renewals there can be."""
_CATALOG, _FORM, _PAGE, _FIRST_FREE = 1, 3, 18, 33
_RULE = "may be a document time-stamp or a security store as this software writes them"
_END = re.compile(rb"startxref\n([1-9][0-9]{0,9})\n%%EOF\n")
_STREAM_HEAD = re.compile(rb"([1-9][0-9]{0,5}) 0 obj\n<</Length ([1-9][0-9]{0,6})>>stream\n")
_STORE = re.compile(rb"[1-9][0-9]{0,5} 0 obj\n<</Type/DSS/Certs\[([0-9 R]*)\]/CRLs\[([0-9 R]*)\]/OCSPs\[([0-9 R]*)\]>>\nendobj\n")
_FIELD = b"%d 0 obj\n<</Type/Annot/Subtype/Widget/FT/Sig/T(moc_thoi_gian_%d)/F 132/P 18 0 R/Rect[0 0 0 0]/V %d 0 R>>\nendobj\n"
_STAMP_HEAD = b"%d 0 obj\n<</Type/DocTimeStamp/Filter/Adobe.PPKLite/SubFilter/ETSI.RFC3161"


@dataclass(frozen=True, slots=True)
class Stored:
    """The document security store so far: object numbers of its artefacts by kind, and the artefacts themselves."""

    numbers: tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]] = ((), (), ())
    artefacts: Artefacts = NOTHING


_EMPTY_STORE = Stored()


@dataclass(frozen=True, slots=True)
class State:
    """What a letter with its tail looks like to the next revision."""

    template: Template
    end: int
    xref_at: int
    next_object: int = _FIRST_FREE
    fields: tuple[int, ...] = ()
    store_object: int | None = None
    store: Stored = _EMPTY_STORE


@dataclass(frozen=True, slots=True)
class Stamped:
    """One document time-stamp: offsets of "<" and of the byte after ">" of its /Contents, where its revision ends, what the store then
    held, and the token.
    """

    opening: int
    closing: int
    end: int
    stored: Artefacts
    token: bytes

    @property
    def digits(self) -> int:
        """Hexadecimal digits between the delimiters."""
        return self.closing - self.opening - 2


@dataclass(frozen=True, slots=True)
class Tails:
    """All permitted revisions after the seal, read: the state after them, and each, a time-stamp or what a store revision added."""

    state: State
    steps: tuple[Stamped | Artefacts, ...]

    @property
    def stamps(self) -> tuple[Stamped, ...]:
        """The time-stamps in order."""
        return tuple(step for step in self.steps if isinstance(step, Stamped))


def read_tails(data: bytes, end: int) -> Tails:
    """Read every revision from ``end``, where the sealed letter ends. Raises :class:`LetterRefused` for what is not permitted."""
    state = first_state(data, end)
    steps: list[Stamped | Artefacts] = []
    while state.end < len(data):
        if len(steps) == MAX_TAILS:
            raise LetterRefused("later revisions", f"no more than {MAX_TAILS} may follow the organisation's signature")
        step: Stamped | Artefacts
        if data.startswith(b"%d 0 obj\n" % _FORM, state.end):
            state, step = _read_stamp(data, state)
        else:
            state, step = _read_store(data, state)
        steps.append(step)
    return Tails(state, tuple(steps))


def first_state(data: bytes, end: int) -> State:
    """The state right after the seal's revision."""
    template, found = template_of(data), _END.search(data, max(end - 40, 0), end)
    if template is None or found is None or found.end() != end:
        raise LetterRefused("end of file", "a letter must end there with its cross-reference table's place")
    return State(template, end, int(found[1]))


def stamp_revision(state: State, digits: int) -> tuple[Revision, State]:
    """A document time-stamp revision around a /Contents of that many digits, and the state after it."""
    objects, fields = _stamp_objects(state)
    signature = state.next_object + 1
    body = b"".join(objects.values()) + _STAMP_HEAD % signature
    opening = state.end + len(body) + pades.BYTE_RANGE_LENGTH
    xref_at = opening + digits + 2 + len(b">>\nendobj\n")
    offsets = dict(zip((*objects, signature), accumulate(map(len, objects.values()), initial=state.end), strict=True))
    after = b">>\nendobj\n" + _table(offsets, signature + 1, state.xref_at, xref_at)
    revision = Revision(body + pades.byte_range(opening, digits, len(after)), after, xref_at)
    end = opening + digits + 2 + len(after)
    return revision, replace(state, end=end, xref_at=xref_at, next_object=signature + 1, fields=fields)


@lru_cache(maxsize=256)
def _objects_of_stamp(template: Template, fields: tuple[int, ...], field: int) -> Mapping[int, bytes]:
    """Form, page and field of one more time-stamp; a letter's first ones are the same for all letters of a template."""
    return {
        _FORM: _extended(_constant(template, _FORM), b"/Fields[", fields),
        _PAGE: _extended(_constant(template, _PAGE), b"/Annots[", fields),
        field: _FIELD % (field, len(fields), field + 1),
    }


def _stamp_objects(state: State) -> tuple[Mapping[int, bytes], tuple[int, ...]]:
    """The objects before the signature of a further time-stamp, and all fields with it."""
    fields = (*state.fields, state.next_object)
    return _objects_of_stamp(state.template, fields, state.next_object), fields


def store_revision(state: State, added: Artefacts) -> tuple[bytes, State]:
    """A revision that adds artefacts to the security store, and the state after it."""
    number = state.store_object
    objects: dict[int, bytes] = {}
    following = state.next_object
    if number is None:
        number, following = following, following + 1
        catalog = _constant(state.template, _CATALOG)
        objects[_CATALOG] = catalog.replace(b"/Type/Catalog", b"/Type/Catalog/DSS %d 0 R" % number, 1)
    objects[number] = b""  # keeps its place before its streams
    numbers = []
    for old, items in zip(state.store.numbers, (added.certificates, added.crls, added.ocsps), strict=True):
        new = range(following, following + len(items))
        objects |= {key: _stream(key, item) for key, item in zip(new, items, strict=True)}
        following += len(items)
        numbers.append((*old, *new))
    certificates, crls, ocsps = numbers
    arrays = b"/Certs[%b]/CRLs[%b]/OCSPs[%b]" % (_references(certificates), _references(crls), _references(ocsps))
    objects[number] = b"%d 0 obj\n<</Type/DSS%b>>\nendobj\n" % (number, arrays)
    xref_at = state.end + sum(map(len, objects.values()))
    offsets = dict(zip(objects, accumulate(map(len, objects.values()), initial=state.end), strict=False))
    revision = b"".join(objects.values()) + _table(offsets, following, state.xref_at, xref_at)
    store = Stored((certificates, crls, ocsps), state.store.artefacts + added)
    after = replace(
        state, end=state.end + len(revision), xref_at=xref_at, next_object=following, store_object=number, store=store
    )  # fmt: skip
    return revision, after


def _read_stamp(data: bytes, state: State) -> tuple[State, Stamped]:
    start = state.end
    objects, _ = _stamp_objects(state)
    head = b"".join(objects.values()) + _STAMP_HEAD % (state.next_object + 1)
    same(data, start, head, _RULE)
    opening = start + len(head) + pades.BYTE_RANGE_LENGTH
    closing = data.find(b">", opening, opening + 2 * pades.MAX_CONTENTS + 2) + 1
    if closing <= opening or not pades.is_contents_size(closing - opening - 2):
        raise LetterRefused("document time-stamp", "its /Contents must be a hexadecimal string of a permitted size")
    revision, after = stamp_revision(state, closing - opening - 2)
    same(data, start, revision.before + b"<", _RULE)
    same(data, closing - 1, b">" + revision.after, _RULE)
    try:
        token = pades.extract_cms(data[opening + 1 : closing - 1])
    except FormatFailure as failure:
        raise LetterRefused("document time-stamp", str(failure)) from failure
    return after, Stamped(opening, closing, after.end, state.store.artefacts, token)


def _read_store(data: bytes, state: State) -> tuple[State, Artefacts]:
    """Take the counts from the store's own object and the artefacts from the streams behind it, then rebuild and compare all."""
    at = state.end
    if state.store_object is None:
        catalog = data.find(b"endobj\n", at, at + 4096)
        at = catalog + len(b"endobj\n") if catalog >= 0 else at
    found = _STORE.match(data, at)
    if found is None:
        raise LetterRefused("later revision", f"{_RULE}; byte {state.end} begins something else")
    at, added = found.end(), []
    for group, old in zip(found.groups(), state.store.numbers, strict=True):
        items = []
        for _ in range(group.count(b"R") - len(old)):
            item, at = _read_stream(data, at)
            items.append(item)
        added.append(tuple(items))
    artefacts = Artefacts(*added)
    if len(state.store.artefacts.everything) + len(artefacts.everything) > MAX_STORED:
        raise LetterRefused("security store", f"must not hold more than {MAX_STORED} artefacts")
    there = set(state.store.artefacts.everything)
    if not artefacts.everything or len(there | set(artefacts.everything)) != len(there) + len(artefacts.everything):
        raise LetterRefused("security store", "a revision of it must add something, and nothing twice")
    revision, after = store_revision(state, artefacts)
    same(data, state.end, revision, _RULE)
    return after, artefacts


def _read_stream(data: bytes, at: int) -> tuple[bytes, int]:
    """One artefact, which must be one whole DER SEQUENCE, and where its object ends."""
    head = _STREAM_HEAD.match(data, at)
    if head is None:
        raise LetterRefused("security store", f"an artefact must begin at byte {at}")
    item = data[head.end() : head.end() + int(head[2])]
    try:
        whole = Walker(item).element(0, len(item))
    except FormatFailure as failure:
        raise LetterRefused("security store", f"an artefact must be DER: {failure}") from failure
    if whole.tag != b"\x30" or whole.indefinite or whole.end != len(item):
        raise LetterRefused("security store", "an artefact must be one DER SEQUENCE and nothing more")
    return item, head.end() + len(item) + len(b"\nendstream\nendobj\n")


def _stream(number: int, item: bytes) -> bytes:
    return b"%d 0 obj\n<</Length %d>>stream\n%b\nendstream\nendobj\n" % (number, len(item), item)


def _references(numbers: tuple[int, ...]) -> bytes:
    return b" ".join(b"%d 0 R" % number for number in numbers)


def _extended(constant: bytes, array: bytes, fields: tuple[int, ...]) -> bytes:
    """An object of the template with references added at the end of one of its arrays."""
    closing = constant.index(b"]", constant.index(array))
    return constant[:closing] + b" " + _references(fields) + constant[closing:]


@lru_cache(maxsize=64)
def _constant(template: Template, number: int) -> bytes:
    """An object of the template's prefix, from its number to endobj."""
    start = int(template.xref_head.split(b"\n")[number][:10])
    end = template.prefix.index(b"\nendobj\n", start) + len(b"\nendobj\n")
    return template.prefix[start:end]


def _table(offsets: Mapping[int, int], size: int, previous: int, at: int) -> bytes:
    """Cross-reference section, trailer and end of an update (ISO 32000-1 §7.5.6)."""
    runs: list[list[int]] = []
    for number in sorted(offsets):
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    sections = b"".join(b"%d %d\n" % (run[0], len(run)) + b"".join(b"%010d 00000 n \n" % offsets[number] for number in run) for run in runs)
    return b"xref\n%btrailer\n<</Size %d/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n" % (sections, size, previous, at)
