"""Policy files: strict TOML in, a frozen :class:`ValidationPolicy` out. Nothing unknown is passed over.

    policy = load_policy("field")             # one that comes with the project
    policy = load_policy("my/own.toml")

What a file may say is shown by ``signing/policies/etsi-baseline.toml``. What is wrong raises :class:`PolicyFileError`: one sentence with
file, place and rule.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TypeVar

from signing.algorithms import algorithm_named
from signing.errors import SigningError
from signing.formats.claims import Level
from signing.validation.ades.policy import CHECKS, ChainRules, Severity, SlideTo, ValidationPolicy
from signing.validation.policy import FOREIGN, AlgorithmPolicy, AlgorithmRule

DEFAULT_POLICY = "field"
"""The name of the policy used where none is named."""

_DIGESTS = ("sha1", "sha256", "sha384", "sha512")
_MAX_FILE = 64 * 1024
_MAX_LINE = 1024
"""Octets; the parser's time grows with the square of a dotted key's parts."""
_MAX_TOLD = 80
"""Characters of a wrong value that an error repeats."""
_MAX_SECONDS = 100 * 366 * 86400
_T = TypeVar("_T")
_E = TypeVar("_E", bound=StrEnum)


class PolicyFileError(SigningError):
    """A policy file cannot be used: ``place`` is ``file: dotted key``, ``rule`` one sentence."""

    code = "policy-file"


def policies() -> tuple[str, ...]:
    """Names of the policies that come with the project."""
    return tuple(sorted(item.name.removesuffix(".toml") for item in files("signing").joinpath("policies").iterdir()))


def load_policy(name_or_path: str | Path = DEFAULT_POLICY) -> ValidationPolicy:
    """Read a policy of the project by its name, or a file by its path. Raises :class:`PolicyFileError`."""
    name = str(name_or_path)
    return _shipped(name) if name in policies() else read_policy(name, policy_bytes(name))


def policy_bytes(name_or_path: str | Path = DEFAULT_POLICY) -> bytes:
    """The file of a policy as it stands, by the project's name for it or by its path, and not much more than it may have.

    Raises :class:`PolicyFileError`.
    """
    name = str(name_or_path)
    if name in policies():
        return files("signing").joinpath("policies", f"{name}.toml").read_bytes()
    if not name.endswith(".toml"):
        raise PolicyFileError(name, f"no such policy; there are {', '.join(policies())}, or give the path of a .toml file")
    try:
        if Path(name).exists() and not Path(name).is_file():
            raise PolicyFileError(name, "the file cannot be read (not a plain file)")
        with Path(name).open("rb") as file:
            return file.read(_MAX_FILE + 1)
    except (OSError, ValueError) as error:
        raise PolicyFileError(name.replace("\0", "?"), f"the file cannot be read ({getattr(error, 'strerror', error)})") from None


@lru_cache(maxsize=8)
def _shipped(name: str) -> ValidationPolicy:
    return read_policy(f"{name}.toml", policy_bytes(name))


def read_policy(file: str, data: bytes) -> ValidationPolicy:
    """The policy in the bytes of a TOML file; ``file`` is its name in errors. Raises :class:`PolicyFileError`."""
    return _policy(_Table(file, "", _toml(file, data)), invoked=False)


def _toml(file: str, data: bytes) -> dict[str, object]:
    if len(data) > _MAX_FILE:
        raise PolicyFileError(file, f"a policy file is not longer than {_MAX_FILE} bytes")
    if max(map(len, data.split(b"\n"))) > _MAX_LINE:
        raise PolicyFileError(file, f"a line of a policy file is not longer than {_MAX_LINE} bytes")
    try:
        return tomllib.loads(data.decode())
    except UnicodeDecodeError as error:
        raise PolicyFileError(f"{file}: byte {error.start}", "a policy file is UTF-8 text") from None
    except (ValueError, RecursionError) as error:  # ValueError: TOMLDecodeError, and numbers of too many digits
        raise PolicyFileError(file, f"is not TOML ({error})") from None


class _Table:
    """One table of a file; every key must be taken before :meth:`close`, or it is unknown."""

    def __init__(self, file: str, place: str, values: Mapping[str, object]) -> None:
        self._file, self._place, self._values = file, place, values
        self._taken: set[str] = set()

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys as written."""
        return tuple(self._values)

    def wrong(self, key: str, rule: str) -> PolicyFileError:
        """The error for a key of this table."""
        place = f"{self._place}.{key}" if self._place and key else self._place or key
        return PolicyFileError(f"{self._file}: {place}" if place else self._file, rule)

    def take(self, key: str, kind: type[_T], default: _T | None = None) -> _T:
        """A value of exactly that type; the default when absent, an error when there is none."""
        self._taken.add(key)
        if key not in self._values:
            if default is None:
                raise self.wrong(key, "is missing")
            return default
        value = self._values[key]
        if type(value) is not kind:
            raise self.wrong(key, f"must be {_KINDS[kind]}, not {_told(value)}")
        return value

    def table(self, key: str) -> _Table:
        """A sub-table, empty when absent."""
        return _Table(self._file, f"{self._place}.{key}" if self._place else key, self.take(key, dict, {}))

    def choice(self, key: str, kind: type[_E], default: _E | None = None) -> _E:
        """One of an enumeration's values."""
        text = self.take(key, str, default and str(default))
        if text not in list(kind):
            raise self.wrong(key, f"must be one of {', '.join(kind)}, not {_told(text)}")
        return kind(text)

    def number(self, key: str, low: int, high: int, default: int) -> int:
        """An integer within bounds."""
        value = self.take(key, int, default)
        if not low <= value <= high:
            raise self.wrong(key, f"must be from {low} to {high}, not {_told(value)}")
        return value

    def instant(self, key: str) -> datetime | None:
        """An instant with its offset, whole seconds; ``None`` when absent."""
        if key not in self._values:
            return None
        value = self.take(key, datetime)
        if value.tzinfo is None or value.microsecond:
            raise self.wrong(key, "must be an instant with its offset in whole seconds, as 2031-01-01T00:00:00Z")
        try:
            return value.astimezone(UTC)
        except OverflowError:
            raise self.wrong(key, "must be an instant within the years 1 to 9999 of UTC") from None

    def seconds(self, key: str) -> timedelta | None:
        """A span of seconds; ``None`` when absent."""
        return timedelta(seconds=self.number(key, 0, _MAX_SECONDS, 0)) if key in self._values else None

    def texts(self, key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """A list of texts."""
        values = self.take(key, list, list(default))
        if not all(isinstance(value, str) for value in values):
            raise self.wrong(key, "must be a list of texts")
        return tuple(values)

    def known(self, key: str, names: tuple[str, ...], what: str) -> None:
        """Refuse a key that is none of ``names``, naming the one that was meant."""
        if key not in names:
            near = get_close_matches(key, names, 1)
            raise self.wrong(key, f"is no {what}; did you mean {near[0]}?" if near else f"is no {what}; there are {', '.join(names)}")

    def close(self) -> None:
        """Refuse what was not taken."""
        for key in self._values:
            self.known(key, tuple(sorted(self._taken)), "key of this table")


def _told(value: object) -> str:
    """A wrong value as an error repeats it."""
    try:
        text = repr(value)
    except ValueError:  # a number of more digits than Python writes
        return "a number of thousands of digits"
    return text if len(text) <= _MAX_TOLD else f"{text[:_MAX_TOLD]}…"


_KINDS = {str: "a text", int: "a whole number", bool: "true or false", list: "a list", dict: "a table", datetime: "an instant"}


def _policy(table: _Table, *, invoked: bool) -> ValidationPolicy:
    """The policy of a whole file. One that a signature invokes decides by itself: what it says of others is not followed."""
    name = table.take("name", str)
    document, time = table.table("document"), table.table("time")
    policy = ValidationPolicy(
        name,
        table.take("title", str, ""),
        _severities(table.table("checks"), tuple(CHECKS)),
        _severities(table.table("deviations"), None),
        _severities(table.table("findings"), None),
        _algorithms(table.table("algorithms")),
        _each(table.table("digests"), _DIGESTS, "digest", _until),
        _chain(table.table("chain")),
        time.choice("required_level", Level, Level.B),
        time.seconds("timestamp_delay_seconds"),
        time.seconds("revocation_max_age_seconds"),
        time.seconds("tolerance_seconds") or timedelta(0),
        time.choice("slide_to", SlideTo, SlideTo.ISSUANCE),
        _sunsets(table.table("anchor_sunsets")),
        {} if invoked else _signature_policies(table.table("signature_policies"), name),
        document.number("signatures", 1, 64, 1),
        document.take("in_order", bool, False),
        table.texts("external"),
    )
    if invoked:
        table.table("signature_policies")
    for part in (document, time, table):
        part.close()
    return policy


def _severities(table: _Table, names: tuple[str, ...] | None) -> dict[str, Severity]:
    found = {}
    for key in table.keys:
        if names is not None:
            table.known(key, names, "check that can be weighed")
        found[key] = table.choice(key, Severity)
    return found


def _each(table: _Table, names: tuple[str, ...], what: str, read: Callable[[_Table], _T]) -> dict[str, _T]:
    """Every entry of a table of tables."""
    if not table.keys:
        raise table.wrong("", f"must name at least one {what}; what is not named is not accepted")
    found = {}
    for key in table.keys:
        table.known(key, names, what)
        entry = table.table(key)
        found[key] = read(entry)
        entry.close()
    return found


def _algorithms(table: _Table) -> AlgorithmPolicy:
    known = tuple(key for key in table.keys if algorithm_named(key) is not None)
    return AlgorithmPolicy(_each(table, (*known, *FOREIGN.rules), "signature algorithm", _algorithm))


def _algorithm(entry: _Table) -> AlgorithmRule:
    return AlgorithmRule(entry.number("min_key_bits", 128, 16384, 2048), entry.instant("until"))


def _until(entry: _Table) -> datetime | None:
    return entry.instant("until")


def _chain(table: _Table) -> ChainRules:
    rules = ChainRules(
        table.number("max_length", 2, 16, 8),
        table.number("max_candidates", 1, 64, 8),
        frozenset(table.texts("acceptable_policies", ("2.5.29.32.0",))),
        table.take("require_explicit_policy", bool, False),
        table.take("inhibit_policy_mapping", bool, False),
        table.take("inhibit_any_policy", bool, False),
    )
    table.close()
    return rules


def _sunsets(table: _Table) -> dict[bytes, datetime]:
    found = {}
    for key in table.keys:
        moment = table.instant(key)
        try:
            digest = bytes.fromhex(key)
        except ValueError:
            digest = b""
        if len(digest) != 32 or moment is None:
            raise table.wrong(key, "an anchor is named by the SHA-256 of its certificate, 64 hexadecimal digits")
        found[digest] = moment
    return found


def _signature_policies(table: _Table, own: str) -> dict[str, ValidationPolicy | str]:
    """What each explicit signature policy is validated under; one that cannot be read costs only the signatures that invoke it."""
    found: dict[str, ValidationPolicy | str] = {}
    for key in table.keys:
        target = table.take(key, str)
        if not key or not all(part.isascii() and part.isdigit() for part in key.split(".")):
            raise table.wrong(key, "a signature policy is named by its dotted object identifier")
        if target == own:
            raise table.wrong(key, "must name another policy than this one")
        try:
            found[key] = (
                _shipped(target) if target in policies() else _policy(_Table(target, "", _toml(target, policy_bytes(target))), invoked=True)
            )
        except PolicyFileError as error:
            found[key] = str(error)
    return found
