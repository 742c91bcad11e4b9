"""Letters whose revisions were not made as they should be: every change between and after the two signatures that was ever tried.

Our reader accepts the genuine form alone. ``first`` and ``second`` are pyHanko's verdicts on the two signatures (``None``: there is no
such signature); where it says valid and we refuse, the change is one its default rules let pass.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from signing.faults.forge import Draft, Forge, Objects
from signing.formats import pades

NO_LOCK_HEAD = pades.signature_head(b"", None).split(b"/Reference")[0]
"""A signature dictionary without FieldMDP."""
STAMP = b"<</Type/Annot/Subtype/Stamp/Rect[100 600 150 650]/F 4/AP<</N %d 0 R>>>>"
_FORM = b"<</Type/XObject/Subtype/Form/BBox[0 0 50 50]/Length %d>>stream\n%b\nendstream"


@dataclass(frozen=True, slots=True)
class Layout:
    """One way of writing a letter wrongly: a stable name, what makes the file, where our reader refuses it, what pyHanko says."""

    name: str
    build: Callable[[Draft], bytes]
    place: str
    """A prefix of the refusal's place."""
    first: bool | None
    second: bool | None
    third: bool | None = None
    """Of the receiver's signature, where there is one."""


def _locked(lock: bytes) -> bytes:
    return NO_LOCK_HEAD + b"/Reference[<</Type/SigRef" + lock + b">>]"


def _field_mdp(action: bytes) -> bytes:
    return _locked(b"/TransformMethod/FieldMDP/Data 1 0 R/TransformParams<</Type/TransformParams/V/1.2/Action" + action + b">>")


def _doc_mdp(level: int) -> bytes:
    return _locked(b"/TransformMethod/DocMDP/TransformParams<</Type/TransformParams/V/1.2/P %d>>" % level)


def _first(draft: Draft, changes: Objects | None = None, head: bytes = b"", *, extra_size: int = 0) -> Forge:
    objects = draft.first_objects() | (changes or {})
    return Forge().revision(objects, 28, head or draft.leader_head, draft.leader, extra_size=extra_size)


def _second(draft: Draft, changes: Objects | None = None, head: bytes = b"", *, start: Forge | None = None, leader: bytes = b"") -> Forge:
    objects = draft.second_objects() | (changes or {})
    return (start or _first(draft, head=leader)).revision(objects, 29, head or draft.seal_head, draft.seal)


def _catalog_with(draft: Draft, entry: bytes) -> Objects:
    return {1: draft.first_objects()[1].replace(b"<</Type/Catalog", b"<</Type/Catalog" + entry)}


def genuine(draft: Draft) -> bytes:
    """The genuine letter put together by the forge: must be the press's own bytes."""
    return _second(draft).data


def own_revision(draft: Draft) -> bytes:
    """Number and date are filled in a revision of their own, then the seal is set."""
    parts = draft.second_objects()
    fields = {key: parts[key] for key in (23, 24, 30, 31)}
    rest = {key: parts[key] for key in (26, 32)}
    return _first(draft).revision(fields).revision(rest, 29, draft.seal_head, draft.seal).data


def no_first_appearance(draft: Draft) -> bytes:
    """The number field had no appearance when the leader signed."""
    bare = draft.first_objects()[23].replace(b"/AP<</N 19 0 R>>", b"")
    return _second(draft, start=_first(draft, {23: bare})).data


def appearance_in_place(draft: Draft) -> bytes:
    """The empty appearance itself is overwritten with the number."""
    parts = draft.second_objects()
    field = parts.pop(23).replace(b"/N 30 0 R", b"/N 19 0 R")
    drawing = parts.pop(30)
    return _first(draft).revision({19: drawing, 23: field} | parts | {30: b"null"}, 29, draft.seal_head, draft.seal).data


def content_overwritten(draft: Draft) -> bytes:
    """The page's text is written anew in the sealing revision."""
    return _second(draft, {22: draft.first_objects()[22].replace(b"Tj", b"TJ", 1)}).data


def second_stream(draft: Draft) -> bytes:
    """The page gets a second content stream, which covers part of the first."""
    page = draft.first_objects()[18].replace(b"/Contents 22 0 R", b"/Contents[22 0 R 33 0 R]")
    return _second(draft, {18: page, 33: b"<</Length 18>>stream\n100 100 50 50 re f\nendstream"}).data


