"""From a parsed world file to what the world needs besides its agencies: assumptions with their sources, roads, rules and targets.

Each check raises :class:`scenarios.world.expand.SpecError` with the place in the file.
"""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import datetime
from functools import cache
from importlib.resources import files

from exchange.domain.calendar import HOLIDAYS_2021, VN, Calendar
from exchange.domain.organization import Bloc
from exchange.domain.routing import NATIONAL, bus, party_gateway
from scenarios.people.habits import DEFAULTS, FIELD_SHARES, STAMPING
from scenarios.world.expand import Place, SpecError
from scenarios.world.model import Agency, Assumption, HopPlan, PaperRule
from scenarios.world.schema import AssumptionItem, HopItem, Profile, WorldItem
from scenarios.world.units import figures


@cache
def _house() -> tuple[Assumption, ...]:
    table = tomllib.loads(files("scenarios.data").joinpath("house-assumptions.toml").read_text(encoding="utf-8"))
    return tuple(_assumption(AssumptionItem.model_validate(row), ("assumption", index)) for index, row in enumerate(table["assumption"]))


def assumptions(item: WorldItem) -> tuple[Assumption, ...]:
    """House assumptions with the file's own over them. Every key is known to the house or named by a profile, and every source holds."""
    named = {value for profile in item.profile.values() for value in _keys(profile)}
    usual = (*DEFAULTS, *STAMPING) if item.signature_level != "B-B" else DEFAULTS
    merged = {assumption.key: assumption for assumption in (*_house(), *usual)}
    own: set[str] = set()
    for index, assumption in enumerate(item.assumption):
        place: Place = ("assumption", index)
        if assumption.key in own:
            raise SpecError((*place, "key"), f"the assumption {assumption.key!r} is stated twice")
        if assumption.key not in merged and assumption.key not in named and assumption.key not in FIELD_SHARES:
            raise SpecError((*place, "key"), f"nothing uses an assumption {assumption.key!r}")
        if _is_share(assumption.key) and assumption.value > 1:
            raise SpecError((*place, "value"), f"{assumption.key!r} is a share, and {assumption.value:g} is more than 1")
        own.add(assumption.key)
        merged[assumption.key] = _assumption(assumption, place)
    for name, profile in item.profile.items():
        for key in sorted(_keys(profile) - merged.keys()):
            raise SpecError(("profile", name), f"the profile names the assumption {key!r}, which is stated nowhere")
        for key in sorted(_keys(profile, _PROBABILITIES)):
            if merged[key].value > 1:
                raise SpecError(("profile", name), f"{key!r} is used as a share, and {merged[key].value:g} is more than 1")
    for key in _AT_LEAST_ONE:
        if key in merged and merged[key].value < 1:
            raise SpecError(("assumption", [a.key for a in item.assumption].index(key), "value"), f"{key!r} is at least 1")
    return tuple(merged.values())


_PROBABILITIES = (
    "computer", "regular", "trained", "mailbox", "software", "connected", "directive_share", "broadcast_share", "urgent_share",
    "outside_share",
)  # fmt: skip
_SHARES = ("certificate.revoked_in_week", "certificate.former_holder", "equipped.holder", "equipped.clerk")
"""Shares and probabilities no profile names; the others end in ``_share``."""
_RATES = ("official_per_year", "internal_per_person")
_AT_LEAST_ONE = (
    "working_days_per_year", "poll_minutes", "certificate.years", "time_stamp_seconds_min", "time_stamp_seconds_max",
    "time_stamp_timeout_seconds", "time_stamp_tries",
)  # fmt: skip


def _is_share(key: str) -> bool:
    return key in _SHARES or key.endswith("_share")


def _keys(profile: Profile, fields: tuple[str, ...] = _PROBABILITIES + _RATES) -> set[str]:
    values = (getattr(profile, field) for field in fields)
    return {value for value in values if value is not None}


