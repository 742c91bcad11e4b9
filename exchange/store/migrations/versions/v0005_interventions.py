"""What people do to a running axis by hand: agencies locked out, and a record of every intervention that can only be added to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from exchange.store.dialect import append_only_ddl

revision = "0005"
down_revision = "0004"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables, and the triggers of one of them."""
    op.create_table(
        "lockout",
        sa.Column("organ", TEXT, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("organ", name=op.f("pk_lockout")),
    )
    op.create_table(
        "intervention",
        sa.Column("id", ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("operator", TEXT, nullable=False),
        sa.Column("action", TEXT, nullable=False),
        sa.Column("organ", TEXT, nullable=False),
        sa.Column("package_id", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intervention")),
    )
    op.create_index("ix_intervention_organ", "intervention", ["organ"])
    for statement in append_only_ddl("intervention", op.get_bind().dialect.name):
        op.execute(statement)


def downgrade() -> None:
    """Remove them."""
    op.drop_table("intervention")
    op.drop_table("lockout")
