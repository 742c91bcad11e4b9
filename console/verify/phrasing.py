"""Sentences of the validation in the reader's language, with their instants at Vietnamese time."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from console.locale import Text
from console.reports.canonical import Tree
from exchange.domain.calendar import VN

_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?: UTC|Z|([+-]\d\d:\d\d))")
_NAME = re.compile(r"\b[A-Za-z0-9.]+=(?:\\.|[^,\\=])*(?:,[A-Za-z0-9.]+=(?:\\.|[^,\\=])*)*,C=[A-Z]{2}\b")
_COMMON_NAME = re.compile(r"(?:^|,)CN=((?:\\.|[^,\\])*)")
"""A distinguished name that ends in its country, and the common name in one: people are told that part, the JSON has the whole."""
_REASON = re.compile(
    r"\((unspecified|keyCompromise|cACompromise|affiliationChanged|superseded|cessationOfOperation|certificateHold|removeFromCRL"
    r"|privilegeWithdrawn|aACompromise)\)"
)
"""A reason of revocation as RFC 5280 §5.3.1 names it."""
_DER_ERROR = re.compile(r"(?:error parsing asn1 value: )?ParseError \{.*\}")
_PARSER_ERROR = re.compile(r"(cannot be parsed): \w+: (.*)", re.DOTALL)
_OWN_ERROR = re.compile(r"the file is encrypted|more than \d+ (?:signature fields|artefacts in the security store)")
"""What libraries say of bytes that they cannot read, in their own words; and what the readers here say by the same way."""
_FILLED = re.compile(r"the file was changed after this signature \(FORM_FILLING: (.*)\)", re.DOTALL)
_FAR = 9000
"""A year from which a certificate's end means that it has none."""


def printable(words: str) -> str:
    """A text without what could move a cursor, colour a screen or turn a line round: names come from files that anybody made."""
    if words.isprintable():
        return words
    return "".join(one if one.isprintable() else " " if one.isspace() else "\ufffd" for one in words)


class Phrasing:
    """Turns what the validation says into what a reader reads."""

    def __init__(self, text: Text, names: Iterable[str] = ()) -> None:
        """``names`` are distinguished names known to occur, which tell where each ends; others are known only by their country's end."""
        self.text = text
        self._names = sorted({name for name in names if "=" in name}, key=len, reverse=True)

    def instant(self, iso: str) -> str:
        """Day and time of day at +07:00."""
        moment = datetime.fromisoformat(iso)
        return self.text("verify.no-end") if moment.year >= _FAR else self.text.instant(moment.astimezone(VN))

    def day(self, iso: str) -> str:
        """The day alone, at +07:00."""
        moment = datetime.fromisoformat(iso)
        if moment.year >= _FAR:
            return self.text("verify.no-end")
        local = moment.astimezone(VN)
        return f"{local.day:02d}/{local.month:02d}/{local.year}"

    def phrase(self, sentence: str) -> str:
        """A sentence of the validation in the reader's language; as it is where nobody has put it there."""
        told = _INSTANT.sub(self._local, self.text.phrase(_plain(sentence)))
        for name in self._names:
            told = told.replace(name, _common_name(name))
        told = _NAME.sub(lambda match: _common_name(match[0]), told)
        return _REASON.sub(lambda match: f"({self.text.label('verify-revoked', match[1])})", told)

    def found(self, detail: str) -> str:
        """What was found, as a sentence of its own after another."""
        return self.text("verify.found", detail=self.phrase(detail)) if detail else ""

    def policy(self, name: str, title: str) -> str:
        """A policy by its name and what it is for."""
        words = self.text.texts.get(f"verify-policy.{name}", title)
        return f"{name}: {words}" if words else name

    def check(self, check: Tree) -> dict[str, Any]:
        """One check that did not pass: what is wrong, what was found, what to do."""
        words = self.text.explanation("check", check["name"])
        return {
            "name": check["name"],
            "status": check["status"],
            "word": self.text.label("verify-status", check["status"]),
            "title": words.get("wrong", check["name"]),
            "do": words.get("do", ""),
            "detail": self.phrase(check["detail"]),
            "clause": check["clause"],
        }

    def _local(self, match: re.Match[str]) -> str:
        try:
            return self.instant(f"{match[1]}T{match[2]}{match[3] or '+00:00'}")
        except (ValueError, OverflowError):
            return match[0]


def _plain(sentence: str) -> str:
    """A sentence with plain words for what only the library that stumbled understands; the JSON keeps those."""
    sentence = _FILLED.sub(r"form fields were filled in after this signature: \1", sentence)
    return _PARSER_ERROR.sub(_parser_error, _DER_ERROR.sub("it is not well-formed DER", sentence))


def _parser_error(match: re.Match[str]) -> str:
    if _OWN_ERROR.fullmatch(match[2]):
        return f"{match[1]}: {match[2]}"
    ended = "EOF marker not found" in match[2]
    return f"{match[1]}: {'the end-of-file mark of a PDF is missing or too far from the end' if ended else 'it is not well-formed'}"


def _common_name(name: str) -> str:
    found = _COMMON_NAME.search(name)
    return name if found is None else re.sub(r"\\(.)", r"\1", found[1])
