"""Alembic's entry: runs on the connection and inside the transaction that :func:`exchange.store.schema.upgrade` opened."""

from __future__ import annotations

from alembic import context

from exchange.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
context.run_migrations()
