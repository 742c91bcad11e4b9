"""The press: writes letters and puts the two signatures on them, each in its own revision, without a second pass over any byte."""

from __future__ import annotations

from datetime import date, datetime

from signing.errors import LetterRefused
from signing.formats import pades
from signing.formats.cms import CadesSigner
from signing.formats.letter import revisions
from signing.formats.letter.content import LetterContent
from signing.formats.letter.drawn import WRITTEN
from signing.formats.letter.reader import open_first
from signing.formats.letter.template import Template, load_template


class LetterPress:
    """Writes letters of one template. Holds nothing of any letter; one press serves all organisations and threads."""

    def __init__(self, template: Template | None = None) -> None:
        self._template = template or load_template()

    def sign(self, content: LetterContent, leader: CadesSigner, *, at: datetime | None = None) -> bytes:
        """Draw the page and sign it as the leader, number and date still empty: the bytes of revision 1.

        ``at`` is the time the signature claims (/M). Raises :class:`LetterRefused` for content that breaks a limit, cannot be drawn or
        does not fit on one page.
        """
        template = self._template
        objects = WRITTEN.of_content(template, content).objects
        digits = pades.contents_digits(leader.max_size)
        revision = revisions.first_revision(template, objects, pades.signature_head(revisions.LEADER_FIELDS, at), digits)
        state = template.hash_state.copy()
        state.update(revision.before)
        state.update(revision.after)
        return b"".join((template.prefix, revision.before, pades.fill_contents(leader.sign(state.digest()), digits), revision.after))

    def issue(self, revision1: bytes, number: str, day: date, seal: CadesSigner, *, at: datetime | None = None) -> bytes:
        """Fill number and date and seal as the organisation: the bytes of the complete letter.

        ``number`` has two to five digits (``05``, ``107``). Raises :class:`LetterRefused` when ``revision1`` is not exactly a letter
        signed by its leader only, or the number is malformed. Whether the leader's signature holds is for a validator to say before this
        is called.
        """
        if not revisions.NUMBER.fullmatch(number):
            raise LetterRefused("number", "must have two to five digits, below 10 with a leading zero (Decree 30/2020/NĐ-CP Annex I)")
        opened = open_first(revision1, WRITTEN)
        if opened.end != len(revision1):
            raise LetterRefused("revision 1", "something already follows the leader's signature")
        template = opened.template
        objects = revisions.second_objects(template, opened.content, opened.page, number, day)
        digits = pades.contents_digits(seal.max_size)
        head = pades.signature_head(revisions.SEAL_FIELDS, at)
        revision = revisions.second_revision(opened.end, opened.xref_at, objects, head, digits)
        state = template.hash_state.copy()
        state.update(memoryview(revision1)[len(template.prefix) :])
        state.update(revision.before)
        state.update(revision.after)
        return b"".join((revision1, revision.before, pades.fill_contents(seal.sign(state.digest()), digits), revision.after))
