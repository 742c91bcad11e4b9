"""All suites in one table: ``python -m tests.scorecard.table`` in a clone, or ``./truc scorecard``."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterable

from tests.scorecard.chains import ocsp_delegation, pkits_by_index, pkits_by_number
from tests.scorecard.model import Score
from tests.scorecard.wycheproof import WYCHEPROOF

SUITES: tuple[Callable[[], Score], ...] = (pkits_by_index, pkits_by_number, ocsp_delegation, *WYCHEPROOF)
_WIDTH = 120
_COLUMNS = "{:<38}{:>9}{:>9}{:>9}{:>10}  {}"


def table(scores: Iterable[Score]) -> list[str]:
    """The lines of the table, and beneath it every difference, every exclusion and every note, wrapped for a screen."""
    scores = tuple(scores)
    lines = [_COLUMNS.format("suite", "carried", "agreed", "differed", "excluded", "source")]
    remarks: list[str] = []
    for one in scores:
        lines.append(_COLUMNS.format(one.suite, one.carried, one.agreed, len(one.differences), len(one.excluded), one.source))
        remarks += [f"{one.suite}, {gap.case}: {gap.found}. Reason: {gap.reason or 'NONE WRITTEN'}" for gap in one.differences]
        remarks += [f"{one.suite}, {case}: not run. {why}" for case, why in one.excluded.items()]
        remarks += [f"{one.suite}: {note}" for note in one.notes]
    unexplained = sum(len(one.undocumented) for one in scores)
    total = sum(one.agreed for one in scores), sum(one.carried for one in scores)
    lines += ["", f"{total[0]:,} of {total[1]:,} agreed; differences without a written reason: {unexplained}"]
    for remark in remarks:
        lines += ["", *textwrap.wrap(remark, _WIDTH, subsequent_indent="    ", break_long_words=False)]
    return lines


def main() -> int:
    """Run all suites and print; 1 where a difference has no written reason."""
    scores = [suite() for suite in SUITES]
    print("\n".join(table(scores)))
    return 1 if any(one.undocumented or not one.whole for one in scores) else 0


if __name__ == "__main__":
    sys.exit(main())
