"""What flows too slowly: senders that wait since they cost workers their lives, and an index by which mail nobody fetches is found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
OPEN = sa.text("open = 1")


def upgrade() -> None:
    """Make the table and the index."""
    op.create_table(
        "breaker",
        sa.Column("agency", TEXT, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failed_at", sa.BigInteger(), nullable=False),
        sa.Column("open_until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("agency", name=op.f("pk_breaker")),
    )
    op.create_index("ix_mailbox_oldest", "mailbox", ["available_at"], sqlite_where=OPEN, postgresql_where=OPEN)


def downgrade() -> None:
    """Remove them."""
    op.drop_index("ix_mailbox_oldest", table_name="mailbox")
    op.drop_table("breaker")
