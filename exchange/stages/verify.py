"""Stage verify: judge each document by its signatures and its header, with the axis' own validator, as of the instant of admission.

Accepted: a row for stage route. Refused: every delivery the package carries fails, and its sender gets a signed refusal for each recipient
its header names; an operation that makes no delivery asks nobody, then.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import insert

from exchange.agreement import Finding
from exchange.domain.lifecycle import Event, Operation, allowed
from exchange.logs import about
from exchange.metering import Done, Settlement
from exchange.outbox import Claim, Stage, Task, post, settle, still_held
from exchange.stages.batch import Admitted, Batch, load_admitted
from exchange.stages.desk import Desk
from exchange.stages.guard import Guard
from exchange.stages.mail import Mail, instant
from exchange.stages.moves import Moves
from exchange.store.blobs import StoredBlob
from exchange.store.contents import StoredPackage, load_header, load_packages
from exchange.store.tables import letter_stamp, verdict
from exchange.store.work import Work
from exchange.verification import Attachment, Judgement, judge

_log = logging.getLogger("truc.stages")
_VERDICT = insert(verdict)
_STAMP = insert(letter_stamp)
HEAD = 64
"""First bytes of a large attachment, by which it is told that it is no letter."""


TIMEOUTS = 2
"""So many times a document may take longer than it may; then it is refused unjudged."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One document judged, not yet settled; ``done``: what that took."""

    claim: Claim
    package: Admitted
    said: Judgement
    done: Done


def judge_claims(desk: Desk, claims: Sequence[Claim], guard: Guard) -> Iterator[Judged]:
    """Judge claimed documents, outside any transaction: a slow letter holds no lock."""
    with desk.store.reading() as work:
        packages = load_admitted(work, [claim.package for claim in claims])
        stored = load_packages(work, [claim.package for claim in claims])
    for claim in claims:
        one = packages[claim.package]
        if claim.timeouts >= TIMEOUTS:
            yield Judged(claim, one, UNJUDGED, Done())
            continue
        with guard.document(claim), desk.metering.judging() as done:
            judgement = _judge(desk, one, stored[one.id])
        yield Judged(claim, one, judgement, done)


UNJUDGED = Judgement((Finding("too-slow", f"judging it was given up {TIMEOUTS} times after the time a document may take"),), (), ())
"""The verdict on a document that took too long: a refusal, which nobody can make again."""


def _judge(desk: Desk, one: Admitted, stored: StoredPackage) -> Judgement:
    found = stored.reread()
    attachments = [_attachment(desk, info.name, blob) for info, blob in zip(found.attachments, stored.blobs, strict=True)]
    return judge(
        found.edoc, attachments, desk.directory, desk.validator, instant(one.at),
        secret_rule=not desk.settings.accept_secret, letter_rule=not desk.settings.accept_sealed_files,
        stamp_expected=desk.settings.expect_time_stamps,
    )  # fmt: skip


def _attachment(desk: Desk, name: str, stored: StoredBlob) -> Attachment:
    """Whole, or of a large one the first bytes and the digest: it can only be an annex, whose signature is over the digest."""
    chunks = stored.chunks(desk.store)
    if stored.large:
        return Attachment(name, next(chunks, b"")[:HEAD], stored.sha256)
    return Attachment(name, b"".join(chunks))


def record(work: Work, desk: Desk, judged: Sequence[Judged], settlement: Settlement) -> list[Mail]:
    """Write the verdicts and what follows from them; gives the refusals posted."""
    held = {claim.id for claim in still_held(work, [one.claim for one in judged])}
    settled = [one for one in judged if one.claim.id in held]
    settlement.done += [one.done for one in settled]
    fresh = [(one.claim, one.package, one.said) for one in settled]
    batch = Batch(work, desk, Moves(work))
    work.many(_VERDICT, [_row(one, said) for _, one, said in fresh])
    stamped = [_stamp_row(one, said) for _, one, said in fresh if said.stamps]
    if stamped:
        work.many(_STAMP, stamped)
    accepted = [one for _, one, said in fresh if said.accepted]
    post(work, Stage.ROUTE, [Task(one.id, one.sender, one.sender, one.at, one.urgency) for one in accepted])
    refused = {one.id: (one, said) for _, one, said in fresh if not said.accepted}
    _refuse(batch, refused)
    mail = batch.flush()
    settle(work, [claim for claim, _, _ in fresh])
    if _log.isEnabledFor(logging.INFO):
        for _, one, said in fresh:
            _log.info("judged", extra=about(package=one.package_id, sender=one.sender, accepted=said.accepted, rule=said.rule))
    return mail


def _refuse(batch: Batch, refused: Mapping[int, tuple[Admitted, Judgement]]) -> None:
    """Fail what refused packages carry, and refuse each other recipient of an operation what it was to be asked."""
    carried = batch.moves.of_packages(list(refused))
    for delivery in carried:
        one, said = refused[delivery.package]
        if allowed(delivery.state, Event.REFUSED_BY_AXIS):  # not taken back before the verdict
            batch.fail(one, delivery, said.rule, said.detail, said.sub_indication)
    own = {(delivery.package, delivery.recipient) for delivery in carried}
    for one, said in refused.values():
        if one.operation == Operation.NEW:
            continue  # it asks nothing: whoever its header names has a delivery
        for organ in load_header(batch.work, one.id).recipient_ids:
            if (one.id, str(organ)) not in own:
                batch.refuse(one, str(organ), said.rule, said.detail, said.sub_indication)


def _row(one: Admitted, said: Judgement) -> dict[str, object]:
    return {
        "package": one.id, "at": one.at, "accepted": int(said.accepted), "rule": said.rule, "sub_indication": said.sub_indication,
        "detail": said.detail, "verifies": said.verifies,
    }  # fmt: skip


def _stamp_row(one: Admitted, said: Judgement) -> dict[str, object]:
    failed = next((stamp.report.sub_indication for stamp in said.stamps if not stamp.passed), None)
    return {
        "package": one.id,
        "stamped_at": None if said.stamped_at is None else int(said.stamped_at.timestamp()),
        "sub_indication": str(failed or ""),
        "verifies": said.stamp_verifies,
    }
