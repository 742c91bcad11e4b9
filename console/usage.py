"""What is said of an option that cannot be followed: one sentence in the user's language, where the libraries have words of their own.

Typer lets the checks of numbers and paths be made by others, whose sentences ("Input should be a valid integer, unable to parse …") it
prints after a usage text.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from console.locale import Text, catalogue, choose

_WORDS = "console.usage.words"
_KINDS = {"int": "error.option.whole", "float": "error.option.number", "finite": "error.option.number", "bool": "error.option.bool"}
_BOUNDS = (("ge", "error.option.least"), ("gt", "error.option.least"), ("le", "error.option.most"), ("lt", "error.option.most"))
_PATH = re.compile(r"'(?P<given>.*)' is a (?P<kind>file|directory)\.", re.DOTALL)


class Speaking(TyperGroup):
    """The commands, whose options are refused in one sentence."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Also keeps what was written: the language may be said after what is wrong."""
        words = tuple(args)
        context = super().make_context(info_name, args, parent, **extra)
        context.meta[_WORDS] = words
        return context

    def invoke(self, ctx: Any) -> Any:
        """Run the command asked for. Raises ``typer.Exit`` with 2 for an option that cannot be followed."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            typer.echo(_sentence(error, _text(ctx.meta.get(_WORDS, ()))), err=True)
            raise typer.Exit(2) from None


def _text(words: Sequence[str]) -> Text:
    """The language asked for among the words of a command line, else that of the environment."""
    given = next(_languages(words), None)
    try:
        return catalogue(choose(given, os.environ))
    except KeyError:
        return catalogue(choose(None, os.environ))


def _languages(words: Sequence[str]) -> Iterator[str]:
    for word, following in zip(words, (*words[1:], ""), strict=True):
        if word == "--lang":
            yield following
        elif word.startswith("--lang="):
            yield word.partition("=")[2]


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
        return text(f"error.option.{path['kind']}", option=name, given=path["given"])
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
