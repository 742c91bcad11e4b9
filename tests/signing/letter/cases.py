"""The table of changes between and after the two signatures: how each file is made, and what others say of it.

Our reader accepts the genuine form alone. ``first`` and ``second`` are pyHanko's verdicts on the two signatures (``None``: no such
signature); where it says valid and we refuse, the change is one its default policy lets pass.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from signing.formats import pades
from tests.signing.letter import lab
from tests.signing.letter.forge import LEADER_HEAD, SEAL_HEAD, Forge, first_objects, second_objects

NO_LOCK_HEAD = pades.signature_head(b"", None).split(b"/Reference")[0]
"""A signature dictionary without FieldMDP."""


@dataclass(frozen=True, slots=True)
class Case:
    """One file of the table."""

    name: str
    build: Callable[[], bytes]
    place: str
    """Where our reader refuses it; a prefix of the refusal's place."""
    first: bool | None
    second: bool | None


def _locked(lock: bytes, reference_only: bytes = b"") -> bytes:
    return NO_LOCK_HEAD + b"/Reference[<</Type/SigRef" + reference_only + lock + b">>]"


def _field_mdp(action: bytes) -> bytes:
    return _locked(b"/TransformMethod/FieldMDP/Data 1 0 R/TransformParams<</Type/TransformParams/V/1.2/Action" + action + b">>")


def _doc_mdp(level: int) -> bytes:
    return _locked(b"/TransformMethod/DocMDP/TransformParams<</Type/TransformParams/V/1.2/P %d>>" % level)


def _first(changes: dict[int, bytes] | None = None, head: bytes = LEADER_HEAD, *, extra_size: int = 0) -> Forge:
    return Forge().revision(first_objects() | (changes or {}), 28, head, lab.leader(), extra_size=extra_size)


def _second(
    changes: dict[int, bytes] | None = None, head: bytes = SEAL_HEAD, *, start: Forge | None = None, leader_head: bytes = LEADER_HEAD
) -> Forge:
    return (start or _first(head=leader_head)).revision(second_objects() | (changes or {}), 29, head, lab.seal())


def _catalog_with(entry: bytes) -> dict[int, bytes]:
    return {1: first_objects()[1].replace(b"<</Type/Catalog", b"<</Type/Catalog" + entry)}


def genuine() -> bytes:
    """The genuine letter put together by the forge: must be the press's own bytes."""
    return _second().data


def own_revision() -> bytes:
    parts = second_objects()
    fields = {key: parts[key] for key in (23, 24, 30, 31)}
    rest = {key: parts[key] for key in (26, 32)}
    return _first().revision(fields).revision(rest, 29, SEAL_HEAD, lab.seal()).data


def no_first_appearance() -> bytes:
    bare = first_objects()[23].replace(b"/AP<</N 19 0 R>>", b"")
    return _second(start=_first({23: bare})).data


def appearance_in_place() -> bytes:
    parts = second_objects()
    field = parts.pop(23).replace(b"/N 30 0 R", b"/N 19 0 R")
    drawing = parts.pop(30)
    return _first().revision({19: drawing, 23: field} | parts | {30: b"null"}, 29, SEAL_HEAD, lab.seal()).data


def content_overwritten() -> bytes:
    stream = first_objects()[22].replace(b"Tj", b"TJ", 1)
    return _second({22: stream}).data


def second_stream() -> bytes:
    page = first_objects()[18].replace(b"/Contents 22 0 R", b"/Contents[22 0 R 33 0 R]")
    return _second({18: page, 33: b"<</Length 18>>stream\n100 100 50 50 re f\nendstream"}).data


def free_text(leader_head: bytes = LEADER_HEAD) -> bytes:
    page = first_objects()[18].replace(b"26 0 R]", b"26 0 R 33 0 R]")
    note = b"<</Type/Annot/Subtype/FreeText/Rect[100 600 300 620]/Contents(x)/DA(/R 13 Tf 0 g)/F 4>>"
    return _second({18: page, 33: note}, leader_head=leader_head).data


def stamp_changed(leader_head: bytes = LEADER_HEAD) -> bytes:
    objects = first_objects()
    page = objects[18].replace(b"26 0 R]", b"26 0 R 27 0 R]")
    empty = b"<</Type/XObject/Subtype/Form/BBox[0 0 50 50]/Length 0>>stream\n\nendstream"
    filled = b"<</Type/XObject/Subtype/Form/BBox[0 0 50 50]/Length 14>>stream\n0 0 50 50 re f\nendstream"
    stamp = b"<</Type/Annot/Subtype/Stamp/Rect[100 600 150 650]/F 4/AP<</N %d 0 R>>>>"
    field = objects[25].replace(b"/AP<</N 27 0 R>>", b"/AP<</N 20 0 R>>")
    start = Forge().revision(objects | {18: page, 19: empty, 25: field, 27: stamp % 19}, 28, leader_head, lab.leader())
    return _second({27: stamp % 33, 33: filled}, start=start).data


def rect_moved() -> bytes:
    field = second_objects()[23].replace(b"/Rect[", b"/Rect[1")
    return _second({23: field}).data


def leader_drawing_swapped() -> bytes:
    field = first_objects()[25].replace(b"/N 27 0 R", b"/N 32 0 R")
    return _second({25: field}).data


def doc_mdp(level: int) -> bytes:
    start = Forge().revision(first_objects() | _catalog_with(b"/Perms<</DocMDP 28 0 R>>"), 28, _doc_mdp(level), lab.leader())
    return _second(start=start).data


