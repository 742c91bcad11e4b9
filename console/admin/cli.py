"""The options of ``truc admin``. What the commands do stands in :mod:`console.admin.command`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from console.shared import HELP, Database, Lang, text_of
from console.usage import Speaking

admin = typer.Typer(cls=Speaking, help=HELP("cli.admin.help"), no_args_is_help=True, rich_markup_mode=None)


@admin.callback()
def options(lang: Lang = None) -> None:
    """What stands before a command."""
    text_of(lang)


Reason = Annotated[str, typer.Option("--reason", metavar="WHY", help=HELP("cli.admin.reason.help"))]
Operator = Annotated[str | None, typer.Option("--operator", envvar="TRUC_OPERATOR", help=HELP("cli.admin.operator.help"))]
Agency = Annotated[str, typer.Argument(metavar="AGENCY", help=HELP("cli.admin.agency.help"))]
Json = Annotated[bool, typer.Option("--json", help=HELP("cli.admin.json.help"))]


@admin.command(help=HELP("cli.admin.parked.help"))
def parked(database: Database, json: Json = False, lang: Lang = None) -> None:
    """List the dead letters."""
    text = text_of(lang)
    from console.admin import command

    raise typer.Exit(command.parked(database, json, text))


@admin.command(help=HELP("cli.admin.members.help"))
def members(database: Database, json: Json = False, lang: Lang = None) -> None:
    """List the members."""
    text = text_of(lang)
    from console.admin import command

    raise typer.Exit(command.members(database, json, text))


@admin.command(help=HELP("cli.admin.record.help"))
def record(
    database: Database,
    last: Annotated[int, typer.Option("--last", min=1, max=100_000, help=HELP("cli.admin.last.help"))] = 100,
    json: Json = False,
    lang: Lang = None,
) -> None:
    """Show what was done by hand."""
    text = text_of(lang)
    from console.admin import command

    raise typer.Exit(command.record(database, last, json, text))


@admin.command(help=HELP("cli.admin.requeue.help"))
def requeue(
    database: Database,
    reason: Reason,
    packages: Annotated[list[str] | None, typer.Argument(metavar="PACKAGE…", help=HELP("cli.admin.package.help"))] = None,
    everything: Annotated[bool, typer.Option("--all", help=HELP("cli.admin.all.help"))] = False,
    operator: Operator = None,
    lang: Lang = None,
) -> None:
    """Put dead letters back to work."""
    text = text_of(lang)
    from console.admin import command

    raise typer.Exit(command.requeue(database, tuple(packages or ()), everything, command.deed(operator, reason), text))


@admin.command(help=HELP("cli.admin.lock.help"))
def lock(agency: Agency, database: Database, reason: Reason, operator: Operator = None, lang: Lang = None) -> None:
    """Lock an agency out."""
    text = text_of(lang)
    from console.admin import command

    raise typer.Exit(command.lock(database, agency, command.deed(operator, reason), text))


@admin.command(help=HELP("cli.admin.unlock.help"))
def unlock(agency: Agency, database: Database, reason: Reason, operator: Operator = None, lang: Lang = None) -> None:
    """Let an agency in again."""
    text = text_of(lang)
    from console.admin import command

    raise typer.Exit(command.unlock(database, agency, command.deed(operator, reason), text))


@admin.command("rotate-secret", help=HELP("cli.admin.rotate.help"))
def rotate(
    agency: Agency,
    database: Database,
    reason: Reason,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", dir_okay=False, help=HELP("cli.admin.out.help"))],
    operator: Operator = None,
    lang: Lang = None,
) -> None:
    """Give an agency a new secret."""
    text = text_of(lang)
    from console.admin import command

    raise typer.Exit(command.rotate(database, agency, out, command.deed(operator, reason), text))


@admin.command(help=HELP("cli.admin.resend.help"))
def resend(
    package: Annotated[str, typer.Argument(metavar="PACKAGE", help=HELP("cli.admin.package.help"))],
    agency: Agency,
    database: Database,
    reason: Reason,
    operator: Operator = None,
    lang: Lang = None,
) -> None:
    """Send a package to a recipient again."""
    text = text_of(lang)
    from console.admin import command

    raise typer.Exit(command.resend(database, package, agency, command.deed(operator, reason), text))


@admin.command(help=HELP("cli.admin.replay.help"))
def replay(
    agency: Agency,
    database: Database,
    reason: Reason,
    since: Annotated[str, typer.Option("--since", metavar="TIME", help=HELP("cli.admin.since.help"))],
    until: Annotated[str, typer.Option("--until", metavar="TIME", show_default=False, help=HELP("cli.admin.until.help"))] = "2199-12-31",
    operator: Operator = None,
    lang: Lang = None,
) -> None:
    """Send an agency everything again that it fetched in a time."""
    text = text_of(lang)
    from console.admin import command

    raise typer.Exit(command.replay(database, agency, (since, until), command.deed(operator, reason), text))


@admin.command(help=HELP("cli.admin.missing.help"))
def missing(
    database: Database,
    receipts: Annotated[list[Path], typer.Argument(metavar="FILE…", help=HELP("cli.admin.receipts.help"))],
    json: Json = False,
    lang: Lang = None,
) -> None:
    """Say which receipts the database does not know."""
    text = text_of(lang)
    from console.admin import command

    raise typer.Exit(command.missing(database, tuple(receipts), json, text))
