"""Alembic's entry: one transaction, as awgp_owner, on the connection ops/database.py hands over."""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, version_table_schema="awgp_migrations")
with context.begin_transaction():
    context.run_migrations()
