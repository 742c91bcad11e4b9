"""Claims by many workers: places in the line, shards, time-outs, how far a kernel lets workers go. PostgreSQL orders texts by bytes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

OPEN = sa.text("parked = 0")
NEW = (("turn", sa.BigInteger()), ("shard", sa.SmallInteger()), ("timeouts", sa.SmallInteger()))
QUEUES = ("outbox", "crossing")
PAYLOADS = (("blob", "data"), ("chunk", "data"), ("skeleton", "data"))


def upgrade() -> None:
    """Rows that wait already keep their order of admission, before all that come."""
    for name, kind in NEW:
        op.add_column("outbox", sa.Column(name, kind, nullable=False, server_default="0"))
    op.drop_index("ix_outbox_due", table_name="outbox")
    for name, columns in (("ix_outbox_line", ["stage", "turn", "package"]), ("ix_outbox_sender", ["stage", "sender", "turn"])):
        op.create_index(name, "outbox", columns, sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_table(
        "horizon",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("package", sa.BigInteger(), nullable=False),
        sa.Column("mail", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_horizon")),
    )
    if op.get_bind().dialect.name == "postgresql":
        _settle_in()


def _settle_in() -> None:
    """What PostgreSQL alone can be told."""
    inspector = sa.inspect(op.get_bind())
    for table in sorted(set(inspector.get_table_names()) - {"alembic_version"}):
        texts = [column["name"] for column in inspector.get_columns(table) if isinstance(column["type"], sa.Text)]
        if texts:
            op.execute(f"ALTER TABLE {table} " + ", ".join(f'ALTER COLUMN {name} TYPE text COLLATE "C"' for name in texts))
    for table in QUEUES:  # rows come and go: dead ones must not pile up before those that wait
        op.execute(
            f"ALTER TABLE {table} SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500, "
            "autovacuum_vacuum_cost_delay = 0)"
        )
    for table, column in PAYLOADS:  # compressed or random already
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STORAGE EXTERNAL")


def downgrade() -> None:
    """Back to one line for all."""
    op.drop_table("horizon")
    for name in ("ix_outbox_line", "ix_outbox_sender"):
        op.drop_index(name, table_name="outbox")
    with op.batch_alter_table("outbox") as batch:
        for name, _ in NEW:
            batch.drop_column(name)
    op.create_index("ix_outbox_due", "outbox", ["stage", "due_at", "package"], sqlite_where=OPEN, postgresql_where=OPEN)
