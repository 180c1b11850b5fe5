"""``klink doctor``."""

from __future__ import annotations

import os
import sys
import textwrap
from datetime import UTC, datetime
from pathlib import Path

import click

from klink.cli.output import escaped, json_option, print_json
from klink.cli.refused import Refused
from klink.config import ConfigError, load
from klink.doctor import CHECKS, KINDS, Finding, Report, examine

_WIDTH = 100


@click.command("doctor")
@click.option(
    "--ignore",
    "ignored",
    multiple=True,
    type=click.Choice(list(KINDS)),
    metavar="KIND",
    help="Do not tell findings of this kind; may be given again.",
)
@json_option
def command(ignored: tuple[str, ...], as_json: bool) -> None:
    """Look for what is wrong, and say why it matters and what to do.

    Changes nothing, and works beside the server or without it. Exit status: 0 when nothing is
    found, 1 when something is.
    """
    report = _examined()
    findings = [each for each in report.findings if each.code not in ignored]
    notes = [each for each in report.notes if each.code not in ignored]
    if as_json:
        print_json(
            {
                "findings": [_json(each) for each in findings],
                "notes": [_json(each) for each in notes],
                "passed": report.passed,
                "not_checked": report.untold,
            }
        )
    else:
        _show(findings, notes, report)
    if findings:
        kinds = ", ".join(dict.fromkeys(each.code for each in findings))
        raise Refused(f"{len(findings)} found: {kinds}")


def _examined() -> Report:
    config_file = click.get_current_context().find_object(Path)
    try:
        config = load(config_file, os.environ, Path.cwd())
    except ConfigError as error:
        why = "the configuration cannot be read"
        others = {each.name: why for each in CHECKS if each.name != "configuration"}
        return Report([Finding("configuration", str(error))], untold=others)
    is_shown = sys.stderr.isatty()

    def told(name: str) -> None:
        if is_shown:
            click.echo(f"\r\x1b[K{name} …", nl=False, err=True)

    try:
        return examine(config, datetime.now(UTC), told=told)
    finally:
        if is_shown:
            click.echo("\r\x1b[K", nl=False, err=True)


def _json(finding: Finding) -> dict[str, str]:
    return {
        "kind": finding.code,
        "what": finding.what,
        "why": finding.why,
        "what_to_do": finding.todo,
    }


def _show(findings: list[Finding], notes: list[Finding], report: Report) -> None:
    for each in (*findings, *notes):
        mark = "Note: " if each.is_note else ""
        click.echo(f"{mark}{each.code}: {escaped(each.what)}")
        _paragraph("Why:  ", each.why)
        _paragraph("Do:   ", each.todo)
        click.echo()
    if report.passed:
        _paragraph("Good: ", ", ".join(report.passed), indent="")
    for name, reason in report.untold.items():
        click.echo(f"Not checked: {name} ({escaped(reason)})")


def _paragraph(head: str, text: str, indent: str = "  ") -> None:
    click.echo(
        textwrap.fill(
            text,
            _WIDTH,
            initial_indent=indent + head,
            subsequent_indent=" " * (len(indent) + len(head)),
            break_long_words=False,
            break_on_hyphens=False,
        )
    )
