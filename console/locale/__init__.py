"""Texts and numbers in the reader's language: flat JSON catalogues beside this file, same keys and ``{placeholders}`` in each.

``{count} {count:fact|facts}`` is "1 fact" and "2 facts": a word by the number before it, in languages that have two.
"""

from __future__ import annotations

import json
import re
import string
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from errno import errorcode
from functools import cache
from importlib.resources import files

LANGUAGES = ("en", "vi")
_SEPARATORS = {"en": (",", "."), "vi": (".", ",")}
"""Thousands and decimal sign by language."""
_WITHIN = r"(?:(?!(?<!\\); ).)"
"""A character of one sentence: a semicolon that is not a name's (RFC 4514 escapes those) begins another."""
_PLACE = re.compile(r"\{(\w+)(~?)\}")
_DEPTH, _LONGEST = 4, 1_000
"""How deep sentences stand in sentences, and the longest (in characters) that is looked at: they hold names that anybody chose."""


class _Worded(string.Formatter):
    """Also writes ``{count:one|many}``."""

    def format_field(self, value: object, format_spec: str) -> str:
        one, bar, many = format_spec.partition("|")
        if not bar:
            return str(super().format_field(value, format_spec))
        return one if str(value) == "1" else many


_WORDED = _Worded()


@dataclass(frozen=True, slots=True)
class Text:
    """One language's catalogue. ``text("key", name=value)`` is the sentence; numbers and instants follow the language's habits."""

    lang: str
    texts: Mapping[str, str]

    def __call__(self, key: str, **values: object) -> str:
        """The text of a key. Raises KeyError for a key no catalogue has."""
        return _WORDED.vformat(self.texts[key], (), values) if values else self.texts[key]

    def label(self, family: str, code: str) -> str:
        """The name of a code, e.g. ``label("cause", "no-computer")``; the code itself where it has none."""
        return self.texts.get(f"{family}.{code}", code)

    def reason(self, error: Exception) -> str:
        """Why the machine would not: a system's error in this language where the catalogue has it, else in its own words."""
        number = error.errno if isinstance(error, OSError) else None
        said = getattr(error, "strerror", None) or str(error)
        return self.texts.get(f"system.{errorcode.get(number or 0, '')}", said)

    def assumption(self, key: str, label: str) -> str:
        """What an assumption (or ``paper-rule.<id>``) says: ``label``, its author's words, unless the language has its own for the key."""
        return _assumptions(self.lang).get(key, label)

    def explanation(self, family: str, code: str) -> Mapping[str, str]:
        """What it means: of a ``sub-indication`` title, wrong, do; of a ``check`` asks, wrong, do. Empty for a code there is not."""
        return _verdicts(self.lang)[family].get(code, {})

    def phrase(self, sentence: str) -> str:
        """A sentence the validation wrote, in this language; as it is where the language has no pattern for it (English has none)."""
        return _translated(sentence, _phrases(self.lang, "phrases"), 0)

    def of_world(self, sentence: str) -> str:
        """A place in a world file, or the rule that it breaks, in this language."""
        return _translated(sentence, _phrases(self.lang, "world"), 0)

    def of_policy(self, sentence: str) -> str:
        """The rule that a policy file breaks, in this language."""
        return _translated(sentence, _phrases(self.lang, "policy"), 0)

    def number(self, value: float, digits: int = 0) -> str:
        """``1,234.5`` or ``1.234,5``."""
        thousands, decimal = _SEPARATORS[self.lang]
        plain = f"{value:,.{digits}f}"
        return "".join({",": thousands, ".": decimal}.get(sign, sign) for sign in plain)

    def percent(self, fraction: float | None, digits: int = 1) -> str:
        """A fraction of one as percent; a dash when there is none. Never ``0`` or ``100`` for what only rounds to it."""
        if fraction is None:
            return "–"
        while 0 < fraction < 1 and digits < 4 and round(100 * fraction, digits) in (0.0, 100.0):
            digits += 1
        return f"{self.number(100 * fraction, digits)} %"

    def minutes(self, minutes: int) -> str:
        """A waiting time: minutes below two hours, then hours and minutes, then days and hours."""
        if minutes < 120:
            return self("time.minutes", minutes=minutes)
        hours, rest = divmod(minutes, 60)
        if hours < 48:
            return self("time.hours", hours=hours, minutes=rest)
        return self("time.days", days=hours // 24, hours=hours % 24)

    def instant(self, moment: datetime) -> str:
        """Date and time of day, as written in the language."""
        return f"{self.day(moment)} {moment:%H:%M:%S}"

    def day(self, moment: datetime) -> str:
        """Weekday and date, day before month."""
        return f"{self(f'weekday.{moment.weekday()}')} {moment.day:02d}/{moment.month:02d}/{moment.year}"


@cache
def catalogue(lang: str) -> Text:
    """The catalogue of a language. Raises KeyError for one there is not."""
    if lang not in LANGUAGES:
        raise KeyError(lang)
    return Text(lang, json.loads(files(__package__).joinpath(f"{lang}.json").read_text("utf-8")))


@cache
def _assumptions(lang: str) -> Mapping[str, str]:
    """Labels of the assumptions the library's worlds use; English ones stand where the assumptions do."""
    file = files(__package__).joinpath(f"assumptions-{lang}.json")
    labels: dict[str, str] = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    return labels


@cache
def _verdicts(lang: str) -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """Explanations of sub-indications and checks for somebody who does not know the standard."""
    found: dict[str, dict[str, dict[str, str]]] = json.loads(files(__package__).joinpath(f"verdicts-{lang}.json").read_text("utf-8"))
    return found


@dataclass(frozen=True, slots=True)
class _Phrase:
    """An English sentence as a pattern, its translation, and the places in it that hold phrases themselves.

    ``alone`` is the pattern whose values hold no second sentence: of two that are joined by a semicolon neither may swallow the other.
    """

    alone: re.Pattern[str]
    pattern: re.Pattern[str]
    template: str
    nested: frozenset[str]


@cache
def _phrases(lang: str, family: str) -> tuple[_Phrase, ...]:
    """Pairs of ``<family>-<lang>.json``: ``{name}`` stands for anything, ``{name~}`` for what is translated in its turn.

    What says most of a sentence comes first, so that no shorter pattern takes part of a longer one's words for a value.
    """
    file = files(__package__).joinpath(f"{family}-{lang}.json")
    pairs: list[tuple[str, str]] = json.loads(file.read_text("utf-8")) if file.is_file() else []
    pairs.sort(key=lambda pair: len(_PLACE.sub("", pair[0])), reverse=True)
    return tuple(_phrase(english, other) for english, other in pairs)


def _phrase(english: str, other: str) -> _Phrase:
    parts = _PLACE.split(english)
    alone = pattern = re.escape(parts[0])
    nested = set()
    for name, mark, literal in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        pattern += f"(?P<{name}>.+?){re.escape(literal)}"
        alone += f"(?P<{name}>{'.' if mark else _WITHIN}+?){re.escape(literal)}"
        if mark:
            nested.add(name)
    return _Phrase(re.compile(alone, re.DOTALL), re.compile(pattern, re.DOTALL), other, frozenset(nested))


def _translated(sentence: str, phrases: tuple[_Phrase, ...], depth: int) -> str:
    if depth > _DEPTH or len(sentence) > _LONGEST:
        return sentence
    matches = (
        (phrase, found)
        for kind in ("alone", "pattern")
        for phrase in phrases
        if (found := getattr(phrase, kind).fullmatch(sentence)) is not None
    )
    for phrase, found in matches:
        values = found.groupdict()
        values |= {name: _translated(values[name], phrases, depth + 1) for name in phrase.nested}
        told = phrase.template.format(**values)
        if told != sentence:
            return told
    return sentence


def choose(option: str | None, environment: Mapping[str, str]) -> str:
    """The language: ``--lang``, then LC_ALL or LANG, then English. Raises KeyError for an option that is none."""
    if option is not None:
        if option not in LANGUAGES:
            raise KeyError(option)
        return option
    spoken = environment.get("LC_ALL") or environment.get("LANG") or ""
    return next((lang for lang in LANGUAGES if spoken.lower().startswith(lang)), "en")
