"""The ledger over the history, its checkpoints, and the evidence verdicts stood on: only added to. Nothing older changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from exchange.store.dialect import append_only_ddl

revision = "0002"
down_revision = "0001"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLES = ("evidence", "trust", "ledger_entry", "ledger_node", "checkpoint")


def upgrade() -> None:
    """Make the five tables."""
    op.create_table(
        "evidence",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence")),
        sa.UniqueConstraint("kind", "sha256", name=op.f("uq_evidence_kind_sha256")),
    )
    op.create_table(
        "trust",
        sa.Column("id", ID, nullable=False),
        sa.Column("after", sa.BigInteger(), nullable=False),
        sa.Column("statement", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trust")),
    )
    op.create_table(
        "ledger_entry",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("fact", sa.BigInteger(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entry")),
        sa.UniqueConstraint("kind", "fact", name=op.f("uq_ledger_entry_kind_fact")),
        sa.UniqueConstraint("agency", "sequence", name=op.f("uq_ledger_entry_agency_sequence")),
    )
    op.create_table(
        "ledger_node",
        sa.Column("level", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "position", name=op.f("pk_ledger_node")),
    )
    op.create_table(
        "checkpoint",
        sa.Column("id", ID, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("statement", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkpoint")),
    )
    dialect = op.get_bind().dialect.name
    for name in TABLES:
        for statement in append_only_ddl(name, dialect):
            op.execute(statement)


def downgrade() -> None:
    """Remove the five tables."""
    for name in reversed(TABLES):
        op.drop_table(name)
