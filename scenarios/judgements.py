"""What the axis judged and refused, written into the trace as it becomes known after each settling."""

from __future__ import annotations

import json
from datetime import datetime

from exchange.axis import Axis
from scenarios.office.services import Services
from scenarios.trace import AXIS, Judged, RefusalSigned, StampChecked


class Judgements:
    """Reads the axis' verdicts and refusals on from where it stopped."""

    def __init__(self, services: Services, axis: Axis) -> None:
        self._services = services
        self._axis = axis
        self._cursor = 0
        self._refusals = 0

    def write(self) -> None:
        """One record for each verdict and each signed refusal since the last call, in the order of the axis' own rows."""
        kernel = self._services.kernel
        stamps = self._axis.letter_stamps_since(self._cursor) if kernel.world.stamps else {}
        for found in self._axis.judgements_since(self._cursor):
            self._cursor = found.cursor
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
        for refusal in self._axis.refusals()[self._refusals :]:
            self._refusals += 1
            sender, document = self._services.registers.submitted(refusal.package_id)
            at = kernel.instant_of(datetime.fromisoformat(json.loads(refusal.statement)["at"]))
            kernel.record(RefusalSigned(at, sender, document, refusal.package_id, refusal.recipient, refusal.rule))
