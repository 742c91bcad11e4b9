"""Options that commands share, and the language they are told in. Nothing heavy is imported, so that ``--help`` answers at once."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Annotated

import typer

from console.locale import LANGUAGES, Text, catalogue, choose


def said_in(words: Sequence[str]) -> Text:
    """The language asked for among the words of a command line, else that of the environment."""
    given = next(_languages(words), None)
    try:
        return catalogue(choose(given, os.environ))
    except KeyError:
        return catalogue(choose(None, os.environ))


def _languages(words: Sequence[str]) -> Iterator[str]:
    for word, following in pairwise((*words, "")):
        if word == "--lang":
            yield following
        elif word.startswith("--lang="):
            yield word.partition("=")[2]


HELP = said_in(sys.argv[1:])

Lang = Annotated[str | None, typer.Option("--lang", metavar="en|vi", help=HELP("cli.lang.help"))]


def text_of(lang: str | None) -> Text:
    """The catalogue asked for, here or before the command, or of the environment; ends the command where there is none."""
    try:
        return said_in(sys.argv[1:]) if lang is None else catalogue(choose(lang, os.environ))
    except KeyError:
        typer.echo(HELP("error.language", lang=lang, languages=", ".join(LANGUAGES)), err=True)
        raise typer.Exit(2) from None


def _completed(variable: str) -> Callable[[str | None], str | None]:
    """An address gets its password from the file that a variable names, so that it stands on no command line and in no environment."""

    def complete(url: str | None) -> str | None:
        from console.up.secrets import SecretUnreadable, with_password

        try:
            return None if url is None else with_password(url, variable, os.environ)
        except SecretUnreadable as error:
            typer.echo(f"{variable}: {error}", err=True)
            raise typer.Exit(2) from None

    return complete


_COMPLETED = _completed("TRUC_DATABASE_PASSWORD_FILE")
_DATABASE = typer.Option("--database", envvar="TRUC_DATABASE", metavar="URL", help=HELP("cli.database.help"), callback=_COMPLETED)
_BROKER = typer.Option(
    "--broker", envvar="TRUC_BROKER", metavar="URL", help=HELP("cli.broker.help"), callback=_completed("TRUC_BROKER_PASSWORD_FILE")
)
Database = Annotated[str, _DATABASE]
Broker = Annotated[str, _BROKER]
AnyDatabase = Annotated[str | None, _DATABASE]
AnyBroker = Annotated[str | None, _BROKER]

NamedArchive = Annotated[str | None, typer.Argument(metavar="[DB]", help=HELP("cli.audit.archive.help"), callback=_COMPLETED)]
Archive = Annotated[str | None, typer.Option("--db", metavar="DB", help=HELP("cli.audit.archive.help"), callback=_COMPLETED)]
"""An archive to be audited: a folder, a file or the address of a database."""