def free_text(draft: Draft, leader: bytes = b"") -> bytes:
    """A note is laid on the page in the sealing revision."""
    page = draft.first_objects()[18].replace(b"26 0 R]", b"26 0 R 33 0 R]")
    note = b"<</Type/Annot/Subtype/FreeText/Rect[100 600 300 620]/Contents(x)/DA(/R 13 Tf 0 g)/F 4>>"
    return _second(draft, {18: page, 33: note}, leader=leader).data


def stamp_changed(draft: Draft, leader: bytes = b"") -> bytes:
    """A stamp that was empty when the leader signed is filled in the sealing revision."""
    objects = draft.first_objects()
    page = objects[18].replace(b"26 0 R]", b"26 0 R 27 0 R]")
    field = objects[25].replace(b"/AP<</N 27 0 R>>", b"/AP<</N 20 0 R>>")
    empty = objects | {18: page, 19: _FORM % (0, b""), 25: field, 27: STAMP % 19}
    start = Forge().revision(empty, 28, leader or draft.leader_head, draft.leader)
    return _second(draft, {27: STAMP % 33, 33: _FORM % (14, b"0 0 50 50 re f")}, start=start).data


def rect_moved(draft: Draft) -> bytes:
    """The number field is moved on the page."""
    return _second(draft, {23: draft.second_objects()[23].replace(b"/Rect[", b"/Rect[1")}).data


def drawing_swapped(draft: Draft) -> bytes:
    """The leader's drawn signature is exchanged for another drawing."""
    return _second(draft, {25: draft.first_objects()[25].replace(b"/N 27 0 R", b"/N 32 0 R")}).data


def doc_mdp(draft: Draft, level: int) -> bytes:
    """The leader's signature certifies the document with that permission."""
    objects = draft.first_objects() | _catalog_with(draft, b"/Perms<</DocMDP 28 0 R>>")
    return _second(draft, start=Forge().revision(objects, 28, _doc_mdp(level), draft.leader)).data


def late_seal_field(draft: Draft) -> bytes:
    """The field for the seal did not exist when the leader signed."""
    objects = draft.first_objects()
    start = _first(draft, {3: objects[3].replace(b" 26 0 R]", b"]"), 18: objects[18].replace(b" 26 0 R]", b"]"), 26: b"null"})
    late = {3: objects[3], 18: objects[18], 26: b"null", 33: draft.second_objects()[26]}
    return _second(draft, {key: body.replace(b"26 0 R]", b"33 0 R]") for key, body in late.items()}, start=start).data


def no_seal(draft: Draft) -> bytes:
    """Number and date are filled in, and nobody seals."""
    parts = draft.second_objects()
    return _first(draft).revision({key: parts[key] for key in (23, 24, 30, 31)}).data


def value_mismatch(draft: Draft) -> bytes:
    """The number's value is one, the number drawn is another."""
    return _second(draft, {30: draft.second_objects("701")[30]}).data


def orphan(draft: Draft) -> bytes:
    """An object nothing refers to is carried along."""
    return _second(draft, {33: b"(smuggled)"}).data


def third_number(draft: Draft, head: bytes = b"") -> bytes:
    """A third revision changes the number after the seal."""
    other = draft.second_objects("701")
    field = other[23].replace(b"/N 30 0 R", b"/N 33 0 R")
    return _second(draft, head=head).revision({23: field, 33: other[30]}).data


def security_store(draft: Draft) -> bytes:
    """Validation data are appended in another form than the letter's own."""
    certificate = draft.leader.holder.issuer_chain[0]
    stream = b"<</Length %d>>stream\n%b\nendstream" % (len(certificate), certificate)
    return _second(draft).revision(_catalog_with(draft, b"/DSS 33 0 R") | {33: b"<</Certs[34 0 R]>>", 34: stream}).data


def receivers_signature(draft: Draft, head: bytes = b"", leader: bytes = b"") -> bytes:
    """The receiver signs in a field of its own after the seal."""
    objects = draft.first_objects()
    form = objects[3].replace(b"26 0 R]", b"26 0 R 33 0 R]")
    page = objects[18].replace(b"26 0 R]", b"26 0 R 33 0 R]")
    field = b"<</Type/Annot/Subtype/Widget/FT/Sig/T(noi_nhan)/F 132/P 18 0 R/Rect[0 0 0 0]/V 34 0 R>>"
    start = _second(draft, head=head, leader=leader)
    return start.revision({3: form, 18: page, 33: field}, 34, NO_LOCK_HEAD, draft.receiver).data


