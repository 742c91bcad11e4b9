"""Secrets as files: made once, read by whoever needs them, never in an environment or on a command line."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from secrets import token_urlsafe
from urllib.parse import quote, urlsplit, urlunsplit

from console.up.services import SECRETS

_BYTES = 32
_LONGEST = 1024
_FORMS = {"broker": "requirepass {}"}
"""What is more than the secret alone: the broker reads its file as its own configuration."""


class SecretUnreadable(Exception):
    """A file that holds no secret: ``path`` and what is wrong."""

    def __init__(self, path: str, rule: str) -> None:
        super().__init__(path, rule)
        self.path, self.rule = path, rule

    def __str__(self) -> str:
        return f"{self.path}: {self.rule}"


def make_secrets(folder: Path) -> tuple[str, ...]:
    """Make those that are missing; gives their names. Raises OSError.

    Only the owner can enter the folder; within it everybody may read, since a container's user is another one than the host's.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    made = []
    for name in SECRETS:
        path = folder / name
        if path.exists():
            continue
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444), "w", encoding="ascii") as file:
            file.write(_FORMS.get(name, "{}").format(token_urlsafe(_BYTES)) + "\n")
        made.append(name)
    return tuple(made)


def read_secret(path: Path) -> str:
    """The secret in a file: the last word of its first line. Raises :class:`SecretUnreadable`."""
    try:
        with path.open(encoding="utf-8") as file:
            words = file.readline(_LONGEST).split()
    except (OSError, UnicodeDecodeError) as error:
        raise SecretUnreadable(str(path), getattr(error, "strerror", None) or "it is not a text") from None
    if not words:
        raise SecretUnreadable(str(path), "its first line is empty")
    return words[-1]


def with_password(url: str, variable: str, environment: Mapping[str, str]) -> str:
    """An address, completed by the password in the file that a variable names; one that has a password, or no host, as it is.

    Raises :class:`SecretUnreadable`.
    """
    file = environment.get(variable)
    try:
        parts = urlsplit(url)
    except ValueError:  # whoever opens it says what is wrong with it
        return url
    if not file or parts.password is not None or not parts.hostname:
        return url
    user, _, rest = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user}:{quote(read_secret(Path(file)), safe='')}@{rest}"))
