"""Long-term letters of every release are read for ever, and made again today they are the same to the byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from signing.formats.claims import Level
from signing.formats.letter.claims import letter_claims
from signing.formats.letter.reader import open_first, open_second
from signing.formats.letter.tails import read_tails
from tests.signing.letter.make_golden import GOLDEN
from tests.signing.letter.make_golden_long_term import SOURCE, renewed

_LETTERS = sorted(GOLDEN.glob("*/long-term/*.pdf"))


@pytest.mark.parametrize("path", _LETTERS, ids=[path.parts[-3] for path in _LETTERS])
def test_golden_letters_read_at_every_level(path: Path) -> None:
    data = path.read_bytes()
    sealed = open_second(data, open_first(data)).end
    ends = [stamp.end for stamp in read_tails(data, sealed).stamps]
    levels = [letter_claims(data[:end])[1][0].level for end in (sealed, *ends)]
    assert levels == [Level.B, Level.T, Level.LTA, Level.LTA]
    for claim in letter_claims(data)[1]:
        assert claim.content("sha256") == claim.signer.message_digest
        assert all(token.expected("sha256") == token.imprint for token in claim.archive_tokens)


def test_the_writer_still_writes_them_byte_for_byte() -> None:
    assert renewed() == (GOLDEN / "0.2.0" / "long-term" / "cong-van.pdf").read_bytes()
    assert renewed().startswith(SOURCE.read_bytes())
    assert _LETTERS
