"""An axis over HTTP as whoever drives it has it: the four Protocols of :class:`exchange.client.HttpAxis`, and every record besides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from exchange.api import Caller, Checkpoint
from exchange.audit import DeliveryRecord, JudgementRecord, NegotiationRecord, RefusalRecord
from exchange.client import HttpAxis
from exchange.domain.identifiers import OrganId
from exchange.metering import Operations, StepRecord
from exchange.observe import PAGE, Observed
from exchange.stamps import LetterStampRecord
from exchange.web import observed
from exchange.web.wire import Body

Page = TypeVar("Page", bound=Body)


class HttpDrivenAxis(HttpAxis, Observed):
    """See there. Its members are enrolled where the axis is, with the secrets of the same seed."""

    def enrol_all(self, secrets: Mapping[OrganId, str]) -> None:
        """See that the axis knows them: asked for one, since all are made of one seed. Raises :class:`exchange.errors.Unauthenticated`."""
        for organ, secret in list(secrets.items())[:1]:
            self.authenticate(Caller(organ, secret))

    def judgement_page(self, after: int, limit: int) -> Sequence[JudgementRecord]:
        """See :class:`exchange.observe.Observed`."""
        return [one.record() for one in self._page("judgements", observed.JudgementsBody, after, limit).records]

    def letter_stamp_page(self, after: int, limit: int) -> Sequence[LetterStampRecord]:
        """See :class:`exchange.observe.Observed`."""
        return [one.record() for one in self._page("letter-stamps", observed.LetterStampsBody, after, limit).records]

    def refusal_page(self, after: int, limit: int) -> Sequence[RefusalRecord]:
        """See :class:`exchange.observe.Observed`."""
        return [one.record() for one in self._page("refusals", observed.RefusalsBody, after, limit).records]

    def path_step_page(self, after: int, limit: int) -> Sequence[StepRecord]:
        """See :class:`exchange.observe.Observed`."""
        return [one.record() for one in self._page("path-steps", observed.PathStepsBody, after, limit).records]

    def delivery_page(self, after: int, limit: int) -> Sequence[DeliveryRecord]:
        """See :class:`exchange.observe.Observed`."""
        return [one.record() for one in self._page("deliveries", observed.PairsBody, after, limit).records]

    def negotiation_page(self, after: int, limit: int) -> Sequence[NegotiationRecord]:
        """See :class:`exchange.observe.Observed`."""
        return [one.record() for one in self._page("negotiations", observed.NegotiationsBody, after, limit).records]

    def checkpoints(self) -> tuple[Checkpoint, ...]:
        """See :class:`exchange.observe.Observed`."""
        found: list[Checkpoint] = []
        while records := self._page("checkpoints", observed.CheckpointsBody, found[-1].number if found else 0, PAGE).records:
            found += [one.checkpoint() for one in records]
        return tuple(found)

    def operations(self) -> tuple[Operations, ...]:
        """See :class:`exchange.observe.Observed`."""
        return tuple(one.record() for one in self._standing().operations)

    def receipts(self) -> int:
        """See :class:`exchange.observe.Observed`."""
        return self._standing().receipts

    def depth(self) -> Mapping[str, int]:
        """See :class:`exchange.observe.Observed`."""
        return self._standing().depth

    def _standing(self) -> observed.StandingBody:
        return self.operate("standing", observed.StandingBody)

    def _page(self, name: str, kind: type[Page], after: int, limit: int) -> Page:
        asked: dict[str, Any] = {"after": after, "limit": limit}
        return self.operate(name, kind, asked)
