"""The database: models, migrations, the connection, and the SQL that differs by engine."""
