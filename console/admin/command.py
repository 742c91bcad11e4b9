"""What ``truc admin`` does and prints: lists to standard output, or JSON; what was done in one sentence."""

from __future__ import annotations

import getpass
import json
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import ArgumentError

from console.locale import Text
from console.options import moment
from console.outcome import DONE, SHORT, UNREACHED, USAGE, Unusable
from exchange.administration import Administration, Deed
from exchange.domain.identifiers import OrganId
from exchange.errors import (
    ExchangeError,
    InvalidOrganId,
    NotParked,
    NotResendable,
    StoreVersionMismatch,
    UnknownMember,
)
from exchange.presence import Part, known_as
from exchange.store.engine import open_existing
from exchange.store.schema import version_of
from exchange.store.tables import VERSION
from exchange.store.work import Store

_SECRET_BYTES = 32
_LONGEST_LINE = 64 << 10
_WIDTH = 140


def deed(operator: str | None, reason: str) -> Deed:
    """Who acts: as he says, or as the machine knows him."""
    return Deed(operator or f"{getpass.getuser()}@{socket.gethostname()}", reason)


def parked(database: str, as_json: bool, text: Text) -> int:
    """The dead letters."""

    def shown(hands: Administration) -> int:
        rows = [[one.package_id, one.stage.value, one.attempts, one.error] for one in hands.parked()]
        _list(rows, ("package", "stage", "attempts", "error"), as_json, text)
        return DONE

    return _with(database, text, shown)


def members(database: str, as_json: bool, text: Text) -> int:
    """Who is enrolled, and who is locked out."""

    def shown(hands: Administration) -> int:
        rows = [[str(one.organ), one.locked_since.isoformat() if one.locked_since else "", one.reason] for one in hands.members()]
        _list(rows, ("agency", "locked", "reason"), as_json, text)
        return DONE

    return _with(database, text, shown)


def record(database: str, last: int, as_json: bool, text: Text) -> int:
    """What was done by hand, newest first."""

    def shown(hands: Administration) -> int:
        rows = [
            [one.at.isoformat(), one.operator, one.action.value, one.organ, one.package_id, one.rows, one.reason]
            for one in hands.record(last)
        ]
        _list(rows, ("at", "operator", "action", "agency", "package", "rows", "reason"), as_json, text)
        return DONE

    return _with(database, text, shown)


def requeue(database: str, packages: tuple[str, ...], everything: bool, by: Deed, text: Text) -> int:
    """Dead letters back to work: those named, or all."""
    if bool(packages) == everything:
        typer.echo(text("admin.requeue.which"), err=True)
        return USAGE
    return _act(database, text, lambda hands: text("admin.requeued", count=hands.requeue(packages or None, by)))


def lock(database: str, agency: str, by: Deed, text: Text) -> int:
    """Shut an agency out."""

    def act(hands: Administration) -> str:
        hands.lock(OrganId.parse(agency), by)
        return text("admin.locked", agency=agency)

    return _act(database, text, act)


def unlock(database: str, agency: str, by: Deed, text: Text) -> int:
    """Let an agency in again."""
    return _act(database, text, lambda hands: text(
        "admin.unlocked" if hands.unlock(OrganId.parse(agency), by) else "admin.not-locked", agency=agency
    ))  # fmt: skip


def rotate(database: str, agency: str, out: Path, by: Deed, text: Text) -> int:
    """A new secret, into a file that only its owner can read; never to the screen. The file is written first: no secret is lost."""
    secret = token_urlsafe(_SECRET_BYTES)

    def act(hands: Administration) -> str:
        organ = OrganId.parse(agency)
        if organ not in {one.organ for one in hands.members()}:
            raise UnknownMember(agency)
        try:
            with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
                file.write(secret + "\n")
        except OSError as error:
            raise Unusable(text("error.out", out=out, reason=text.reason(error))) from None
        hands.rotate(organ, secret, by)
        return text("admin.rotated", agency=agency, out=out)

    return _act(database, text, act)


def resend(database: str, package: str, agency: str, by: Deed, text: Text) -> int:
    """One package to one recipient again."""

    def act(hands: Administration) -> str:
        hands.resend(package, OrganId.parse(agency), by)
        return text("admin.resent", package=package, agency=agency)

    return _act(database, text, act)


