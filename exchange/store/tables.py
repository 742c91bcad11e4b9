"""The tables, once, as SQLAlchemy Core. Instants are integer epoch seconds; row ids are the order of admission.

Text columns hold identifiers in the form the axis speaks (OrganId as in Decision 20/2020). Queue rows (``outbox``, ``crossing``) are
small and carry no payload; history lives in ``delivery_event``, ``verdict``, ``receipt``, ``refusal`` and ``negotiation``. The ledger over
that history stands in ``ledger_entry``, ``ledger_node`` and ``checkpoint``; what verdicts stood on in ``evidence`` and ``trust``; what
operators did by hand in ``intervention``.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    UniqueConstraint,
    text,
)
from sqlalchemy import Text as AnyText

VERSION = "0009"
"""The schema this code speaks; equal to the newest Alembic revision."""

Id = BigInteger().with_variant(Integer, "sqlite")
"""A row id. SQLite gives ids by itself only to a column that is exactly INTEGER PRIMARY KEY."""

Text = AnyText().with_variant(AnyText(collation="C"), "postgresql")
"""Compared and ordered by its bytes, as SQLite does, whatever the language of a server."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _package() -> ForeignKey:
    return ForeignKey("package.id")


def _where(name: str, column: str, condition: str) -> Index:
    """An index of the rows that meet a condition. Statements that are to use it say the condition themselves (exchange/store/plans.py)."""
    return Index(name, column, sqlite_where=text(condition), postgresql_where=text(condition))


member = Table(
    "member",
    metadata,
    Column("organ", Text, primary_key=True),
    Column("salt", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False),  # HMAC-SHA256(salt, secret): secrets are random, so a slow hash would buy nothing
)

lockout = Table(
    "lockout",  # members whom operators shut out: whatever secret they have, no call of theirs is answered
    metadata,
    Column("organ", Text, primary_key=True),
    Column("since", BigInteger, nullable=False),  # machine time
    Column("reason", Text, nullable=False),
)

intervention = Table(
    "intervention",  # what operators did by hand
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", BigInteger, nullable=False),  # machine time
    Column("operator", Text, nullable=False),  # who, as they said
    Column("action", Text, nullable=False),  # exchange/administration.py: Action
    Column("organ", Text, nullable=False),  # whom it concerned; '' when nobody alone
    Column("package_id", Text, nullable=False),  # what it concerned; '' when no package alone
    Column("reason", Text, nullable=False),
    Column("rows", Integer, nullable=False),  # how many rows it changed
    Index(None, "organ"),
)