def late_seal_field() -> bytes:
    objects = first_objects()
    start = _first({3: objects[3].replace(b" 26 0 R]", b"]"), 18: objects[18].replace(b" 26 0 R]", b"]"), 26: b"null"})
    late = {3: objects[3], 18: objects[18], 26: b"null", 33: second_objects()[26]}
    late = {key: body.replace(b"26 0 R]", b"33 0 R]") for key, body in late.items()}
    return _second(late, start=start).data


def no_seal() -> bytes:
    parts = second_objects()
    return _first().revision({key: parts[key] for key in (23, 24, 30, 31)}).data


def value_mismatch() -> bytes:
    return _second({30: second_objects("701")[30]}).data


def orphan() -> bytes:
    return _second({33: b"(smuggled)"}).data


def third_number(head: bytes) -> bytes:
    other = second_objects("701")
    field = other[23].replace(b"/N 30 0 R", b"/N 33 0 R")
    return _second(head=head).revision({23: field, 33: other[30]}).data


def document_security_store() -> bytes:
    certificate = lab.leader().holder.issuer_chain[0]
    store = b"<</Certs[34 0 R]>>"
    stream = b"<</Length %d>>stream\n%b\nendstream" % (len(certificate), certificate)
    return _second().revision(_catalog_with(b"/DSS 33 0 R") | {33: store, 34: stream}).data


def receivers_signature(head: bytes = SEAL_HEAD, leader_head: bytes = LEADER_HEAD) -> bytes:
    objects = first_objects()
    form = objects[3].replace(b"26 0 R]", b"26 0 R 33 0 R]")
    page = objects[18].replace(b"26 0 R]", b"26 0 R 33 0 R]")
    field = b"<</Type/Annot/Subtype/Widget/FT/Sig/T(noi_nhan)/F 132/P 18 0 R/Rect[0 0 0 0]/V 34 0 R>>"
    start = _second(head=head, leader_head=leader_head)
    return start.revision({3: form, 18: page, 33: field}, 34, NO_LOCK_HEAD, lab.seal()).data


def oversized() -> bytes:
    return _second(start=_first(extra_size=11)).data


NUMBER_ONLY = _field_mdp(b"/Include/Fields[(so)(ngay_ban_hanh)]")
EXCLUDE = _field_mdp(b"/Exclude/Fields[(so)(ngay_ban_hanh)(dau_co_quan)]")
FORGETFUL = _field_mdp(b"/Exclude/Fields[(so)(dau_co_quan)]")
ALL = _field_mdp(b"/All")

CASES = (
    Case("fields filled in an own revision, then the seal", own_revision, "organisation's signature field", True, True),
    Case("no appearance on the number field in revision 1", no_first_appearance, "number field", True, True),
    Case("appearance stream overwritten in place", appearance_in_place, "number field", True, True),
    Case("content stream overwritten", content_overwritten, "organisation's signature", False, True),
    Case("page gets a second content stream", second_stream, "organisation's signature", False, True),
    Case("free text annotation added", free_text, "organisation's signature", False, True),
    Case("free text annotation added under DocMDP 3", lambda: free_text(_doc_mdp(3)), "leader's signature", False, True),
    Case("stamp present before, its appearance changed", stamp_changed, "file", False, True),
    Case("stamp appearance changed under DocMDP 3", lambda: stamp_changed(_doc_mdp(3)), "file", False, True),
    Case("field moved in revision 2", rect_moved, "number field", False, True),
    Case("leader's drawing swapped in revision 2", leader_drawing_swapped, "organisation's signature", False, True),
    Case("DocMDP 1 on the leader's signature", lambda: doc_mdp(1), "file", False, True),
    Case("DocMDP 2 on the leader's signature", lambda: doc_mdp(2), "file", True, True),
    Case("DocMDP 2 by reference only", lambda: _second(leader_head=_doc_mdp(2)).data, "leader's signature", True, True),
    Case("FieldMDP All on the leader's signature", lambda: _second(leader_head=ALL).data, "leader's signature", False, True),
    Case("FieldMDP Exclude on the leader's signature", lambda: _second(leader_head=EXCLUDE).data, "leader's signature", True, True),
    Case("FieldMDP Exclude that forgets the date", lambda: _second(leader_head=FORGETFUL).data, "leader's signature", False, True),
    Case("seal field created only in revision 2", late_seal_field, "file", True, True),
    Case("number filled, no seal at all", no_seal, "organisation's signature field", True, None),
    Case("value 107 but the appearance draws 701", value_mismatch, "number's appearance", True, True),
    Case("orphan object smuggled into revision 2", orphan, "organisation's signature", True, True),
    Case("number changed after an unlocked seal", lambda: third_number(NO_LOCK_HEAD), "organisation's signature", True, True),
    Case("number changed after a seal that locks all", lambda: third_number(ALL), "organisation's signature", True, False),
    Case(
        "number changed after a seal that locks number and date", lambda: third_number(NUMBER_ONLY), "organisation's signature", True, False
    ),
    Case("number changed after the genuine seal", lambda: third_number(SEAL_HEAD), "end of file", True, False),
    Case("validation data appended", document_security_store, "end of file", True, True),
    Case("receiver's signature after a seal that locks all", lambda: receivers_signature(ALL), "organisation's signature", True, False),
    Case("receiver's signature after the genuine seal", receivers_signature, "end of file", True, True),
    Case(
        "receiver's signature when the leader's excludes",
        lambda: receivers_signature(leader_head=EXCLUDE),
        "leader's signature",
        False,
        True,
    ),
    Case("/Size too large in revision 1", oversized, "cross-reference table", False, True),
)
