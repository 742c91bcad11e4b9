"""What the axis' processes counted. It can only be added to. Ledger entries from here on name no row ids (exchange/store/former.py)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from exchange.store.dialect import append_only_ddl

revision = "0007"
down_revision = "0006"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables and their triggers."""
    op.create_table(
        "operation",
        sa.Column("id", ID, nullable=False),
        sa.Column("worker", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("purpose", TEXT, nullable=False),
        sa.Column("settled", sa.BigInteger(), nullable=False),
        sa.Column("again", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operation")),
    )
    op.create_table(
        "path_step",
        sa.Column("id", ID, nullable=False),
        sa.Column("worker", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("verifies", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_path_step")),
    )
    for table in ("operation", "path_step"):
        for statement in append_only_ddl(table, op.get_bind().dialect.name):
            op.execute(statement)


def downgrade() -> None:
    """Remove them."""
    op.drop_table("path_step")
    op.drop_table("operation")
