"""What a letter says: every text on the page and every identifier behind it, as one signed JSON stream.

The page is drawn from this stream alone, so the stream and the page cannot say different things.
Canonical form: UTF-8, NFC, keys sorted, no spaces, no escapes beyond JSON's own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any

from signing.errors import LetterRefused
from signing.records import quickly_made

BLOCS = ("state", "party")
URGENCY_MARKS = ("", "KHẨN", "THƯỢNG KHẨN", "HỎA TỐC", "HỎA TỐC HẸN GIỜ")
"""Decree 30/2020/NĐ-CP Annex I, part II: urgency marks as drawn."""
SECRECY_MARKS = ("", "MẬT", "TỐI MẬT", "TUYỆT MẬT")
"""Law 29/2018/QH14 Art. 8: degrees of state secrets as drawn."""

MAX_TEXT = 300
MAX_PARAGRAPH = 4_000
MAX_IDENTIFIER = 64
MAX_RECIPIENTS = 2_000
MAX_ITEMS = 60


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class LetterContent:
    """Everything a letter says except its number, its date and its signatures.

    Texts are NFC and are drawn as given, save where a part is drawn in capitals (Decree 30/2020/NĐ-CP Annex I). Limits: texts 300
    characters, paragraphs 4,000 each, lists 60 items, 2,000 recipients; and all of it must fit on one page.
    """

    sender_id: str
    """Organ identifier of the sending organisation, e.g. ``H28``; not drawn."""
    type_code: str
    """Abbreviation of the document's type, ``CV`` for công văn; not drawn."""
    type_name: str = ""
    """Name drawn in capitals above the summary (``Quyết định``); empty for công văn, whose summary stands as "V/v …" under the number."""
    notation: str
    """What follows the number, e.g. ``UBND-KGVX`` (drawn "Số: …/UBND-KGVX"); Party bodies ``CV/TU`` (drawn "Số …-CV/TU")."""
    recipient_ids: tuple[str, ...]
    """Organ identifiers of every recipient; not drawn, names being homonyms."""
    parent_name: str = ""
    """Name of the body above, drawn over the issuing body; may be empty."""
    name: str
    """Name of the issuing body; also the text of its seal."""
    place: str
    """Place of the place-and-date line, e.g. ``Hòa Bình``."""
    subject: str
    """Summary (trích yếu), without "V/v"."""
    addressees: tuple[str, ...] = ()
    """Names after "Kính gửi"; without end marks."""
    paragraphs: tuple[str, ...]
    """The text."""
    capacity: str = ""
    """Signing capacity: ``TM.``, ``Q.``, ``KT.``, ``TL.``, ``TUQ.`` or empty (Decree 30 Art. 13)."""
    on_behalf: str = ""
    """On whose behalf, after the capacity (``ỦY BAN NHÂN DÂN``); line breaks are kept."""
    position: str
    """Position of the signer, e.g. ``CHỦ TỊCH``."""
    signer_name: str
    """Full name of the signer."""
    to_places: tuple[str, ...] = ()
    """Lines of "Nơi nhận", without dash and end mark."""
    urgency: str = ""
    """One of :data:`URGENCY_MARKS`."""
    secrecy: str = ""
    """One of :data:`SECRECY_MARKS`."""
    bloc: str = "state"
    """``state`` draws the national name and motto, ``party`` the Party's heading."""

    def canonical(self) -> bytes:
        """The bytes of the signed stream. Raises :class:`LetterRefused` for a text that is no Unicode text (lone surrogates)."""
        return _canonical(dict(zip(FIELDS, _VALUES(self), strict=True)))


FIELDS = tuple(sorted(field.name for field in fields(LetterContent)))
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False)
_LISTS = {
    "recipient_ids": (MAX_RECIPIENTS, MAX_IDENTIFIER),
    "addressees": (MAX_ITEMS, MAX_TEXT),
    "paragraphs": (MAX_ITEMS, MAX_PARAGRAPH),
    "to_places": (MAX_ITEMS, MAX_TEXT),
}
_TEXTS = {name: MAX_IDENTIFIER if name in ("sender_id", "type_code", "notation") else MAX_TEXT for name in FIELDS if name not in _LISTS}
_TEXT_VALUES = attrgetter(*_TEXTS)
_VALUES = attrgetter(*FIELDS)
_REQUIRED = ("sender_id", "type_code", "notation", "recipient_ids", "name", "place", "subject", "paragraphs", "position", "signer_name")
_CHOICES = {"bloc": BLOCS, "urgency": URGENCY_MARKS, "secrecy": SECRECY_MARKS}


