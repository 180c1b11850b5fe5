"""``klink restore``."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from klink import backups
from klink.backups import Manifest, Target
from klink.cli.backup import WORDS
from klink.cli.opening import configured, refusals
from klink.cli.output import cell, json_option, print_json
from klink.cli.progress import Bar
from klink.cli.refused import Refused
from klink.clicks.enrich import Enricher
from klink.clicks.geoip import CountryDatabase
from klink.config import Config
from klink.db import connection
from klink.opening import DataFolderHeld, held


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Put it in place of a database that is there.")
@click.option("--check", "is_check", is_flag=True, help="Only try whether the backup is good.")
@json_option
def command(file: Path, force: bool, is_check: bool, as_json: bool) -> None:
    """Put the backup FILE where the configuration says that the data is.

    The server must be stopped. FILE is verified before anything is touched, and what is there is
    kept beside, so that a restore can be taken back.
    """
    if is_check:
        if force:
            raise click.UsageError("--check touches nothing, so there is nothing to --force")
        _check(file, as_json=as_json)
        return
    _restore(configured(), file, force=force, as_json=as_json)


def _check(file: Path, *, as_json: bool) -> None:
    bar = Bar(WORDS)
    try:
        with refusals():
            found = backups.check(file, datetime.now(UTC), bar)
    finally:
        bar.end()
    told = _manifest_json(found.manifest) | {
        "visits_in_journal": found.visits,
        "set_aside": found.set_aside,
    }
    if as_json:
        print_json(told)
    else:
        click.echo(cell(f"{file} is good: {_holds(found.manifest)}"))


def _restore(config: Config, file: Path, *, force: bool, as_json: bool) -> None:
    where = connection.sqlite_path(config.database.url, config.data_dir)
    target = Target(config.data_dir, config.database.url, where)
    enricher = Enricher(CountryDatabase(config.geoip_file).lookup)
    bar = Bar(WORDS)
    try:
        with refusals(), held(config.data_dir):
            done = backups.restore(
                file, target, enricher, datetime.now(UTC), force=force, watch=bar
            )
    except Refused as error:
        if isinstance(error.__cause__, DataFolderHeld):
            raise Refused(f"a server runs on {config.data_dir}; stop it first") from error
        raise
    finally:
        bar.end()
    if as_json:
        told = _manifest_json(done.manifest)
        told |= {"visits_in_journal": done.visits.found, "set_aside": done.visits.set_aside}
        print_json(told | {"kept": list(done.kept)})
        return
    click.echo(cell(f"restored {_holds(done.manifest)}"))
    for each in done.kept:
        click.echo(cell(f"what was here before is in {each}"))


def _manifest_json(manifest: Manifest) -> dict[str, object]:
    return {
        "at": manifest.at,
        "klink": manifest.version,
        "engine": manifest.engine,
        "schema": manifest.schema,
        "rows": dict(manifest.rows),
    }


def _holds(manifest: Manifest) -> str:
    links = manifest.rows.get("links", 0)
    return f"{links} link{'' if links == 1 else 's'}, as of {cell(manifest.at)}"
