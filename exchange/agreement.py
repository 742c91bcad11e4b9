"""Where the header of a package and its signed letter do not say alike, and names that lead astray.

The axis routes by the header, people read the letter: what is signed is the letter, so the header must say what it says.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from exchange.domain.document import TYPES
from exchange.domain.identifiers import OrganId
from exchange.domain.organization import Directory, Organization
from exchange.edxml.model import EdocHeader, TypeInfo
from exchange.errors import InvalidOrganId
from signing import Letter, LetterContent

_UNSEEN = frozenset({"Cc", "Cf", "Zl", "Zp"})
"""Unicode categories that are not seen or change the order in which the rest is seen."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule that was not kept, in one clear sentence. ``sub_indication`` is set where a signature is the reason."""

    rule: str
    detail: str
    sub_indication: str = ""


@lru_cache(maxsize=256)
def misleading_names(names: tuple[str, ...]) -> tuple[Finding, ...]:
    """Names of attachments link files to signatures and are what people click on: no two that look or unpack alike."""
    found: list[Finding] = []
    folded: dict[str, str] = {}
    for name in names:
        if any(unicodedata.category(char) in _UNSEEN or char in "/\\" for char in name):
            found.append(Finding("attachment-names", f"{name!a} is no plain file name"))
        seen = _folded(name)
        if seen in folded:
            detail = f"two attachments are named {name!r}"
            if folded[seen] != name:
                detail = f"{folded[seen]!a} and {name!a} are easily taken for each other"
            found.append(Finding("attachment-names", f"{detail}, so it is not clear which one is signed"))
        folded[seen] = name
    return tuple(found)


def differences(header: EdocHeader, letter: Letter, directory: Directory) -> Iterator[Finding]:
    """Where the header does not say what the signed letter says; each with its own rule."""
    content = letter.content
    if _number(header.number) != _number(letter.number):
        yield Finding("number-mismatch", f"the header gives number {header.number}, the letter {letter.number}")
    if header.notation != content.notation:
        yield Finding("notation-mismatch", f"the header gives notation {header.notation}, the letter {content.notation}")
    if header.promulgation_date != letter.day:
        yield Finding("date-mismatch", f"the header is dated {header.promulgation_date:%d/%m/%Y}, the letter {letter.day:%d/%m/%Y}")
    if not _same_type(header, letter):
        given = header.type.name or f"{header.type.type}/{header.type.detail}"
        yield Finding("type-mismatch", f"the header gives type {given}, the letter {content.type_code}")
    if not _draws_its_type(content):
        yield Finding("type-mismatch", f"the letter says it is of type {content.type_code} and draws {content.type_name or 'no type'}")
    try:
        sender = OrganId.parse(content.sender_id)
        addressed = {OrganId.parse(text) for text in content.recipient_ids}
    except InvalidOrganId as error:
        yield Finding("letter-identifiers", f"the letter's metadata: {error}")
        return
    if not _same_organ(sender, header.sender_id, directory):
        yield Finding("sender-mismatch", f"the header names {header.sender_id} as sender, the letter {sender}")
    others = [organ for organ in header.recipient_ids if organ not in addressed]
    if others:
        known, added = {_canonical(organ, directory) for organ in addressed}, header.business.added()
        for organ in others:
            if _canonical(organ, directory) not in known and organ not in added:
                yield Finding("recipient-mismatch", f"the header names recipient {organ}, to whom the letter is not addressed")


def _number(text: str) -> str:
    return text.lstrip("0") if text.isdigit() else text


def same_name(one: str, other: str) -> bool:
    """Names as people read them: capitals, blanks and the way diacritics are composed do not count."""
    return one == other or _read(one) == _read(other)


def _read(name: str) -> str:
    return unicodedata.normalize("NFC", " ".join(name.split())).casefold()


def _folded(name: str) -> str:
    """A file name as the most careless file system or eye takes it."""
    seen = "".join(char for char in unicodedata.normalize("NFKC", name) if unicodedata.category(char) not in _UNSEEN)
    return seen.casefold().strip(" .")


def _same_organ(one: OrganId, other: OrganId, directory: Directory) -> bool:
    return one == other or _canonical(one, directory) == _canonical(other, directory)


def _canonical(organ: OrganId, directory: Directory) -> OrganId:
    known: Organization | None = directory.lookup(organ)
    return organ if known is None else known.id


def _same_type(header: EdocHeader, letter: Letter) -> bool:
    """By the 29 types where the header means one of them; by name for the Party's own types."""
    resolved = header.type.resolved()
    if resolved is not None:
        return resolved.code == letter.content.type_code
    return bool(header.type.name) and header.type.name.casefold() == letter.content.type_name.casefold()


def _draws_its_type(content: LetterContent) -> bool:
    """The type's code is not drawn, its name is: one of the 29 types must be drawn as itself (a công văn draws none)."""
    known = TYPES.get(content.type_code)
    if known is None:
        return True
    if not content.type_name:
        return not known.abbreviation
    return TypeInfo(0, 0, content.type_name).resolved() is known


def remarks(header: EdocHeader, letter: Letter) -> Iterator[Finding]:
    """Differences in what is no part of the equality the law of the axis asks for."""
    content = letter.content
    if header.subject.removeprefix("V/v ") != content.subject.removeprefix("V/v "):
        yield Finding("subject-differs", "the header's summary is not the letter's")
    if header.signer.full_name and header.signer.full_name != content.signer_name:
        yield Finding("signer-name-differs", f"the header names {header.signer.full_name}, the letter is signed by {content.signer_name}")
    if header.priority.mark != content.urgency:
        yield Finding(
            "urgency-differs", f"the header says {header.priority.label}, the letter is marked {content.urgency or 'with no urgency'}"
        )
