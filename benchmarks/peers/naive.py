"""The pipeline most services begin with: one Celery task for each document and step, each step a transaction of its own.

Written here, to be compared with the axis' shape: rows claimed in batches, the broker a doorbell. Reading, judging and
signing are the same code on both sides. What it lacks: priorities, order per document, fairness, leases, hops, operations on documents
already sent, a Merkle ledger, and a way back for a task the broker loses.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from hashlib import sha256

from celery import Celery
from celery.signals import worker_ready
from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    Engine,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    create_engine,
    insert,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as insert_or_not

from benchmarks.peers.world import Agencies, agencies
from exchange.api import Receipt
from exchange.domain.calendar import VN
from exchange.domain.identifiers import OrganId
from exchange.domain.organization import OrganStatus
from exchange.edxml.attached import MemorySink
from exchange.edxml.reader import read
from exchange.receipts import package_id_of, receipt_statement
from exchange.verification import Attachment, judge
from signing import CadesSigner, Purpose, Validator

app = Celery("naive", set_as_current=False)
app.conf.update(task_ignore_result=True, task_acks_late=True, task_reject_on_worker_lost=True, worker_send_task_events=False)
app.conf.update(
    worker_redirect_stdouts=False,
    worker_enable_remote_control=False,
    broker_connection_retry_on_startup=True,
    worker_hijack_root_logger=False,
)

metadata = MetaData()
document = Table(
    "naive_document", metadata, Column("id", Integer, primary_key=True), Column("package_id", Text, unique=True), Column("sender", Text),
    Column("body", LargeBinary), Column("at", DateTime(timezone=True)), Column("state", Text), Column("statement", LargeBinary),
    Column("signature", LargeBinary),
)  # fmt: skip
delivery = Table(
    "naive_delivery", metadata, Column("document", Integer, primary_key=True), Column("recipient", Text, primary_key=True),
    Column("state", Text),
)  # fmt: skip
event = Table(
    "naive_event", metadata, Column("id", Integer, primary_key=True), Column("document", Integer), Column("recipient", Text),
    Column("what", Text), Column("detail", Text),
)  # fmt: skip
mailbox = Table(
    "naive_mailbox", metadata, Column("id", Integer, primary_key=True), Column("document", Integer), Column("recipient", Text),
    Column("state", Text),
)  # fmt: skip
Index("naive_waiting", mailbox.c.recipient, postgresql_where=mailbox.c.state == "waiting")
_database: list[str] = []


@cache
def engine() -> Engine:
    """This process's connections."""
    return create_engine(_database[0])


def connect(database: str, broker: str) -> None:
    """Say where it works; nothing is connected before the first need."""
    _database[:] = [database]
    app.conf.broker_url = broker


class Desk:
    """What a process needs for its steps."""

    def __init__(self, world: Agencies) -> None:
        self.directory, self.validator = world.issued.directory, Validator(world.trust, world.issued.policy)
        self.signer = CadesSigner(world.issued.axis, embed_certificates=False, purpose=Purpose.RECEIPT)


@cache
def desk() -> Desk:
    """This process's own."""
    return Desk(agencies())


def submit(package: bytes, sender: OrganId, at: datetime) -> Receipt:
    """Admit one document in one transaction, its receipt signed, and send the first task."""
    digest, found = sha256(package).digest(), read(package, MemorySink(), at=at)
    assert found.edoc.sender_id == sender
    name = package_id_of(str(sender), digest)
    statement = receipt_statement(name, digest, sender, "edoc", at)
    signature = desk().signer.sign(sha256(statement).digest())
    row = {"package_id": name, "sender": str(sender), "body": package, "at": at, "state": "admitted", "statement": statement}
    with engine().begin() as work:
        query = insert_or_not(document).on_conflict_do_nothing().returning(document.c.id)
        number = work.execute(query, {**row, "signature": signature}).scalar_one()
        rows = [{"document": number, "recipient": str(one.organ), "state": "pending"} for one in found.edoc.recipients]
        work.execute(insert(delivery), rows)
        _note(work, number, "admitted")
    verify.delay(number)
    return Receipt(name, digest, at, statement, signature)


