"""Faults of a letter's file: what was changed between its signatures, and what was done to it afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from signing.faults.forge import Draft, Forge
from signing.faults.incident import Incident
from signing.faults.layouts import LAYOUTS, STAMP, Layout
from signing.faults.model import Case, Expected, Fault, Finder, Form, Group, Peers
from signing.faults.workshop import LEADER, LETTER, LETTER_DAY, NUMBER, RECEIVER, SEAL, Workshop
from signing.formats.cms import CadesSigner
from signing.formats.letter import revisions
from signing.formats.letter.reader import open_first, open_second
from signing.formats.letter.template import Template
from signing.keys import Purpose
from signing.validation.report import SubIndication

S = SubIndication
_PAGE = 18
_COMMENT = "Chuyển phòng KGVX xử lý"
_STAMP_DRAWING = b"<</Type/XObject/Subtype/Form/BBox[0 0 50 50]/Length 20>>stream\n2 w 1 1 48 48 re S   \nendstream"


def draft_of(shop: Workshop) -> Draft:
    """The workshop's letter before it is written."""
    leader, seal, receiver = (CadesSigner(shop.pki.issue(spec), purpose=Purpose.LETTER) for spec in (LEADER, SEAL, RECEIVER))
    return Draft(LETTER, NUMBER, LETTER_DAY, leader, seal, receiver, shop.at)


def text_overwritten(letter: bytes) -> bytes:
    """One letter of the page's text is exchanged in the finished file."""
    opened = open_first(letter)
    start = letter.index(b"22 0 obj\n", len(opened.template.prefix))
    place = letter.index(b"Tj", start)
    return letter[: place - 3] + bytes((letter[place - 3] ^ 1,)) + letter[place - 2 :]


def number_overwritten(letter: bytes) -> bytes:
    """The number's last digit is exchanged in the finished file."""
    opened = open_first(letter)
    start = letter.index(b"/V<feff", opened.end) + len(b"/V<feff")
    end = letter.index(b">", start)
    return letter[: end - 1] + (b"8" if letter[end - 1 : end] != b"8" else b"9") + letter[end:]


def number_changed(letter: bytes) -> bytes:
    """A revision after the seal gives another number, value and drawing."""
    opened = open_first(letter)
    sealed = open_second(letter, opened)
    other = f"{int(sealed.number) + 594}"
    objects = revisions.second_objects(opened.template, opened.content, opened.page, other, sealed.day)
    field, drawing = (objects[number].split(b" 0 obj\n", 1)[1].removesuffix(b"\nendobj\n") for number in (0, 3))
    forge = Forge.onto(letter)
    return forge.revision({23: field.replace(b"/N 30 0 R", b"/N %d 0 R" % forge.next_object), forge.next_object: drawing}).data


def comment_added(letter: bytes) -> bytes:
    """The receiver's leader writes a comment on the page (bút phê) and saves the file."""
    note = b"<</Type/Annot/Subtype/FreeText/Rect[100 600 300 620]/Contents<feff%b>/DA(/R 13 Tf 1 0 0 rg)/F 4>>"
    return _annotated(letter, note % _COMMENT.encode("utf-16-be").hex().encode())


def arrival_stamped(letter: bytes) -> bytes:
    """The receiver's clerk puts the arrival stamp (dấu đến) on the page of the file itself."""
    free = Forge.onto(letter).next_object
    return _annotated(letter, STAMP % (free + 1), _STAMP_DRAWING)


def saved_again(letter: bytes) -> bytes:
    """A program appends a revision in which nothing changes but the page's own object, written again."""
    return _annotated(letter)


def bytes_appended(letter: bytes) -> bytes:
    """Something is written behind the end of the file."""
    return letter + b"% nguon: USB\n"


def cut_off(letter: bytes) -> bytes:
    """The file breaks off a thousand bytes before its end."""
    return letter[:-1000]


def _annotated(letter: bytes, *objects: bytes) -> bytes:
    """The letter with a revision that puts new objects on its page, the first of them as an annotation."""
    template = open_first(letter).template
    forge = Forge.onto(letter)
    page = _page(template)
    if objects:
        page = page.replace(b"26 0 R]", b"26 0 R %d 0 R]" % forge.next_object)
    return forge.revision({_PAGE: page} | dict(enumerate(objects, forge.next_object))).data


def _page(template: Template) -> bytes:
    head = b"%d 0 obj\n" % _PAGE
    start = template.prefix.index(b"\n" + head) + 1 + len(head)
    return template.prefix[start : template.prefix.index(b"\nendobj\n", start)]


