"""Puts packages into mailboxes, and the axis' own signed refusals among them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import bindparam, insert, select

from exchange.api import PackageKind
from exchange.domain.calendar import VN
from exchange.domain.rank import ORDINARY, rank_of
from exchange.receipts import Refusal, package_id_of, refusal_statement, write_refusal
from exchange.stages.desk import Desk
from exchange.store.ids import reserve_ids
from exchange.store.tables import mailbox, package, refusal
from exchange.store.work import Work


@dataclass(frozen=True, slots=True)
class Mail:
    """One package for one mailbox, there from an instant on (epoch seconds), with its rank in the line."""

    organ: str
    package: int
    at: int
    rank: int


@dataclass(frozen=True, slots=True)
class RefusalOrder:
    """A refusal to be signed and put into the mailbox of the package's sender."""

    package: int
    package_id: str
    sender: str
    recipient: str
    rule: str
    sub_indication: str
    detail: str
    at: int


_POST = insert(mailbox)
_INSERT_PACKAGE = insert(package)
_INSERT_REFUSAL = insert(refusal)
_URGENT = select(package.c.id, package.c.operation, package.c.priority).where(
    package.c.id.in_(bindparam("ids", expanding=True)), package.c.priority > 0
)
_ISSUED = select(refusal.c.about, refusal.c.recipient).where(refusal.c.about.in_(bindparam("about", expanding=True)))


def ranks(work: Work, packages: Sequence[int]) -> dict[int, int]:
    """The ranks of packages, by row id."""
    found = dict.fromkeys(packages, ORDINARY)
    found |= {number: rank_of(operation, priority) for number, operation, priority in work.all_of(_URGENT, "ids", list(packages))}
    return found


def post_mail(work: Work, mail: Iterable[Mail]) -> None:
    """Insert mailbox rows."""
    work.many(
        _POST,
        [
            {
                "organ": one.organ, "package": one.package, "available_at": one.at, "rank": one.rank, "open": 1, "outcome": "",
                "reason": "", "closed_at": None,
            }
            for one in mail
        ],
    )  # fmt: skip


def instant(seconds: int) -> datetime:
    """Epoch seconds as a business instant."""
    return datetime.fromtimestamp(seconds, VN)


def issue_refusals(work: Work, desk: Desk, orders: Sequence[RefusalOrder]) -> list[Mail]:
    """Sign each refusal alone and put it into its sender's mailbox at the instant judged; none is issued twice."""
    if not orders:
        return []
    issued = {(about, recipient) for about, recipient in work.all(_ISSUED, {"about": sorted({one.package for one in orders})})}
    fresh = [one for one in orders if (one.package, one.recipient) not in issued]
    axis = str(desk.settings.organ)
    packages, refusals, mail = [], [], []
    for number, order in zip(reserve_ids(work, package, len(fresh)), fresh, strict=True):
        statement = refusal_statement(
            Refusal(order.package_id, order.recipient, order.rule, order.sub_indication, order.detail, instant(order.at))
        )
        signature = desk.notary.refusal(statement)
        wire = write_refusal(statement, signature)
        digest = sha256(wire).digest()
        packages.append({
            "id": number, "package_id": package_id_of(axis, digest), "sender": axis, "sha256": digest, "kind": PackageKind.REFUSAL.value,
            "size": len(wire), "admitted_at": order.at, "priority": 0, "operation": 0,
        })  # fmt: skip
        refusals.append({
            "package": number, "about": order.package, "recipient": order.recipient, "rule": order.rule,
            "sub_indication": order.sub_indication, "statement": statement, "signature": signature,
        })  # fmt: skip
        mail.append(Mail(order.sender, number, order.at, ORDINARY))
    work.many(_INSERT_PACKAGE, packages)
    work.many(_INSERT_REFUSAL, refusals)
    post_mail(work, mail)
    return mail
