"""Documents of a corpus written and signed for real, and taken apart again into what is one document's own and what all have in common.

A package is ``head · base64(file) · middle · base64(signature) · foot`` for sealed files, and ``head · base64(letter) · foot`` for letters,
whose first bytes (fonts and frame) all letters share.
"""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256, shake_128

from exchange.domain.document import TYPES, Urgency, format_number
from exchange.domain.identifiers import document_id
from exchange.edxml.model import Business, Contact, EdocHeader, OtherInfo, OutgoingAttachment, SignerInfo, TypeInfo
from exchange.edxml.writer import write_edoc
from exchange.verification import DETACHED
from scenarios.load.draw import Drawn
from scenarios.load.field import Field
from scenarios.load.profiles import Form, Profile
from scenarios.office.corpus import compose
from signing import LetterContent, LetterPress

FILE_NAME = "tai-lieu.bin"
LETTER_NAME = "van-ban.pdf"
OWN = 48
"""Bytes at the head of each sealed file that are its own; what follows is cut from a pool. A multiple of three, so base64 joins there."""
POOL = 3 * 349_525
"""Bytes of the pool: just below one MiB, a multiple of three."""
_STEP = 3 * 1_009
_TYPE = TYPES["CV"]
_PRESS = LetterPress()


@dataclass(frozen=True, slots=True)
class Written:
    """One document: the bytes that are its own, and those it shares with all others of its form.

    ``own`` is the letter, or the signature of the file; ``middle`` is empty for letters.
    """

    head: bytes
    own: bytes
    middle: bytes
    foot: bytes


def write(field: Field, profile: Profile, one: Drawn, series: bytes, data: bytes) -> Written:
    """Write and sign a document. ``series`` and ``data`` (:func:`series_seed`, :func:`pool`) are what files are made of."""
    return _write_letter(field, one) if profile.form is Form.LETTER else _write_file(field, profile, one, series, data)


def pool(seed: str) -> bytes:
    """The bytes that files are cut from: they do not compress."""
    return shake_128(f"{seed}/load/pool".encode()).digest(POOL)


def own_head(one_number: int, series_seed: bytes) -> bytes:
    """The first bytes of a file, no other's: 16 of a digest in hex, then the document's number."""
    return f"{sha256(series_seed + one_number.to_bytes(8)).hexdigest()[:32]} {one_number:015d}".encode()


def pool_at(index: int) -> int:
    """Where in the pool a document's file begins, a multiple of three."""
    return index * _STEP % POOL


def file_pieces(index: int, size: int, series_seed: bytes, data: bytes) -> Iterator[memoryview | bytes]:
    """A file's bytes, piece by piece."""
    yield own_head(index, series_seed)[:size]
    left, at, view = max(0, size - OWN), pool_at(index), memoryview(data)
    while left:
        piece = view[at : at + left]
        yield piece
        left -= len(piece)
        at = 0


def series_seed(field: Field, profile: Profile, series: int) -> bytes:
    """What makes the files of one series its own."""
    return f"{field.world.seed}/load/{profile.name}/{series}/".encode()


def _header(field: Field, one: Drawn, subject: str) -> EdocHeader:
    party, day = field.parties[one.sender], field.world.start
    number = format_number(one.number)
    return EdocHeader(
        sender=Contact(party.organ, party.agency.name),
        recipients=tuple(Contact(field.parties[place].organ, field.parties[place].agency.name) for place in one.recipients),
        number=number, notation=one.notation, promulgation_date=day, subject=subject,
        document_id=document_id(party.organ, day, number, one.notation), place=party.agency.place, type=TypeInfo.of(_TYPE), content=subject,
        signer=SignerInfo(party.capacity[0], party.leader.position, party.leader.name),
        other=OtherInfo(priority=Urgency(one.urgency), pages=1), business=Business(),
    )  # fmt: skip


def _write_letter(field: Field, one: Drawn) -> Written:
    party, world = field.parties[one.sender], field.world
    words = compose(world.seed, f"load/{one.notation}/{one.number}", "CV", party.agency.name)
    subject, (capacity, on_behalf) = words.subject.removeprefix("V/v "), party.capacity
    content = LetterContent(
        sender_id=str(party.organ), type_code="CV", notation=one.notation,
        recipient_ids=tuple(str(field.parties[place].organ) for place in one.recipients), parent_name=party.agency.parent_name,
        name=party.agency.name, place=party.agency.place, subject=subject, addressees=_addressees(field, one), paragraphs=words.paragraphs,
        capacity=capacity, on_behalf=on_behalf, position=party.leader.position, signer_name=party.leader.name,
        to_places=("Như trên", "Lưu: VT"), urgency=Urgency(one.urgency).mark,
    )  # fmt: skip
    letter = _PRESS.issue(_PRESS.sign(content, party.sign), format_number(one.number), world.start, party.seal)
    package = write_edoc(_header(field, one, subject), [OutgoingAttachment("van-ban", LETTER_NAME, letter, "application/pdf")])
    head, foot = _around(package, letter)
    return Written(head, letter, b"", foot)


def _addressees(field: Field, one: Drawn) -> tuple[str, ...]:
    if len(one.recipients) > 5:
        return ("Các cơ quan, đơn vị theo danh sách nhận văn bản",)
    return tuple(field.parties[place].agency.name for place in one.recipients)


_PROXY = b"where the file of this package will stand"


def _write_file(field: Field, profile: Profile, one: Drawn, series: bytes, data: bytes) -> Written:
    """The package around a file, made with a few bytes in its place: a large file is never in memory."""
    digest = sha256()
    for piece in file_pieces(one.index, one.size, series, data):
        digest.update(piece)
    signature = field.parties[one.sender].seal_file.sign(digest.digest())
    attachments = [
        OutgoingAttachment("tai-lieu", FILE_NAME, _PROXY, "application/octet-stream"),
        OutgoingAttachment("chu-ky", FILE_NAME + DETACHED, signature, "application/pkcs7-signature"),
    ]
    head, rest = _around(write_edoc(_header(field, one, f"tài liệu {profile.name}"), attachments), _PROXY)
    middle, foot = _around(rest, signature)
    return Written(head, signature, middle, foot)


def _around(package: bytes, content: bytes) -> tuple[bytes, bytes]:
    """What stands before and after the base64 of an attachment."""
    head, found, foot = package.partition(b2a_base64(content, newline=False))
    if not found:
        raise ValueError("the attachment does not stand in its package on one line")
    return head, foot