def replay(database: str, agency: str, span: tuple[str, str], by: Deed, text: Text) -> int:
    """Everything an agency fetched in a time again."""

    def act(hands: Administration) -> str:
        since = moment(span[0], "--since", text, end_of_day=False)
        until = moment(span[1], "--until", text, end_of_day=True)
        return text("admin.replayed", agency=agency, count=hands.replay(OrganId.parse(agency), since, until, by))

    return _act(database, text, act)


def missing(database: str, files: tuple[Path, ...], as_json: bool, text: Text) -> int:
    """Receipts whose packages the database does not hold: the exit code is 1 when there are any."""

    def shown(hands: Administration) -> int:
        said = {name: str(path) for path in files for name in _receipts(path, text)}
        lost = hands.missing(list(said))
        _list([[name, said[name]] for name in lost], ("package", "file"), as_json, text)
        typer.echo(text("admin.compared", count=text.number(len(said)), missing=text.number(len(lost))), err=True)
        return SHORT if lost else DONE

    return _with(database, text, shown)


def _receipts(path: Path, text: Text) -> Iterator[str]:
    """Package ids of a file of receipts, one JSON object a line, as POST /v1/packages answers them. Raises :class:`Unusable`."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(iter(lambda: file.readline(_LONGEST_LINE), b""), 1):
                if not line.strip():
                    continue
                try:
                    name = json.loads(line)["package_id"]
                except (ValueError, KeyError, TypeError, RecursionError):
                    name = None
                if not isinstance(name, str):
                    raise Unusable(text("admin.receipt", path=path, line=number))
                yield name
    except OSError as error:
        raise Unusable(text("verify.error.unreadable", path=path, reason=text.reason(error))) from None


def _act(database: str, text: Text, act: Callable[[Administration], str]) -> int:
    def done(hands: Administration) -> int:
        typer.echo(act(hands))
        return DONE

    return _with(database, text, done)


def _with(database: str, text: Text, act: Callable[[Administration], int]) -> int:
    try:
        with _hands(database) as hands:
            return act(hands)
    except Unusable as error:
        typer.echo(str(error), err=True)
        return USAGE
    except ArgumentError:
        typer.echo(text("error.address"), err=True)
        return USAGE
    except InvalidOrganId as error:
        typer.echo(text("admin.organ", given=error.value or "''", rule=text.of_world(error.rule)), err=True)
        return USAGE
    except (UnknownMember, NotParked, NotResendable) as error:
        typer.echo(_refusal(error, text), err=True)
        return SHORT
    except (ExchangeError, ImportError) as error:
        typer.echo(text("error.unreachable", error=error), err=True)
        return UNREACHED


def _refusal(error: UnknownMember | NotParked | NotResendable, text: Text) -> str:
    if isinstance(error, UnknownMember):
        return text("admin.unknown", agency=error.organ)
    if isinstance(error, NotParked):
        return text("admin.not-parked", package=error.package_id)
    return text("admin.not-resendable", package=error.package_id, agency=error.organ, rule=text.phrase(error.rule))


@contextmanager
def _hands(database: str) -> Iterator[Administration]:
    """Hands on a database of this release. Raises :class:`exchange.errors.StoreError`."""
    store = Store(open_existing(known_as(database, Part.ADMIN, f"{socket.gethostname()}-{os.getpid()}")))
    try:
        with store.reading():  # says in one sentence what ails the database
            pass
        found = version_of(store.engine)
        if found != VERSION:
            raise StoreVersionMismatch(found, VERSION)
        yield Administration(store)
    finally:
        store.close()


def _list(rows: Sequence[Sequence[Any]], names: Sequence[str], as_json: bool, text: Text) -> None:
    if as_json:
        print(json.dumps([dict(zip(names, row, strict=True)) for row in rows], ensure_ascii=False, indent=1))
        return
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 3, 0, 0))
    for name in names:
        table.add_column(text(f"admin.column.{name}"), overflow="fold")
    for row in rows:
        table.add_row(*(str(value) for value in row))
    screen = Console(highlight=False, markup=False)
    if not screen.is_terminal:
        screen.width = _WIDTH
    screen.print(table if rows else text("admin.none"))