def plain_pdf(seed: str) -> Case:
    """A page without any signature."""
    shop = Workshop.open(seed)
    objects = draft_of(shop).first_objects()
    unsigned = {key: value for key, value in objects.items() if key != 28} | {25: objects[25].replace(b"/V 28 0 R", b"")}
    return shop.letter_case(Forge().revision(unsigned).data)


def _afterwards(change: Callable[[bytes], bytes]) -> Callable[[str], Case]:
    def build(seed: str) -> Case:
        shop = Workshop.open(seed)
        return shop.letter_case(shop.letter(Incident(letter=change)))

    return build


def _drawn(layout: Layout) -> Callable[[str], Case]:
    def build(seed: str) -> Case:
        shop = Workshop.open(seed)
        return shop.letter_case(layout.build(draft_of(shop)))

    return build


def _fault(name: str, change: Callable[[bytes], bytes], expected: Expected, pyhanko: tuple[bool, ...] | None, *seen_by: Finder) -> Fault:
    incident = Incident(letter=change)
    finders = (*seen_by, Finder.DOOR, Finder.AXIS)
    return Fault(name, Group.LETTER, Form.PDF, finders, expected, _afterwards(change), Peers(None, pyhanko), incident)


_LATER = ("finding", "ISO 32000-1 §12.8.2; EN 319 142-1 §5.5")
_SEEN = ("finding",)
_HASH = ("message-digest", "EN 319 102-1 §5.2.7; RFC 5652 §5.4")
_BOTH_CHANGED = Expected((S.SIG_CONSTRAINTS_FAILURE, S.SIG_CONSTRAINTS_FAILURE), *_LATER, _SEEN)
_FIRST_CHANGED = Expected((S.SIG_CONSTRAINTS_FAILURE, None), *_LATER, _SEEN)
_FOREIGN = Expected((S.SIG_CONSTRAINTS_FAILURE, None), *_LATER)
"""A letter that does not even begin as one: any PDF."""
_LAST_ONLY = Expected((S.SIG_CONSTRAINTS_FAILURE,), *_LATER, ("signatures-present", "finding"))
_RECEIVED = Expected((S.SIG_CONSTRAINTS_FAILURE, S.SIG_CONSTRAINTS_FAILURE, None), *_LATER, _SEEN)
_AFTER_SEAL = ("unlocked", "all-locked", "number-locked", "after-seal")
_OF_LAYOUT = {
    "numbered-without-seal": _LAST_ONLY,
    "range-with-hole": replace(_LAST_ONLY, check="finding", clause="ISO 32000-1 §12.8.1; EN 319 142-1 §4.2"),
    **dict.fromkeys(("receiver-signs", "receiver-signs-all-locked", "receiver-signs-leader-locked"), _RECEIVED),
    **{f"number-changed-{how}": _BOTH_CHANGED for how in _AFTER_SEAL},
}
"""Expectations of the layouts in which not only the leader's signature is affected."""

_AFTERWARDS = (
    Fault(
        "not-signed",
        Group.LETTER,
        Form.PDF,
        (Finder.CLERK, Finder.DOOR),
        Expected((), document=("signatures-present", "finding")),
        plain_pdf,
        Peers(None, ()),
    ),
    _fault("text-overwritten", text_overwritten, Expected((S.HASH_FAILURE, S.HASH_FAILURE), *_HASH, _SEEN), (False, False)),
    _fault("number-overwritten", number_overwritten, Expected((S.SIG_CONSTRAINTS_FAILURE, S.HASH_FAILURE), *_LATER, _SEEN), (True, False)),
    _fault("number-changed-later", number_changed, _BOTH_CHANGED, (True, False)),
    _fault("comment-added", comment_added, _BOTH_CHANGED, (False, False), Finder.CLERK),
    _fault("arrival-stamped", arrival_stamped, _BOTH_CHANGED, (False, False), Finder.CLERK),
    _fault("saved-again", saved_again, _FIRST_CHANGED, (True, True)),
    _fault("bytes-appended", bytes_appended, _FIRST_CHANGED, (True, True)),
    _fault("file-cut-off", cut_off, Expected((), document=("signatures-present", "finding"), refused=True), None),
)
_LAYOUTS = tuple(
    Fault(
        layout.name,
        Group.LETTER,
        Form.PDF,
        (Finder.DOOR, Finder.AXIS),
        _OF_LAYOUT.get(layout.name, _FOREIGN if layout.place == "file" else _FIRST_CHANGED),
        _drawn(layout),
        Peers(None, tuple(verdict for verdict in (layout.first, layout.second, layout.third) if verdict is not None)),
    )
    for layout in LAYOUTS
)
FAULTS = (*_AFTERWARDS, *_LAYOUTS)
"""Changes to a finished letter first, then letters that were never made as they should be."""
