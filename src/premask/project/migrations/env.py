"""Run the steps on the connection that the project opened."""

from __future__ import annotations

from alembic import context

from premask.project.schema import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