def _plain_form() -> re.Pattern[str]:
    """Canonical streams of contents within their limits, as far as no text needs an escape: all that is asked of a stream, in one look."""

    def text(least: int, most: int) -> str:
        return rf'[^"\\\x00-\x1f]{{{least},{most}}}'

    def value(name: str) -> str:
        least = 1 if name in _REQUIRED else 0
        if name in _CHOICES:
            return f'"({"|".join(map(re.escape, _CHOICES[name]))})"'
        if name in _TEXTS:
            return f'"({text(least, _TEXTS[name])})"'
        count, limit = _LISTS[name]
        return rf'\[(?:"({text(1, limit)}(?:","{text(1, limit)}){{0,{count - 1}}})"){{{least},1}}\]'

    return re.compile(r"\{" + ",".join([f'"{name}":{value(name)}' for name in FIELDS]) + r"\}")


_PLAIN = _plain_form()


def _canonical(values: dict[str, Any]) -> bytes:
    """The stream of fields and values, the fields in their order."""
    try:
        return _ENCODER.encode(values).encode()
    except UnicodeEncodeError as error:
        raise LetterRefused("metadata", "a text holds a lone surrogate") from error


def check_content(content: LetterContent) -> None:
    """Raise :class:`LetterRefused` naming the field that breaks a limit; whether the texts can be drawn and fit is the page's question."""
    for (name, limit), text in zip(_TEXTS.items(), _TEXT_VALUES(content), strict=True):
        if type(text) is not str or len(text) > limit:
            raise LetterRefused(name, f"must be a text of at most {limit} characters")
    for name, (count, limit) in _LISTS.items():
        items = getattr(content, name)
        if type(items) is not tuple or len(items) > count:
            raise LetterRefused(name, f"must be a list of at most {count} texts")
        for item in items:
            if type(item) is not str or not 0 < len(item) <= limit:
                raise LetterRefused(name, f"each must be a text of 1 to {limit} characters")
    for name in _REQUIRED:
        if not getattr(content, name):
            raise LetterRefused(name, "must not be empty")
    for name, choices in _CHOICES.items():
        if getattr(content, name) not in choices:
            raise LetterRefused(name, f"must be one of {', '.join(repr(choice) for choice in choices)}")


def parse_content(data: bytes) -> LetterContent:
    """Read a metadata stream. Raises :class:`LetterRefused` unless it is the canonical form of a content within its limits."""
    try:
        text = data.decode()
        plain = _PLAIN.fullmatch(text)
        if plain is not None:
            return _of_plain(plain.groups())
        values: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise LetterRefused("metadata", "must be JSON in UTF-8") from error
    if type(values) is not dict or tuple(values) != FIELDS:
        raise LetterRefused("metadata", "must hold exactly the letter's fields, sorted")
    for name in _LISTS:
        if type(values[name]) is not list:
            raise LetterRefused(name, "must be a list")
        values[name] = tuple(values[name])
    content = LetterContent(**values)
    check_content(content)
    if _canonical(values) != data:
        raise LetterRefused("metadata", "must be in canonical form")
    return content


def _of_plain(groups: Sequence[Any]) -> LetterContent:
    """The content of a plain stream's values, in the order of :data:`FIELDS`."""
    (
        addressees, bloc, capacity, name, notation, on_behalf, paragraphs, parent_name, place, position, recipient_ids, secrecy, sender_id,
        signer_name, subject, to_places, type_code, type_name, urgency,
    ) = groups  # fmt: skip
    return LetterContent(
        sender_id=sender_id, type_code=type_code, type_name=type_name, notation=notation, recipient_ids=_items(recipient_ids),
        parent_name=parent_name, name=name, place=place, subject=subject, addressees=_items(addressees), paragraphs=_items(paragraphs),
        capacity=capacity, on_behalf=on_behalf, position=position, signer_name=signer_name, to_places=_items(to_places), urgency=urgency,
        secrecy=secrecy, bloc=bloc,
    )  # fmt: skip


def _items(joined: str | None) -> tuple[str, ...]:
    """The texts of a list, as they stand between its outer quotation marks."""
    return tuple(joined.split('","')) if joined else ()