package = Table(
    "package",
    metadata,
    Column("id", Id, primary_key=True),
    Column("package_id", Text, nullable=False, unique=True),  # derived from (sender, SHA-256): the same package again is the same row
    Column("sender", Text, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("kind", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("admitted_at", BigInteger, nullable=False),
    Column("priority", SmallInteger, nullable=False),
    Column("operation", SmallInteger, nullable=False),  # BussinessDocType 0–3 (domain.md §1.7); 0 for status packages and refusals
    Index("ix_package_admitted_at", "admitted_at"),  # for statistics of a period
)

skeleton = Table(
    "skeleton",
    metadata,
    Column("package", Id, _package(), primary_key=True),
    Column("data", LargeBinary, nullable=False),
)

upload = Table(
    "upload",
    metadata,
    Column("id", Id, primary_key=True),
    Column("touched_at", BigInteger, nullable=False),  # machine time of the last chunk: an orphan is old and not adopted
    Column("adopted", SmallInteger, nullable=False),
    _where("ix_upload_orphan", "id", "adopted = 0"),
)

chunk = Table(
    "chunk",
    metadata,
    Column("upload", Id, ForeignKey("upload.id"), primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("data", LargeBinary, nullable=False),
)

blob = Table(
    "blob",
    metadata,
    Column("id", Id, primary_key=True),
    Column("sha256", LargeBinary, nullable=False, unique=True),
    Column("size", BigInteger, nullable=False),
    Column("template", LargeBinary, nullable=True),  # a letter of ours: `data` is its tail against this template
    Column("data", LargeBinary, nullable=True),  # NULL when the bytes stand in the chunks of `upload`
    Column("upload", Id, ForeignKey("upload.id"), nullable=True),
    _where("ix_blob_upload", "upload", "upload IS NOT NULL"),  # also for the foreign key, when an upload that nobody adopted goes
)

attachment = Table(
    "attachment",
    metadata,
    Column("package", Id, _package(), primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("blob", Id, ForeignKey("blob.id"), nullable=False),
)

receipt = Table(
    "receipt",
    metadata,
    Column("package", Id, _package(), primary_key=True),
    Column("statement", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
)

document = Table(
    "document",
    metadata,
    Column("id", Id, primary_key=True),
    Column("sender", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("notation", Text, nullable=False),
    Column("year", SmallInteger, nullable=False),
    Column("document_id", Text, nullable=False),  # DocumentId as the sender wrote it; compared, never parsed (domain.md §1.5)
    Column("package", Id, _package(), nullable=False),
    UniqueConstraint("sender", "number", "notation", "year"),
    Index(None, "sender", "document_id"),
    Index(None, "package"),
)

delivery = Table(
    "delivery",
    metadata,
    Column("id", Id, primary_key=True),
    Column("document", Id, ForeignKey("document.id"), nullable=False),
    Column("package", Id, _package(), nullable=False),  # the package that carries it: the original, or the update that added the recipient
    Column("recipient", Text, nullable=False),  # as the sender wrote it
    Column("organ", Text, nullable=False),  # whose mailbox: the recipient, or the organisation it is an alias of
    Column("state", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("route", Text, nullable=False),
    Column("available_at", BigInteger, nullable=True),
    Column("transport", Text, nullable=False),  # '' | fetched | failed | expired, apart from the codes 01–06
    Column("transport_at", BigInteger, nullable=True),
    UniqueConstraint("document", "recipient"),
    Index(None, "state"),
    Index(None, "package"),
    _where("ix_delivery_waiting", "available_at", "state = 'waiting'"),  # for what expires: of open mail most does not
)

delivery_event = Table(
    "delivery_event",
    metadata,
    Column("id", Id, primary_key=True),
    Column("delivery", Id, ForeignKey("delivery.id"), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("cause", Id, _package(), nullable=False),  # the package that moved it
    Column("reason", Text, nullable=False),
    Index(None, "delivery"),
)

status = Table(
    "status",
    metadata,
    Column("package", Id, _package(), primary_key=True),
    Column("about", Text, nullable=False),  # ResponseFor/OrganId: whose mailbox it goes to
    Column("number", Text, nullable=False),
    Column("notation", Text, nullable=False),
    Column("year", SmallInteger, nullable=False),
    Column("code", Text, nullable=False),
    Column("description", Text, nullable=False),
)

verdict = Table(
    "verdict",
    metadata,
    Column("id", Id, primary_key=True),
    Column("package", Id, _package(), nullable=False, unique=True),
    Column("at", BigInteger, nullable=False),
    Column("accepted", SmallInteger, nullable=False),
    Column("rule", Text, nullable=False),
    Column("sub_indication", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("verifies", Integer, nullable=False),
)

letter_stamp = Table(
    "letter_stamp",
    metadata,
    Column("package", Id, _package(), primary_key=True),  # judged with its verdict; a letter without time-stamps has no row
    Column("stamped_at", BigInteger, nullable=True),  # the earliest time proven; nothing where no time-stamp proves any
    Column("sub_indication", Text, nullable=False),  # of the first time-stamp that did not hold
    Column("verifies", Integer, nullable=False),
)

refusal = Table(
    "refusal",
    metadata,
    Column("package", Id, _package(), primary_key=True),  # the notice itself
    Column("about", Id, _package(), nullable=False),  # the package refused
    Column("recipient", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("sub_indication", Text, nullable=False),
    Column("statement", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    UniqueConstraint("about", "recipient"),
    Index("ix_refusal_rule", "rule"),  # for their count: the statements beside it are long
)

negotiation = Table(
    "negotiation",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", Text, nullable=False),  # recall | update | replace | take-back
    Column("delivery", Id, ForeignKey("delivery.id"), nullable=False),
    Column("asked_by", Id, _package(), nullable=False),
    Column("asked_at", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("step", Text, nullable=False),  # asked | agreed | refused
    Column("route", Text, nullable=False),  # the road its package takes to the recipient
    Column("answered_by", Id, _package(), nullable=True),
    Column("answered_at", BigInteger, nullable=True),
    UniqueConstraint("asked_by", "delivery"),
    Index(None, "delivery"),
)

mailbox = Table(
    "mailbox",
    metadata,
    Column("id", Id, primary_key=True),
    Column("organ", Text, nullable=False),
    Column("package", Id, _package(), nullable=False),
    Column("available_at", BigInteger, nullable=False),
    Column("open", SmallInteger, nullable=False),
    Column("outcome", Text, nullable=False),  # '' | fetched | failed | expired
    Column("reason", Text, nullable=False),
    Column("closed_at", BigInteger, nullable=True),
    Column("rank", SmallInteger, nullable=False, server_default=text("4")),  # 0 the most urgent, 4 ordinary (exchange/domain/rank.py)
    UniqueConstraint("package", "organ"),
    Index("ix_mailbox_waiting", "organ", "rank", "available_at", sqlite_where=text("open = 1"), postgresql_where=text("open = 1")),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Id, primary_key=True),
    Column("stage", Text, nullable=False),
    Column("package", Id, _package(), nullable=False),
    Column("sender", Text, nullable=False),
    Column("due_at", BigInteger, nullable=False),  # business instant
    Column("priority", SmallInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("ready_at", BigInteger, nullable=False),  # machine time: end of a lease, or of the wait before another attempt
    Column("lease", Text, nullable=False),  # '' | who holds it (a fencing token)
    Column("parked", SmallInteger, nullable=False),
    Column("error", Text, nullable=False),
    Column("turn", BigInteger, nullable=False),  # place in the line: urgency first, then the sender's turn (exchange/outbox.py)
    Column("shard", SmallInteger, nullable=False),  # by whose document it is about: within one, rows keep their order
    Column("timeouts", SmallInteger, nullable=False),  # times a document took longer than it may
    UniqueConstraint("stage", "package"),
    Index("ix_outbox_line", "stage", "turn", "package", sqlite_where=text("parked = 0"), postgresql_where=text("parked = 0")),
    Index("ix_outbox_sender", "stage", "sender", "turn", sqlite_where=text("parked = 0"), postgresql_where=text("parked = 0")),
)

breaker = Table(
    "breaker",  # senders whose documents cost workers their lives (exchange/breakers.py)
    metadata,
    Column("agency", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("failed_at", BigInteger, nullable=False),  # machine time, as is the next
    Column("open_until", BigInteger, nullable=False),  # until then its documents are left in line
)

stage_time = Table(
    "stage_time",  # histograms of how long rows wait for a stage and are in its hands (exchange/stages/times.py)
    metadata,
    Column("stage", Text, primary_key=True),
    Column("what", Text, primary_key=True),  # waited | took
    Column("bound", Integer, primary_key=True, autoincrement=False),  # of the bucket, milliseconds; -1: the last, which has none
    Column("count", BigInteger, nullable=False),
    Column("total", BigInteger, nullable=False),  # milliseconds of all rows in it
)

horizon = Table(
    "horizon",  # one row where a kernel drives business time: how far workers may go
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("until", BigInteger, nullable=False),
    Column("package", BigInteger, nullable=False),  # packages admitted after this one wait for the next settling
    Column("mail", BigInteger, nullable=False),  # mailbox rows up to this one were told to the kernel
)

crossing = Table(
    "crossing",
    metadata,
    Column("id", Id, primary_key=True),
    Column("package", Id, _package(), nullable=False),
    Column("sender", Text, nullable=False),
    Column("priority", SmallInteger, nullable=False),
    Column("route", Text, nullable=False),  # all its hops, joined by '>'
    Column("step", SmallInteger, nullable=False),  # which of them it waits at
    Column("hop", Text, nullable=False),
    Column("ready", BigInteger, nullable=False),  # microseconds since the epoch: a hop may send several packages a second
    Column("organ", Text, nullable=False),  # whose mailbox, for a status package; '' for a document (its deliveries know)
    UniqueConstraint("package", "route"),
    Index(None, "hop", "ready"),
)

hop = Table(
    "hop",
    metadata,
    Column("id", Text, primary_key=True),
    Column("next_free", BigInteger, nullable=False),  # microseconds: from then on it may send again
)

outage = Table(
    "outage",
    metadata,
    Column("id", Id, primary_key=True),
    Column("hop", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
)

evidence = Table(
    "evidence",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", Text, nullable=False),  # anchor | authority | crl | axis | register
    Column("sha256", LargeBinary, nullable=False),
    Column("data", LargeBinary, nullable=False),
    UniqueConstraint("kind", "sha256"),
)

trust = Table(
    "trust",
    metadata,
    Column("id", Id, primary_key=True),
    Column("after", BigInteger, nullable=False),  # in force for every verdict whose id is above this one, until the next row
    Column("statement", LargeBinary, nullable=False),  # canonical JSON naming evidence by SHA-256, and the settings judged by
)

ledger_entry = Table(
    "ledger_entry",
    metadata,
    Column("id", Id, primary_key=True),  # index of the leaf, from 0 on without a gap
    Column("kind", Text, nullable=False),
    Column("fact", BigInteger, nullable=False),  # row id of what is sealed, in the table its kind names
    Column("agency", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),  # of this agency's entries, from 1 on without a gap
    Column("leaf", LargeBinary, nullable=False),  # RFC 9162 leaf hash
    UniqueConstraint("kind", "fact"),
    UniqueConstraint("agency", "sequence"),
)

ledger_node = Table(
    "ledger_node",
    metadata,
    Column("level", SmallInteger, primary_key=True),  # every eighth level of the tree: a node over 256 leaves, over 65,536, …
    Column("position", BigInteger, primary_key=True),
    Column("hash", LargeBinary, nullable=False),
)

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("id", Id, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("statement", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
)

operation = Table(
    "operation",  # raw signature operations as a process counted them, written with the work they were done for
    metadata,
    Column("id", Id, primary_key=True),
    Column("worker", Text, nullable=False),
    Column("kind", Text, nullable=False),  # signs | verifies
    Column("purpose", Text, nullable=False),
    Column("settled", BigInteger, nullable=False),  # for what this transaction settles
    Column("again", BigInteger, nullable=False),  # for nothing: given up, overtaken, or an authority's that is simulated in the process
)

path_step = Table(
    "path_step",  # links and lists of certificate paths that a process verified
    metadata,
    Column("id", Id, primary_key=True),
    Column("worker", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("key", LargeBinary, nullable=False),  # under which a process keeps the result; '' when it does not
    Column("verifies", Integer, nullable=False),
)

APPEND_ONLY = (
    receipt, refusal, verdict, letter_stamp, delivery_event, evidence, trust, ledger_entry, ledger_node, checkpoint, intervention,
    operation, path_step,
)  # fmt: skip
"""Tables no statement may update or delete from: triggers of the migrations say no."""
