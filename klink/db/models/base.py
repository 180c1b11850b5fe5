"""What every model builds on: the database it is bound to, and how a time is stored."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from peewee import BigIntegerField, Model

from klink.db.connection import database

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


class MomentField(BigIntegerField):
    """An aware UTC datetime, stored as milliseconds since 1970."""

    def db_value(self, value: datetime | int | None) -> int | None:
        """Milliseconds for the database; integers pass, so that SQL may compare them."""
        return (value - _EPOCH) // _MS if isinstance(value, datetime) else value

    def python_value(self, value: int | None) -> datetime | None:
        """The aware datetime of ``value`` milliseconds."""
        return None if value is None else _EPOCH + value * _MS


class Base(Model):
    """Binds every model to the one database."""

    class Meta:
        """Peewee's own settings."""

        database = database
        legacy_table_names = False