def _assumption(assumption: AssumptionItem, place: Place) -> Assumption:
    """Checked: a cited figure is no measured rate, and says what it is cited for."""
    stated = Assumption(assumption.key, assumption.value, assumption.label, assumption.source)
    if assumption.value < 0:
        raise SpecError((*place, "value"), "an assumption is not negative")
    if assumption.source == "assumption":
        return stated
    figure = figures().get(assumption.source)
    if figure is None:
        raise SpecError((*place, "source"), f"there is no figure {assumption.source!r}")
    if figure.kind == "exchange rate":
        raise SpecError((*place, "source"), f"{figure.id} is an exchange rate: it is measured, never put in")
    read = figure.value / 100 if figure.unit == "percent" else figure.value
    if abs(read - assumption.value) > 1e-9:
        raise SpecError((*place, "value"), f"{figure.id} says {read:g}, the file says {assumption.value:g}")
    return stated


def start_day(item: WorldItem) -> None:
    """A run starts on a working day, and certificates are counted on that day or later."""
    holidays = HOLIDAYS_2021 if item.holidays is None else frozenset(item.holidays)
    if not Calendar(holidays).is_working_day(item.start):
        raise SpecError(("start",), f"{item.start} is no working day")
    if item.certificates is not None and item.certificates.as_of < item.start:
        raise SpecError(("certificates", "as_of"), "certificates are counted on the first day of the run or later")


def targets(item: WorldItem) -> tuple[str, ...]:
    for index, target in enumerate(item.targets):
        figure = figures().get(target)
        if figure is None or figure.kind != "exchange rate":
            raise SpecError(("targets", index), f"{target!r} is no exchange rate of the reports")
    return tuple(item.targets)


def hops(item: WorldItem, agencies: tuple[Agency, ...]) -> tuple[HopPlan, ...]:
    """Hops of the file; a ``bus:*`` or ``party-gateway:*`` line serves every province with agencies that has no line of its own."""
    state_roots = {agency.id.root for agency in agencies if agency.id.root.startswith("H")}
    party_roots = {agency.id.root for agency in agencies if agency.bloc is Bloc.PARTY}
    plans: dict[str, HopPlan] = {}
    for index, hop in sorted(enumerate(item.hop), key=lambda one: one[1].id.endswith("*")):
        roots = party_roots if hop.id.startswith("party-gateway:") else state_roots
        names = [hop.id[:-1] + root for root in sorted(roots)] if hop.id.endswith(":*") else [hop.id]
        plan = _hop(hop, ("hop", index))
        for name in names:
            if name in plans and not hop.id.endswith("*"):
                raise SpecError(("hop", index, "id"), f"the hop {name!r} is stated twice")
            if name not in plans:
                plans[name] = replace(plan, id=name)
    needed = {bus(root) for root in state_roots} | {party_gateway(root) for root in party_roots}
    if NATIONAL not in plans:
        raise SpecError(("hop",), f"no hop {NATIONAL!r} is stated; every world has it, from province to province and to the ministries")
    for missing in sorted(needed - plans.keys()):
        raise SpecError(("hop",), f"no hop {missing!r} is stated, but agencies of this world send across it")
    for index, hop in enumerate(item.hop):
        if hop.id in plans and hop.id not in needed | {NATIONAL}:
            raise SpecError(("hop", index, "id"), f"no agency of this world sends across the hop {hop.id!r}")
    return tuple(plans.values())


def _hop(hop: HopItem, place: Place) -> HopPlan:
    outages = []
    for index, outage in enumerate(hop.outages):
        since, until = local(outage.since), local(outage.until)
        if until <= since:
            raise SpecError((*place, "outages", index), "an outage ends after it begins")
        outages.append((since, until))
    return HopPlan(hop.id, hop.packages_per_minute, hop.latency_seconds, tuple(sorted(outages)))


def local(moment: datetime) -> datetime:
    """An instant of a world file, Vietnamese time where it does not say."""
    return moment.replace(tzinfo=VN) if moment.tzinfo is None else moment.astimezone(VN)


def paper_rules(item: WorldItem, agencies: tuple[Agency, ...]) -> tuple[PaperRule, ...]:
    kinds = {agency.kind for agency in agencies}
    rules = []
    for index, rule in enumerate(item.paper_rule):
        for kind in rule.recipient_kinds:
            if kind not in kinds:
                raise SpecError(("paper-rule", index, "recipient_kinds"), f"no agency is of the kind {kind!r}")
        types, recipients = frozenset(rule.types), frozenset(rule.recipient_kinds)
        rules.append(PaperRule(rule.id, rule.label, rule.source, rule.scope, types, recipients, rule.copies))
    return tuple(rules)