def oversized(draft: Draft) -> bytes:
    """The first revision claims more objects than it has."""
    return _second(draft, start=_first(draft, extra_size=11)).data


def range_with_hole(draft: Draft) -> bytes:
    """The seal's /ByteRange leaves out more than its own /Contents: what stands there can be exchanged at will."""
    uncovered = b"/Reason(anybody may write here)"
    return _first(draft).revision(draft.second_objects(), 29, draft.seal_head, draft.seal, uncovered=uncovered).data


NUMBER_ONLY = _field_mdp(b"/Include/Fields[(so)(ngay_ban_hanh)]")
EXCLUDE = _field_mdp(b"/Exclude/Fields[(so)(ngay_ban_hanh)(dau_co_quan)]")
FORGETFUL = _field_mdp(b"/Exclude/Fields[(so)(dau_co_quan)]")
ALL = _field_mdp(b"/All")
_LEADER, _SEAL, _SEAL_FIELD = "leader's signature", "organisation's signature", "organisation's signature field"

LAYOUTS = (
    Layout("number-in-own-revision", own_revision, _SEAL_FIELD, True, True),
    Layout("number-without-appearance", no_first_appearance, "number field", True, True),
    Layout("number-drawn-in-place", appearance_in_place, "number field", True, True),
    Layout("text-rewritten-at-sealing", content_overwritten, _SEAL, False, True),
    Layout("text-covered-at-sealing", second_stream, _SEAL, False, True),
    Layout("note-added-at-sealing", free_text, _SEAL, False, True),
    Layout("note-added-under-docmdp-3", lambda draft: free_text(draft, _doc_mdp(3)), _LEADER, False, True),
    Layout("stamp-filled-at-sealing", stamp_changed, "file", False, True),
    Layout("stamp-filled-under-docmdp-3", lambda draft: stamp_changed(draft, _doc_mdp(3)), "file", False, True),
    Layout("number-moved", rect_moved, "number field", False, True),
    Layout("drawing-swapped", drawing_swapped, _SEAL, False, True),
    Layout("docmdp-1", lambda draft: doc_mdp(draft, 1), "file", False, True),
    Layout("docmdp-2", lambda draft: doc_mdp(draft, 2), "file", True, True),
    Layout("docmdp-2-by-reference", lambda draft: _second(draft, leader=_doc_mdp(2)).data, _LEADER, True, True),
    Layout("leader-locks-all", lambda draft: _second(draft, leader=ALL).data, _LEADER, False, True),
    Layout("leader-locks-others", lambda draft: _second(draft, leader=EXCLUDE).data, _LEADER, True, True),
    Layout("leader-locks-date", lambda draft: _second(draft, leader=FORGETFUL).data, _LEADER, False, True),
    Layout("seal-field-late", late_seal_field, "file", True, True),
    Layout("numbered-without-seal", no_seal, _SEAL_FIELD, True, None),
    Layout("number-drawn-otherwise", value_mismatch, "number's appearance", True, True),
    Layout("object-smuggled", orphan, _SEAL, True, True),
    Layout("number-changed-unlocked", lambda draft: third_number(draft, NO_LOCK_HEAD), _SEAL, True, True),
    Layout("number-changed-all-locked", lambda draft: third_number(draft, ALL), _SEAL, True, False),
    Layout("number-changed-number-locked", lambda draft: third_number(draft, NUMBER_ONLY), _SEAL, True, False),
    Layout("number-changed-after-seal", third_number, "end of file", True, False),
    Layout("validation-data-foreign", security_store, "end of file", True, True),
    Layout("receiver-signs-all-locked", lambda draft: receivers_signature(draft, ALL), _SEAL, True, False, True),
    Layout("receiver-signs", receivers_signature, "end of file", True, True, True),
    Layout("receiver-signs-leader-locked", lambda draft: receivers_signature(draft, leader=EXCLUDE), _LEADER, False, True, True),
    Layout("range-with-hole", range_with_hole, _SEAL, True, False),
    Layout("objects-overstated", oversized, "cross-reference table", False, True),
)
"""In the order of the table in which they were first measured."""
