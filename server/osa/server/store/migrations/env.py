"""Alembic's entry: the connection comes from `upgrade`, which owns the transaction."""

from alembic import context

from osa.server.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
context.run_migrations()
