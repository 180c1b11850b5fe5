"""``klink`` command lines as pages write them, held against the commands that there are."""

from __future__ import annotations

import re
import shlex

import click

from klink.cli.main import cli as klink

__all__ = ["lines", "wrong_with"]

# Where a command may begin, with variables and sudo before it.
_STARTS = re.compile(
    r"(?:^|[|;&(])\s*(?:[A-Z_]+=\S*\s+)*(?:sudo\s+(?:-u\s+\S+\s+)?)?(?:\S*/)?klink(?= [a-z-])"
)
_ENDS = {"|", ">", ">>", "&&", ";", "&", "||", "<"}


def lines(block: str) -> list[str]:
    """The klink command lines of a block of shell, each from ``klink`` on."""
    found = []
    for line in block.replace("\\\n", " ").splitlines():
        if line.lstrip().startswith("#"):
            continue
        for match in _STARTS.finditer(line):
            found.append("klink" + line[match.end() :].partition(")")[0])
    return found


def wrong_with(line: str, *, is_whole: bool) -> str | None:
    """What klink would not understand of a command line; None if it would.

    :param is_whole: whether nothing is left out, so that what must be given is given.
    """
    words = _words(line)[1:]
    at: click.Command = klink
    while isinstance(at, click.Group) and words:
        if words[0] in ("--help", "-h", "--version"):
            return None
        if words[0] == "--config":
            words = words[2:]
            continue
        found = at.get_command(click.Context(at), words[0])
        if found is None:
            return f"{at.name or 'klink'} knows no {words[0]!r}"
        at, words = found, words[1:]
    if isinstance(at, click.Group):
        return None if not is_whole else "no command is named"
    return _wrong_arguments(at, words, is_whole=is_whole)


def _words(line: str) -> list[str]:
    words = []
    for word in shlex.split(line, comments=True):
        if word in _ENDS or re.match(r"[0-9]?[<>]", word):
            break
        words.append(word)
    return [word for word in words if word not in ("…", "...")]


def _wrong_arguments(command: click.Command, words: list[str], *, is_whole: bool) -> str | None:
    options: dict[str, click.Option | None] = {
        name: each
        for each in command.params
        if isinstance(each, click.Option)
        for name in (*each.opts, *each.secondary_opts)
    }
    options |= dict.fromkeys(command.get_help_option_names(click.Context(command)), None)
    places, given, at = 0, set(), 0
    while at < len(words):
        name, _, value = words[at].partition("=")
        at += 1
        if not name.startswith("-") or name == "-":
            places += 1
            continue
        if name not in options:
            return f"{command.name} has no option {name}"
        option = options[name]
        if option is None:
            return None
        given.add(option)
        if not (option.is_flag or option.count or value):
            at += option.nargs
    arguments = [each for each in command.params if isinstance(each, click.Argument)]
    most = sum(each.nargs if each.nargs > 0 else 1000 for each in arguments)
    if places > most:
        return f"{command.name} takes no more than {most} arguments"
    if not is_whole:
        return None
    if places < sum(each.required for each in arguments):
        return f"{command.name} lacks an argument"
    needed = [each for each in options.values() if each is not None and each.required]
    missing = [each.opts[0] for each in needed if each not in given]
    return f"{command.name} lacks {', '.join(missing)}" if missing else None
