"""Indexes for what was found by reading whole tables (statistics of a period, uploads, mail that expires), and the stages' histograms."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_MADE = (
    ("ix_package_admitted_at", "package", ["admitted_at"], None),
    ("ix_document_package", "document", ["package"], None),
    ("ix_blob_upload", "blob", ["upload"], "upload IS NOT NULL"),
    ("ix_upload_orphan", "upload", ["id"], "adopted = 0"),
    ("ix_delivery_waiting", "delivery", ["available_at"], "state = 'waiting'"),
    ("ix_refusal_rule", "refusal", ["rule"], None),
)
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_GONE = ("ix_mailbox_oldest", "mailbox", ["available_at"], "open = 1")


def upgrade() -> None:
    """Make them. Mail that expires is no longer looked for among all that is open."""
    op.create_table(
        "stage_time",
        sa.Column("stage", TEXT, nullable=False),
        sa.Column("what", TEXT, nullable=False),
        sa.Column("bound", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("stage", "what", "bound", name=op.f("pk_stage_time")),
    )
    for one in _MADE:
        _make(*one)
    op.drop_index(_GONE[0], table_name=_GONE[1])


def downgrade() -> None:
    """As it was."""
    _make(*_GONE)
    for name, table, *_ in _MADE:
        op.drop_index(name, table_name=table)
    op.drop_table("stage_time")


def _make(name: str, table: str, columns: list[str], where: str | None) -> None:
    some = None if where is None else sa.text(where)
    op.create_index(name, table, columns, sqlite_where=some, postgresql_where=some)
