"""All checks, in the order in which they are made and shown."""

from __future__ import annotations

from klink.doctor.address import address, proxies
from klink.doctor.backups import backups
from klink.doctor.clock import clock
from klink.doctor.countries import countries
from klink.doctor.database import database, schema
from klink.doctor.disk import disk
from klink.doctor.finding import Check
from klink.doctor.jobs import jobs
from klink.doctor.journal import journal
from klink.doctor.permissions import permissions
from klink.doctor.server import server
from klink.doctor.settings import configuration

__all__ = ["CHECKS"]

CHECKS: tuple[Check, ...] = (
    Check("configuration", "what is set, and the files that it names", configuration),
    Check("permissions", "who else may read or change what klink keeps", permissions),
    Check("disk", "room for clicks, for files, for a copy of the database", disk),
    Check("database", "whether it answers and is whole", database),
    Check("schema", "whether it is of this klink", schema),
    Check("clock", "whether the time is right", clock),
    Check("countries", "the database of countries", countries),
    Check("backups", "whether there are any, and young ones", backups),
    Check("server", "the running server", server),
    Check("address", "whether this klink answers at server.base_url", address),
    Check("proxies", "whether what proxies say is believed", proxies),
    Check("journal", "clicks that could not be counted", journal),
    Check("jobs", "whether they run, and run well", jobs),
)
