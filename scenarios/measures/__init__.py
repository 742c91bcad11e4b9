"""Rates against targets, folded from the trace and from nothing else: ``fold(records, world) -> Measures``."""

from scenarios.measures.catalogue import CATALOGUE, DEADLINES, MeasureId, MeasureSpec, Target, Unit
from scenarios.measures.fold import Fold, Measures, fold
from scenarios.measures.interval import Cell, Interval, Method, ratio_interval
from scenarios.measures.rows import CauseCount, Part, Rate, Row, Verdict, Waiting, judge

__all__ = [
    "CATALOGUE",
    "DEADLINES",
    "CauseCount",
    "Cell",
    "Fold",
    "Interval",
    "MeasureId",
    "MeasureSpec",
    "Measures",
    "Method",
    "Part",
    "Rate",
    "Row",
    "Target",
    "Unit",
    "Verdict",
    "Waiting",
    "fold",
    "judge",
    "ratio_interval",
]
