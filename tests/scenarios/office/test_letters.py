"""The words of a letter's head."""

from __future__ import annotations

import pytest

from exchange.domain.document import document_type
from scenarios.office.corpus import DIRECTIVE_TYPES, INTERNAL_TYPES, OFFICIAL_TYPES, UPWARD_TYPES, compose
from scenarios.world.lettering import initials


@pytest.mark.parametrize(
    ("unit", "letters"),
    [("Văn phòng", "VP"), ("Phòng Hành chính - Tổng hợp", "HCTH"), ("Phòng Tư pháp", "TP"), ("Văn phòng Đoàn và Hội", "VPĐH")],
)
def test_a_unit_is_named_by_its_initials(unit: str, letters: str) -> None:
    """As clerks write the drafting unit into a notation."""
    assert initials(unit) == letters


def test_the_summary_does_not_say_the_type_again() -> None:
    """The type stands above it in capitals (Decree 30 Annex I)."""
    for mix in (OFFICIAL_TYPES, UPWARD_TYPES, DIRECTIVE_TYPES, INTERNAL_TYPES):
        assert sum(weight for _, weight in mix) == pytest.approx(1)
        for code, _ in mix:
            subject = compose("1", "văn bản", code, "Sở Nội vụ").subject
            assert code in ("CV", "GNP") or not subject.startswith(document_type(code).name)
