"""Stage route: what an accepted package does to deliveries and negotiations, and the road it takes.

By urgency, and within that in the order of admission; everything at the instant of admission.
"""

from __future__ import annotations

from collections.abc import Sequence

from exchange.api import PackageKind
from exchange.outbox import Claim, postpone, settle, still_held
from exchange.stages.batch import Batch, NotYet, deliver_new, load_admitted
from exchange.stages.desk import Desk
from exchange.stages.mail import Mail
from exchange.stages.moves import Held, Moves
from exchange.stages.operations import operate
from exchange.stages.status import load_reports, report
from exchange.store.work import Work

_WAIT = 1
"""Machine seconds until a package that waits for another's verdict is looked at again."""


def run_route(work: Work, desk: Desk, claims: Sequence[Claim]) -> list[Mail]:
    """Settle one batch of claimed rows; gives the mail that reached a mailbox at once."""
    held = still_held(work, claims)
    packages = load_admitted(work, [one.package for one in held])
    reports = load_reports(work, [one.id for one in packages.values() if one.kind is PackageKind.STATUS])
    batch = Batch(work, desk, Moves(work))
    fresh = [one.id for one in packages.values() if one.kind is PackageKind.EDOC]
    carried: dict[int, list[Held]] = {number: [] for number in fresh}
    for delivery in batch.moves.of_packages(fresh):
        carried[delivery.package].append(delivery)
    done: list[Claim] = []
    waiting: list[Claim] = []
    for claim in sorted(held, key=lambda claim: claim.package):
        one = packages[claim.package]
        try:
            if one.kind is PackageKind.STATUS:
                report(batch, one, reports[one.id])
            elif one.operation == 0:
                deliver_new(batch, one, carried[one.id], set())
            else:
                operate(batch, one, carried[one.id])
            done.append(claim)
        except NotYet:
            waiting.append(claim)
    mail = batch.flush()
    settle(work, done)
    postpone(work, waiting, _WAIT)  # else a batch full of them would be claimed again and again before everybody else's
    return mail
