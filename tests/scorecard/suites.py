"""All suites: ``./truc scorecard`` prints what they give (``console/scorecard.py``), the tests hold it."""

from __future__ import annotations

from collections.abc import Callable

from tests.scorecard.chains import ocsp_delegation, pkits_by_index, pkits_by_number
from tests.scorecard.model import Score
from tests.scorecard.wycheproof import WYCHEPROOF

SUITES: tuple[Callable[[], Score], ...] = (pkits_by_index, pkits_by_number, ocsp_delegation, *WYCHEPROOF)
