"""What the axis judged and refused, written into the trace as it becomes known after each settling."""

from __future__ import annotations

from exchange.observe import DrivenAxis
from scenarios.office.services import Services
from scenarios.trace import AXIS, Judged, PathValidated, RefusalSigned, StampChecked


class Judgements:
    """Reads what the axis did on from where it stopped. The order of its records is a function of facts, whoever of the axis' did it."""

    def __init__(self, services: Services, axis: DrivenAxis) -> None:
        self._services = services
        self._axis = axis
        self._cursor = 0
        self._refusals = 0
        self._steps = 0
        self._told: set[bytes] = set()
        """Steps of certificate paths that some process of the axis has verified."""
        self.repeated = 0
        """Raw verifications of such steps by another process of the axis, or once more after it forgot them."""

    def write(self) -> None:
        """One record for each step of a path first verified, each verdict and each signed refusal since the last call."""
        self._write_steps()
        self._write_verdicts()
        self._write_refusals()

    def _write_steps(self) -> None:
        kernel, found = self._services.kernel, self._axis.path_steps_since(self._steps)
        for step in sorted(found, key=lambda one: (one.subject, one.key)):
            self._steps = max(self._steps, step.cursor)
            if step.key in self._told:
                self.repeated += step.verifies
                continue
            if step.key:
                self._told.add(step.key)
            kernel.record(PathValidated(kernel.now, AXIS, step.subject, step.verifies))

    def _write_verdicts(self) -> None:
        kernel = self._services.kernel
        stamps = self._axis.letter_stamps_since(self._cursor) if kernel.world.stamps else {}
        read_from = self._cursor
        for found in self._axis.judgements_since(read_from):
            self._cursor = max(self._cursor, found.cursor)
            document = self._services.unjudged.pop(found.package_id, "")
            at = kernel.instant_of(found.at)
            record = Judged(
                at, str(found.sender), document, found.package_id, found.accepted, found.rule, found.sub_indication, found.verifies
            )
            kernel.record(record)
            stamp = stamps.get(found.package_id)
            if stamp is not None:
                held = stamp.stamped_at is not None
                proven = -1 if stamp.stamped_at is None else kernel.instant_of(stamp.stamped_at)
                kernel.record(StampChecked(at, AXIS, document, found.package_id, held, stamp.sub_indication, proven, stamp.verifies))

    def _write_refusals(self) -> None:
        kernel = self._services.kernel
        for refusal in self._axis.refusals_since(self._refusals):
            self._refusals = max(self._refusals, refusal.cursor)
            sender, document = self._services.registers.submitted(refusal.package_id)
            at = kernel.instant_of(refusal.at)
            kernel.record(RefusalSigned(at, sender, document, refusal.package_id, refusal.recipient, refusal.rule))
