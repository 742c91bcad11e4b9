"""What ``truc load`` is asked: durations, shares, thresholds and the target, each refused in one sentence when it cannot be followed."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from console.locale import Text
from console.outcome import Unusable
from scenarios.load.draw import Recipe
from scenarios.load.knee import Limits
from scenarios.load.profiles import MIB, PROFILES
from scenarios.load.schedule import Shape
from scenarios.load.thresholds import BadThreshold, Threshold, read_threshold

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_LONGEST = 24 * 3600.0
MOST_RATE = 20_000.0
MOST_SERIES = 999


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line asks for, as it was written."""

    targets: tuple[str, ...]
    mailboxes: tuple[str, ...] = ()
    scenario: str = "load-field"
    seed: str = "1"
    profile: str = "letters"
    rate: float = 20.0
    duration: str = "30s"
    warm_up: str = "5s"
    drain: str = "30s"
    shape: str = "constant"
    even: bool = False
    thresholds: tuple[str, ...] = ()
    agencies: int = 40
    urgent_share: float = 0.06
    greedy: float = 0.0
    series: int = 1
    find_limit: bool = False
    step: str = "20s"
    limits: tuple[str, str] = ("250ms", "2s")
    compare: Path | None = None
    out: Path | None = None
    json: bool = False
    allow_target: bool = False
    corpus: Path | None = None
    watch: tuple[int, ...] = ()
    receive: bool = True


@dataclass(frozen=True, slots=True)
class Asked:
    """The same as values that can be followed."""

    bases: tuple[str, ...]
    mailboxes: tuple[str, ...]
    seconds: float
    warm_up: float
    drain: float
    shape: Shape
    thresholds: tuple[Threshold, ...]
    step: float
    limits: Limits

    def recipe(self, wish: Wish, documents: int, series: int) -> Recipe:
        """The corpus of so many documents; whole thousands of small ones, so that runs of nearly the same length share one."""
        profile = PROFILES[wish.profile]
        whole = 1000 if profile.mean < MIB else 1
        return Recipe(profile, -(-documents // whole) * whole, wish.agencies, wish.urgent_share, wish.greedy, series)


def read_wish(wish: Wish, text: Text) -> Asked:
    """Check it all. Raises :class:`Unusable`."""
    if wish.profile not in PROFILES:
        raise Unusable(text("load.error.profile", given=wish.profile or "''", names=", ".join(PROFILES)))
    if wish.shape not in {shape.value for shape in Shape}:
        raise Unusable(text("load.error.shape", given=wish.shape or "''", names=", ".join(Shape)))
    if not 0 < wish.rate <= MOST_RATE:
        raise Unusable(text("load.error.rate", given=wish.rate, most=text.number(MOST_RATE)))
    if not 1 <= wish.series <= MOST_SERIES:
        raise Unusable(text("load.error.series", given=wish.series, most=MOST_SERIES))
    seconds, warm_up, drain, step = (
        _duration(value, option, text)
        for value, option in ((wish.duration, "--for"), (wish.warm_up, "--warm-up"), (wish.drain, "--drain"), (wish.step, "--step"))
    )
    if warm_up >= seconds or (wish.find_limit and warm_up >= step):
        raise Unusable(text("load.error.warm-up", given=wish.warm_up))
    try:
        Recipe(PROFILES[wish.profile], 1, wish.agencies, wish.urgent_share, wish.greedy)
    except ValueError as error:
        raise Unusable(text("load.error.recipe", rule=error)) from None
    submit, delivered = (_duration(value, option, text) for value, option in zip(wish.limits, _LIMITS, strict=True))
    thresholds = _thresholds(wish.thresholds, text)
    bases, mailboxes = (tuple(_target(target, wish, text) for target in given) for given in (wish.targets, wish.mailboxes))
    return Asked(bases, mailboxes, seconds, warm_up, drain, Shape(wish.shape), thresholds, step, Limits(submit, delivered))


_LIMITS = ("--limit-submit", "--limit-delivered")


def _duration(given: str, option: str, text: Text) -> float:
    found = _DURATION.fullmatch(given.strip())
    seconds = float(found[1]) * _UNITS[found[2]] if found else -1.0
    if not 0 <= seconds <= _LONGEST:
        raise Unusable(text("load.error.duration", option=option, given=given or "''"))
    return seconds


def _thresholds(given: Sequence[str], text: Text) -> tuple[Threshold, ...]:
    try:
        return tuple(read_threshold(one) for one in given)
    except BadThreshold as error:
        raise Unusable(text("load.error.threshold", given=error.given or "''", rule=text.label("load-threshold", error.rule))) from None


def _target(target: str, wish: Wish, text: Text) -> str:
    """The service's address. Raises :class:`Unusable` for one that is none, and for another machine's without ``--allow-target``."""
    try:
        parts = urlsplit(target)
        port, host = parts.port, parts.hostname
    except ValueError:
        parts, port, host = urlsplit(""), None, None
    if parts.scheme not in ("http", "https") or not host or parts.username or parts.query or parts.fragment:
        raise Unusable(text("load.error.target", given=target or "''"))
    if not wish.allow_target:
        for address in _addresses(host, port or 80, target, text):
            if not ipaddress.ip_address(address.partition("%")[0]).is_loopback:
                raise Unusable(text("load.error.elsewhere", target=target, address=address))
    return target.rstrip("/")


def _addresses(host: str, port: int, target: str, text: Text) -> set[str]:
    try:
        return {str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except OSError:
        raise Unusable(text("load.error.target", given=target)) from None
