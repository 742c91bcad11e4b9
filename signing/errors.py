"""Errors of signing.

    SigningError
    ├── FormatFailure        bytes of a signature break a rule of its format (place, rule)
    ├── LetterRefused        bytes of a letter break a rule of the letter (place, rule)
    ├── InvalidHolder        a holder's description cannot become a certificate (subject, rule)
    ├── InvalidBehaviour     a service is asked to behave as it cannot (service, rule)
    └── KeyUnusable          a key cannot be made, read or used (place, rule)

Every error rebuilds from its own ``args``, so it survives pickling and re-raising elsewhere; the sentence is formatted late.
"""

from __future__ import annotations


class SigningError(Exception):
    """Base of everything this package raises on purpose."""

    code = "signing-error"

    def __init__(self, place: str, rule: str) -> None:
        super().__init__(place, rule)
        self.place = place
        self.rule = rule

    def __str__(self) -> str:
        return f"{self.place}: {self.rule}"


class FormatFailure(SigningError):
    """The bytes of a signature break a rule of its format (EN 319 102-1 §5.2.2: FORMAT_FAILURE)."""

    code = "format-failure"


class LetterRefused(SigningError):
    """The bytes of a letter break a rule of the letter; nothing in it is to be believed."""

    code = "letter-refused"


class InvalidHolder(SigningError):
    """The description of a certificate holder cannot become a certificate; ``place`` is its subject or field."""

    code = "invalid-holder"


class InvalidBehaviour(SigningError):
    """A trust service is described as doing what it cannot do; ``place`` is the service."""

    code = "invalid-behaviour"


class KeyUnusable(SigningError):
    """A key cannot be made, read or used; ``place`` names the key or its file."""

    code = "key-unusable"
