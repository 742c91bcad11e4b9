"""Which validation policy is meant, and what it says."""

from __future__ import annotations

from console.locale import Text
from console.outcome import Unusable
from signing import PolicyFileError, ValidationPolicy, load_policy

OURS = "field"
"""The policy of commands that name none."""


def policy_of(name: str, text: Text) -> ValidationPolicy:
    """A policy of the project, or of a file. Raises :class:`Unusable` with one sentence in the user's language."""
    try:
        return load_policy(name)
    except PolicyFileError as error:
        raise Unusable(f"{error.place}: {text.of_policy(error.rule)}") from None
