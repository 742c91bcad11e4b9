"""A mailbox tells what is urgent first, whatever came before it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_INDEX, _OPEN = "ix_mailbox_waiting", "open = 1"


def upgrade() -> None:
    """Give each line its rank, and order the index by it."""
    op.add_column("mailbox", sa.Column("rank", sa.SmallInteger(), nullable=False, server_default=sa.text("4")))
    op.execute(
        "UPDATE mailbox SET rank = (SELECT 4 - priority FROM package WHERE package.id = mailbox.package)"
        " WHERE package IN (SELECT id FROM package WHERE priority BETWEEN 1 AND 4 AND operation = 0)"
    )
    _index("organ", "rank", "available_at")


def downgrade() -> None:
    """As it was."""
    _index("organ", "available_at")
    op.drop_column("mailbox", "rank")


def _index(*columns: str) -> None:
    op.drop_index(_INDEX, table_name="mailbox")
    op.create_index(_INDEX, "mailbox", list(columns), sqlite_where=sa.text(_OPEN), postgresql_where=sa.text(_OPEN))
