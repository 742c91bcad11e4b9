"""What is said of a command line that cannot be followed: one sentence in the user's language, where the libraries have words of their own.

Typer lets the checks of numbers and paths be made by others, whose sentences ("Input should be a valid integer, unable to parse …") it
prints after a usage text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import typer
from typer.core import TyperGroup

from console.helping import Page
from console.locale import Text
from console.shared import said_in

TyperGroup.context_class.formatter_class = Page
_WORDS = "console.usage.words"
_WHOLE = 1_000
_KINDS = {"int": "error.option.whole", "float": "error.option.number", "finite": "error.option.number", "bool": "error.option.bool"}
_BOUNDS = (("ge", "error.option.least"), ("gt", "error.option.least"), ("le", "error.option.most"), ("lt", "error.option.most"))
_PATH = re.compile(
    r"\w+ '(?P<given>.*)' (?:is a )?(?P<kind>file|directory|does not exist|is not readable|is not writable)\.",
    re.DOTALL,
)
_PATHS = {
    "file": "error.option.file", "directory": "error.option.directory", "does not exist": "error.option.absent",
    "is not readable": "error.option.unreadable", "is not writable": "error.option.unwritable",
}  # fmt: skip
_CHOICE = re.compile(r"(?P<given>'.*?'|\".*?\") is not (?:one of )?(?P<choices>'.*')\.", re.DOTALL)


class Speaking(TyperGroup):
    """The commands, whose options are refused in one sentence."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Also keeps what was written: the language may be said after what is wrong."""
        words = tuple(args) if parent is None else parent.meta[_WORDS]
        with _refusals(words):
            context = super().make_context(info_name, args, parent, **extra)
        context.meta[_WORDS] = words
        return context

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Each command with the whole first sentence of its help; the library would cut it to fit one line."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, one.get_short_help_str(_WHOLE)) for name, one in commands if one is not None and not one.hidden]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def invoke(self, ctx: Any) -> Any:
        """Run the command asked for. Raises ``typer.Exit`` with 2 for what cannot be followed."""
        with _refusals(ctx.meta[_WORDS]):
            return super().invoke(ctx)


@contextmanager
def _refusals(words: Sequence[str]) -> Iterator[None]:
    """What the library says of a command line, said in one sentence; what there is no sentence for (a help text too) it says itself."""
    try:
        yield
    except typer.BadParameter as error:
        said = _sentence(error, said_in(words))
    except typer.TyperException as error:
        found = _usage(error, words, said_in(words))
        if found is None:
            raise
        said = found
    else:
        return
    typer.echo(said, err=True)
    raise typer.Exit(2)


_USAGES = {
    "error.command": re.compile(r"No such command (?P<given>.+?)\.(?: Did you mean (?P<near>.+)\?)?", re.DOTALL),
    "error.option.unknown": re.compile(r"No such option: (?P<given>.+)", re.DOTALL),
    "error.argument.extra": re.compile(
        r"Got unexpected extra arguments? \((?P<given>.+)\)|Got unexpected extra argument\(s\) \((?P<these>.+)\)", re.DOTALL
    ),
    "error.option.plain": re.compile(r"Option (?P<given>.+) does not take a value\.", re.DOTALL),
    "error.option.value": re.compile(r"Option (?P<given>.+) requires (?:an|\d+) arguments?\.", re.DOTALL),
}
"""What the library writes, by what we say instead."""


def _usage(error: Exception, words: Sequence[str], text: Text) -> str | None:
    message = str(getattr(error, "message", ""))
    for key, written in _USAGES.items():
        found = written.fullmatch(message)
        if found is not None:
            parts = found.groupdict()
            given = str(parts["given"] or parts.get("these")).strip("'\"")
            near = sorted(getattr(error, "possibilities", None) or re.findall(r"[\w-]+", parts.get("near") or ""))
            guess = text("error.scenario.guess", name=", ".join(near)) if near else ""
            context: Any = getattr(error, "ctx", None)
            command = (
                context.command_path if context else f"truc {_command(words)}"
            )  # an option's value is read before anybody knows the context
            return text(key, given=given, guess=guess, command=command)
    return None


def _command(words: Sequence[str]) -> str:
    """The command's name; the language may be said before it."""
    plain = [word for before, word in pairwise(("", *words)) if not word.startswith("-") and before != "--lang"]
    return plain[0] if plain else ""


def _sentence(error: typer.BadParameter, text: Text) -> str:
    param: Any = error.param
    name = _name(param)
    if not error.message and param is not None:  # it was not given
        variable = getattr(param, "envvar", None)
        key = "error.option.missing.variable" if variable else "error.option.missing"
        command = error.ctx.command_path if error.ctx else "truc"
        return text(key, option=name, variable=variable, command=command)
    fault = _fault(error.__cause__)
    path = _PATH.search(error.message)
    if path is not None:
        return text(_PATHS[path["kind"]], option=name, given=path["given"])
    choice = _CHOICE.search(error.message)
    if choice is not None:
        return text("error.option.choice", option=name, given=choice["given"][1:-1] or "''", choices=choice["choices"].replace("'", ""))
    if fault is None:
        return f"{name}: {error.message}"
    given = str(fault.get("input", "")) or "''"
    for bound, key in _BOUNDS:
        if bound in fault.get("ctx", {}):
            return text(key, option=name, given=given, bound=f"{fault['ctx'][bound]:g}")
    key = _KINDS.get(str(fault["type"]).partition("_")[0], "error.option.other")
    return text(key, option=name, given=given)


def _name(param: Any) -> str:
    """``--days``, or an argument as the usage text names it."""
    if param is None:
        return "truc"
    options = [one for one in getattr(param, "opts", ()) if one.startswith("-")]
    return str(max(options, key=len) if options else param.metavar or str(param.name).upper())


def _fault(cause: BaseException | None) -> Mapping[str, Any] | None:
    """The first fault of a validation, if one is behind it; its library is not imported for that."""
    found = getattr(cause, "errors", None)
    faults = found() if callable(found) else []
    return faults[0] if faults else None
