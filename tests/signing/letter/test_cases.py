"""Every change to a letter between and after its signatures is refused; outside judges say what the table says they say."""

from __future__ import annotations

import pytest

from signing import LetterRefused, read_letter, verify_letter
from tests.judges import needs_pyhanko
from tests.signing.letter import lab
from tests.signing.letter.cases import CASES, Case, genuine
from tests.signing.letter.judges import pyhanko_verdicts

_NAMES = [case.name for case in CASES]


def test_the_forge_writes_the_genuine_letter() -> None:
    assert genuine() == lab.whole()
    assert verify_letter(genuine(), lab.validator(), lab.AT).passed


@pytest.mark.parametrize("case", CASES, ids=_NAMES)
def test_changed_letter_is_refused(case: Case) -> None:
    with pytest.raises(LetterRefused) as caught:
        read_letter(case.build())
    assert caught.value.place.startswith(case.place), str(caught.value)
    report = verify_letter(case.build(), lab.validator(), lab.AT)
    assert not report.passed
    assert report.refusal is not None


@needs_pyhanko
@pytest.mark.parametrize("case", CASES, ids=_NAMES)
def test_pyhanko_says_what_the_table_says(case: Case) -> None:
    verdicts = [status.bottom_line for status in pyhanko_verdicts(case.build())]
    assert verdicts[:2] == [verdict for verdict in (case.first, case.second) if verdict is not None]
