"""Letters made to last: document time-stamps and validation data behind the seal (PAdES B-T, B-LT, B-LTA; EN 319 142-1 §6).

Each step gives new bytes that begin with the delivered ones; nothing delivered is changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from signing.errors import FormatFailure, LetterRefused
from signing.formats import pades
from signing.formats.artefacts import Artefacts
from signing.formats.cades import Stamp
from signing.formats.claims import Level
from signing.formats.letter.reader import MAX_LETTER, open_first, open_second
from signing.formats.letter.revisions import Revision
from signing.formats.letter.tails import State, read_tails, stamp_revision, store_revision
from signing.formats.token_message import read_statement

TOKEN_ROOM = 4096
"""Bytes reserved for a token unless more is asked for; one with two certificates of the field has about 2,000."""


def augment_letter(letter: bytes, level: Level, stamp: Stamp, artefacts: Artefacts | None = None, *, room: int = TOKEN_ROOM) -> bytes:
    """The letter at a higher level, or renewed: what it lacks of B-T, then the artefacts it does not hold yet, then for B-LTA a stamp.

    Asked for B-LTA again, with the artefacts of that day, it gets another pair: that is the renewal. The level reached depends on the
    artefacts given: without revocation data it stays B-T. Raises :class:`LetterRefused` for
    bytes that are no sealed letter, :class:`FormatFailure` for a token that is none or does not fit ``room`` bytes.
    """
    state = _state(letter)
    if level is not Level.B and not state.fields:
        letter = add_document_timestamp(letter, stamp, room=room)
    if level in (Level.LT, Level.LTA):
        letter = add_store(letter, artefacts or Artefacts())
    if level is Level.LTA:
        letter = add_document_timestamp(letter, stamp, room=room)
    return letter


@dataclass(frozen=True, slots=True)
class AwaitingStamp:
    """A letter with room for one more time-stamp: ``digest`` (SHA-256) is what to have stamped, by whoever and however long it takes."""

    letter: bytes
    revision: Revision
    digits: int
    digest: bytes

    def with_token(self, token: bytes) -> bytes:
        """The letter with the token in its place (EN 319 142-1 §5.4.3).

        Raises :class:`FormatFailure` for bytes that are no token, do not fit, or stamp something else (RFC 3161 §2.4.2). Whether the token
        holds is for a validator to say.
        """
        info = read_statement(token)
        if (info.imprint_algorithm, info.imprint) != ("sha256", self.digest):
            raise FormatFailure("TimeStampToken", "stamps another imprint than was asked for (RFC 3161 §2.4.2)")
        return b"".join((self.letter, self.revision.before, pades.fill_contents(token, self.digits), self.revision.after))


def await_timestamp(letter: bytes, *, room: int = TOKEN_ROOM) -> AwaitingStamp:
    """Prepare one more DocTimeStamp revision over all bytes so far, with ``room`` bytes for its token. Raises :class:`LetterRefused`."""
    digits = pades.contents_digits(room)
    revision, after = stamp_revision(_state(letter), digits)
    if not pades.is_contents_size(digits) or after.end > MAX_LETTER:
        raise LetterRefused("document time-stamp", f"must keep the letter within {MAX_LETTER} bytes and its token within its room")
    state = sha256(letter)
    state.update(revision.before)
    state.update(revision.after)
    return AwaitingStamp(letter, revision, digits, state.digest())


def add_document_timestamp(letter: bytes, stamp: Stamp, *, room: int = TOKEN_ROOM) -> bytes:
    """One more DocTimeStamp revision, the token being at hand at once; raises as :func:`await_timestamp` and its ``with_token``."""
    awaiting = await_timestamp(letter, room=room)
    return awaiting.with_token(stamp(awaiting.digest))


def add_store(letter: bytes, artefacts: Artefacts) -> bytes:
    """One more revision of the document security store with what it does not hold yet; the same bytes when that is nothing."""
    state = _state(letter)
    there = state.store.artefacts
    added = Artefacts(
        tuple(dict.fromkeys(item for item in artefacts.certificates if item not in there.certificates)),
        tuple(dict.fromkeys(item for item in artefacts.crls if item not in there.crls)),
        tuple(dict.fromkeys(item for item in artefacts.ocsps if item not in there.ocsps)),
    )
    if not added.everything:
        return letter
    revision, after = store_revision(state, added)
    if after.end > MAX_LETTER:
        raise LetterRefused("security store", f"must keep the letter within {MAX_LETTER} bytes")
    _state(letter + revision)  # artefacts must be readable where they now stand
    return letter + revision


def _state(letter: bytes) -> State:
    """The state of a sealed letter with whatever permitted revisions it has."""
    return read_tails(letter, open_second(letter, open_first(letter)).end).state
