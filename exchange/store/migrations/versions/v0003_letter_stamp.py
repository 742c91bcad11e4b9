"""What was found of letters' time-stamps, beside the verdicts. It can only be added to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from exchange.store.dialect import append_only_ddl

revision = "0003"
down_revision = "0002"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table and its triggers."""
    op.create_table(
        "letter_stamp",
        sa.Column("package", ID, nullable=False),
        sa.Column("stamped_at", sa.BigInteger(), nullable=True),
        sa.Column("sub_indication", sa.Text(), nullable=False),
        sa.Column("verifies", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["package"], ["package.id"], name=op.f("fk_letter_stamp_package_package")),
        sa.PrimaryKeyConstraint("package", name=op.f("pk_letter_stamp")),
    )
    for statement in append_only_ddl("letter_stamp", op.get_bind().dialect.name):
        op.execute(statement)


def downgrade() -> None:
    """Remove it."""
    op.drop_table("letter_stamp")