@app.task(name="naive.verify")
def verify(number: int) -> None:
    """Judge one document."""
    with engine().begin() as work:
        row = work.execute(select(document).where(document.c.id == number).with_for_update()).one()
        if row.state != "admitted":
            return
        sink = MemorySink()
        found = read(row.body, sink, exact=False)
        attachments = [Attachment(info.name, sink.data[info.ref]) for info in found.attachments]
        said = judge(found.edoc, attachments, desk().directory, desk().validator, row.at.astimezone(VN), letter_rule=False)
        state = "accepted" if said.accepted else "refused"
        work.execute(update(document).where(document.c.id == number).values(state=state))
        _note(work, number, state, detail=said.detail)
    if said.accepted:
        route.delay(number)


@app.task(name="naive.route")
def route(number: int) -> None:
    """Find the recipients of one document."""
    with engine().begin() as work:
        row = work.execute(select(document.c.state).where(document.c.id == number).with_for_update()).one()
        if row.state != "accepted":
            return
        names = list(work.execute(select(delivery.c.recipient).where(delivery.c.document == number)).scalars())
        known = {name: desk().directory.lookup(OrganId.parse(name)) for name in names}
        reached = [name for name, organ in known.items() if organ is not None and organ.status is OrganStatus.ACTIVE]
        work.execute(update(document).where(document.c.id == number).values(state="routed"))
        query = update(delivery).where(delivery.c.document == number, delivery.c.recipient.in_(reached))
        work.execute(query.values(state="on its way"))
        _note(work, number, "routed")
    for name in reached:
        deliver.delay(number, name)


@app.task(name="naive.deliver")
def deliver(number: int, recipient: str) -> None:
    """Put one document into one mailbox."""
    with engine().begin() as work:
        query = update(delivery).where(delivery.c.document == number, delivery.c.recipient == recipient, delivery.c.state == "on its way")
        if work.execute(query.values(state="delivered")).rowcount:
            work.execute(insert(mailbox), {"document": number, "recipient": recipient, "state": "waiting"})
            _note(work, number, "delivered", recipient)


def take(recipient: OrganId, limit: int) -> list[bytes]:
    """A page of a mailbox fetched and confirmed, as our recipients do it: three transactions."""
    waiting = select(mailbox.c.id, mailbox.c.document).where(mailbox.c.recipient == str(recipient), mailbox.c.state == "waiting")
    with engine().begin() as work:
        lines = work.execute(waiting.order_by(mailbox.c.id).limit(limit)).all()
    if not lines:
        return []
    with engine().begin() as work:
        bodies = list(work.execute(select(document.c.body).where(document.c.id.in_([line.document for line in lines]))).scalars())
    with engine().begin() as work:
        work.execute(update(mailbox).where(mailbox.c.id.in_([line.id for line in lines])).values(state="fetched"))
        taken = [line.document for line in lines]
        work.execute(
            update(delivery).where(delivery.c.recipient == str(recipient), delivery.c.document.in_(taken)).values(state="received")
        )
        rows = [{"document": line.document, "recipient": str(recipient), "what": "received", "detail": ""} for line in lines]
        work.execute(insert(event), rows)
    return bodies


def _note(work: Connection, number: int, what: str, recipient: str = "", detail: str = "") -> None:
    work.execute(insert(event), {"document": number, "recipient": recipient, "what": what, "detail": detail})


def work(database: str, broker: str, children: str) -> None:
    """Be a worker until told to stop."""
    connect(database, broker)
    agencies()  # before the children, who have it by the fork
    worker_ready.connect(lambda **_: print("ready", flush=True), weak=False)
    app.worker_main(
        ["worker", "--pool", "prefork", "--concurrency", children, "--loglevel", "warning", "--without-gossip", "--without-mingle"]
    )
