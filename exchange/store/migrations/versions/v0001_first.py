"""The first schema. Receipts, refusals, verdicts and delivery events can only be added to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from exchange.store.dialect import append_only_ddl

revision = "0001"
down_revision = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
APPEND_ONLY = ("receipt", "refusal", "verdict", "delivery_event")


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "hop",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("next_free", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hop")),
    )
    op.create_table(
        "member",
        sa.Column("organ", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("organ", name=op.f("pk_member")),
    )
    op.create_table(
        "outage",
        sa.Column("id", ID, nullable=False),
        sa.Column("hop", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outage")),
    )
    op.create_table(
        "package",
        sa.Column("id", ID, nullable=False),
        sa.Column("package_id", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("admitted_at", sa.BigInteger(), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("operation", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_package")),
        sa.UniqueConstraint("package_id", name=op.f("uq_package_package_id")),
    )
    op.create_table(
        "upload",
        sa.Column("id", ID, nullable=False),
        sa.Column("touched_at", sa.BigInteger(), nullable=False),
        sa.Column("adopted", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload")),
    )
    op.create_table(
        "blob",
        sa.Column("id", ID, nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("template", sa.LargeBinary(), nullable=True),
        sa.Column("data", sa.LargeBinary(), nullable=True),
        sa.Column("upload", ID, nullable=True),
        sa.ForeignKeyConstraint(["upload"], ["upload.id"], name=op.f("fk_blob_upload_upload")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blob")),
        sa.UniqueConstraint("sha256", name=op.f("uq_blob_sha256")),
    )
    op.create_table(
        "chunk",
        sa.Column("upload", ID, nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["upload"], ["upload.id"], name=op.f("fk_chunk_upload_upload")),
        sa.PrimaryKeyConstraint("upload", "ordinal", name=op.f("pk_chunk")),
    )
    op.create_table(
        "crossing",
        sa.Column("id", ID, nullable=False),
        sa.Column("package", ID, nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("step", sa.SmallInteger(), nullable=False),
        sa.Column("hop", sa.Text(), nullable=False),
        sa.Column("ready", sa.BigInteger(), nullable=False),
        sa.Column("organ", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["package"], ["package.id"], name=op.f("fk_crossing_package_package")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crossing")),
        sa.UniqueConstraint("package", "route", name=op.f("uq_crossing_package_route")),
    )
    op.create_index(op.f("ix_crossing_hop_ready"), "crossing", ["hop", "ready"], unique=False)
    op.create_table(
        "document",
        sa.Column("id", ID, nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("notation", sa.Text(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("document_id", sa.Text(), nullable=False),
        sa.Column("package", ID, nullable=False),
        sa.ForeignKeyConstraint(["package"], ["package.id"], name=op.f("fk_document_package_package")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document")),
        sa.UniqueConstraint("sender", "number", "notation", "year", name=op.f("uq_document_sender_number_notation_year")),
    )
    op.create_index(op.f("ix_document_sender_document_id"), "document", ["sender", "document_id"], unique=False)
    op.create_table(
        "mailbox",
        sa.Column("id", ID, nullable=False),
        sa.Column("organ", sa.Text(), nullable=False),
        sa.Column("package", ID, nullable=False),
        sa.Column("available_at", sa.BigInteger(), nullable=False),
        sa.Column("open", sa.SmallInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["package"], ["package.id"], name=op.f("fk_mailbox_package_package")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailbox")),
        sa.UniqueConstraint("package", "organ", name=op.f("uq_mailbox_package_organ")),
    )
    op.create_index(
        "ix_mailbox_waiting",
        "mailbox",
        ["organ", "available_at"],
        unique=False,
        sqlite_where=sa.text("open = 1"),
        postgresql_where=sa.text("open = 1"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", ID, nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("package", ID, nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("ready_at", sa.BigInteger(), nullable=False),
        sa.Column("lease", sa.Text(), nullable=False),
        sa.Column("parked", sa.SmallInteger(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["package"], ["package.id"], name=op.f("fk_outbox_package_package")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("stage", "package", name=op.f("uq_outbox_stage_package")),
    )
    op.create_index(
        "ix_outbox_due",
        "outbox",
        ["stage", "due_at", "package"],
        unique=False,
        sqlite_where=sa.text("parked = 0"),
        postgresql_where=sa.text("parked = 0"),
    )
    op.create_table(
        "receipt",
        sa.Column("package", ID, nullable=False),
        sa.Column("statement", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["package"], ["package.id"], name=op.f("fk_receipt_package_package")),
        sa.PrimaryKeyConstraint("package", name=op.f("pk_receipt")),
    )
    op.create_table(
        "refusal",
        sa.Column("package", ID, nullable=False),
        sa.Column("about", ID, nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("sub_indication", sa.Text(), nullable=False),
        sa.Column("statement", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["about"], ["package.id"], name=op.f("fk_refusal_about_package")),
        sa.ForeignKeyConstraint(["package"], ["package.id"], name=op.f("fk_refusal_package_package")),
        sa.PrimaryKeyConstraint("package", name=op.f("pk_refusal")),
        sa.UniqueConstraint("about", "recipient", name=op.f("uq_refusal_about_recipient")),
    )
    op.create_table(
        "skeleton",
        sa.Column("package", ID, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["package"], ["package.id"], name=op.f("fk_skeleton_package_package")),
        sa.PrimaryKeyConstraint("package", name=op.f("pk_skeleton")),
    )
    op.create_table(
        "status",
        sa.Column("package", ID, nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("notation", sa.Text(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["package"], ["package.id"], name=op.f("fk_status_package_package")),
        sa.PrimaryKeyConstraint("package", name=op.f("pk_status")),
    )
    op.create_table(
        "verdict",
        sa.Column("id", ID, nullable=False),
        sa.Column("package", ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("accepted", sa.SmallInteger(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("sub_indication", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("verifies", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["package"], ["package.id"], name=op.f("fk_verdict_package_package")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verdict")),
        sa.UniqueConstraint("package", name=op.f("uq_verdict_package")),
    )
    op.create_table(
        "attachment",
        sa.Column("package", ID, nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("blob", ID, nullable=False),
        sa.ForeignKeyConstraint(["blob"], ["blob.id"], name=op.f("fk_attachment_blob_blob")),
        sa.ForeignKeyConstraint(["package"], ["package.id"], name=op.f("fk_attachment_package_package")),
        sa.PrimaryKeyConstraint("package", "ordinal", name=op.f("pk_attachment")),
    )
    op.create_table(
        "delivery",
        sa.Column("id", ID, nullable=False),
        sa.Column("document", ID, nullable=False),
        sa.Column("package", ID, nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("organ", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("available_at", sa.BigInteger(), nullable=True),
        sa.Column("transport", sa.Text(), nullable=False),
        sa.Column("transport_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["document"], ["document.id"], name=op.f("fk_delivery_document_document")),
        sa.ForeignKeyConstraint(["package"], ["package.id"], name=op.f("fk_delivery_package_package")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("document", "recipient", name=op.f("uq_delivery_document_recipient")),
    )
    op.create_index(op.f("ix_delivery_package"), "delivery", ["package"], unique=False)
    op.create_index(op.f("ix_delivery_state"), "delivery", ["state"], unique=False)
    op.create_table(
        "delivery_event",
        sa.Column("id", ID, nullable=False),
        sa.Column("delivery", ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("cause", ID, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["cause"], ["package.id"], name=op.f("fk_delivery_event_cause_package")),
        sa.ForeignKeyConstraint(["delivery"], ["delivery.id"], name=op.f("fk_delivery_event_delivery_delivery")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_event")),
    )
    op.create_index(op.f("ix_delivery_event_delivery"), "delivery_event", ["delivery"], unique=False)
    op.create_table(
        "negotiation",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("delivery", ID, nullable=False),
        sa.Column("asked_by", ID, nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("answered_by", ID, nullable=True),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["answered_by"], ["package.id"], name=op.f("fk_negotiation_answered_by_package")),
        sa.ForeignKeyConstraint(["asked_by"], ["package.id"], name=op.f("fk_negotiation_asked_by_package")),
        sa.ForeignKeyConstraint(["delivery"], ["delivery.id"], name=op.f("fk_negotiation_delivery_delivery")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_negotiation")),
        sa.UniqueConstraint("asked_by", "delivery", name=op.f("uq_negotiation_asked_by_delivery")),
    )
    op.create_index(op.f("ix_negotiation_delivery"), "negotiation", ["delivery"], unique=False)
    dialect = op.get_bind().dialect.name
    for name in APPEND_ONLY:
        for statement in append_only_ddl(name, dialect):
            op.execute(statement)


def downgrade() -> None:
    """Remove every table."""
    for name in (
        "negotiation",
        "delivery_event",
        "delivery",
        "attachment",
        "verdict",
        "status",
        "skeleton",
        "refusal",
        "receipt",
        "outbox",
        "mailbox",
        "document",
        "crossing",
        "chunk",
        "blob",
        "upload",
        "package",
        "outage",
        "member",
        "hop",
    ):
        op.drop_table(name)
