"""Options that commands share, and the language they are told in. Nothing heavy is imported, so that ``--help`` answers at once."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Annotated

import typer

from console.locale import LANGUAGES, Text, catalogue, choose

HELP = catalogue(choose(None, os.environ))

Lang = Annotated[str | None, typer.Option("--lang", metavar="en|vi", help=HELP("cli.lang.help"))]


def text_of(lang: str | None) -> Text:
    """The catalogue asked for, or of the environment; ends the command where there is none."""
    try:
        return catalogue(choose(lang, os.environ))
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


_DATABASE = typer.Option(
    "--database", envvar="TRUC_DATABASE", metavar="URL", help=HELP("cli.database.help"), callback=_completed("TRUC_DATABASE_PASSWORD_FILE")
)
_BROKER = typer.Option(
    "--broker", envvar="TRUC_BROKER", metavar="URL", help=HELP("cli.broker.help"), callback=_completed("TRUC_BROKER_PASSWORD_FILE")
)
Database = Annotated[str, _DATABASE]
Broker = Annotated[str, _BROKER]
AnyDatabase = Annotated[str | None, _DATABASE]
AnyBroker = Annotated[str | None, _BROKER]
