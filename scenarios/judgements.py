"""What the axis judged and refused, written into the trace as it becomes known after each settling."""

from __future__ import annotations

from exchange.axis import Axis
from scenarios.kernel import Kernel
from scenarios.trace import Judged, RefusalSigned


class Judgements:
    """Reads the axis' verdicts and refusals on from where it stopped."""

    def __init__(self, kernel: Kernel, axis: Axis) -> None:
        self._kernel = kernel
        self._axis = axis
        self._verdicts = 0
        self._refusals = 0

    def write(self) -> None:
        """One record for each verdict and each signed refusal since the last call, in the order of the axis' own rows."""
        instant = self._kernel.instant_of
        for verdict in self._axis.judgements_since(self._verdicts):
            self._verdicts = verdict.cursor
            self._kernel.record(
                Judged(
                    instant(verdict.at), str(verdict.sender), verdict.document, verdict.package_id, verdict.accepted, verdict.rule,
                    verdict.sub_indication, verdict.verifies,
                )
            )  # fmt: skip
        for refusal in self._axis.refusals_since(self._refusals):
            self._refusals = refusal.cursor
            self._kernel.record(
                RefusalSigned(instant(refusal.at), str(refusal.sender), refusal.document, refusal.package_id, refusal.recipient, refusal.rule)
            )
