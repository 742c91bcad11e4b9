"""What a world's agencies write on every letter, tried before anybody writes one, so that a run does not end at its first letter.

A letter's fonts, columns and lines decide, and what a header of QCVN 102:2016 holds. Each text is tried once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from exchange.domain.document import document_type, notation
from exchange.domain.organization import Bloc
from scenarios.world.expand import Blueprint, Place, SpecError
from scenarios.world.schema import AgencyItem

LONGEST_NOTATION = 30
"""Characters of a notation in a header (QCVN 102:2016, CodeNotation)."""
_SMALL_WORDS = frozenset({"và", "các", "phòng", "ban", "sở"})
_WIDEST_TYPE = "GNP"


def notation_of(bloc: Bloc, abbreviation: str, type_code: str, unit: str) -> str:
    """``QĐ-SNV`` or ``SNV-VP`` for state bodies, ``QĐ/TU`` or ``CV/TU`` for Party bodies."""
    if bloc is Bloc.PARTY:
        return f"{type_code}/{abbreviation}"
    return notation(document_type(type_code), abbreviation, initials(unit))


def initials(unit: str) -> str:
    """``Phòng Hành chính - Tổng hợp`` → ``HCTH``, ``Văn phòng`` → ``VP``."""
    office = unit.casefold().startswith("văn phòng")
    words = [word for word in unit.split()[2 * office :] if word.casefold() not in _SMALL_WORDS and word[0].isalpha()]
    return "VP" * office + "".join(word[0] for word in words).upper()


def kept_at(unit: str) -> str:
    """The last line of "Nơi nhận": where the file copy lies."""
    return f"Lưu: VT, {unit}"


def check_letters(blueprints: Sequence[Blueprint]) -> None:
    """Raise :class:`SpecError` for a text of an exchanging agency that its letters cannot show."""
    tried = set[tuple[str, str, str]]()
    for blueprint in blueprints:
        said = blueprint.said.exchanges
        if blueprint.profile.exchanges if said is None else said:
            for key, part, value in _texts(blueprint):
                if (blueprint.profile.bloc.value, part, value) not in tried:
                    tried.add((blueprint.profile.bloc.value, part, value))
                    _try(blueprint, key, part, value)


def _texts(blueprint: Blueprint) -> Iterator[tuple[str, str, str]]:
    """Each text with the key it stands under and the part of a letter it becomes."""
    profile, said = blueprint.profile, blueprint.said
    yield "name", "name", blueprint.name
    yield "place", "place", blueprint.place
    yield "leader", "position", said.leader or profile.leader
    if profile.deputies:
        yield "deputy", "position", said.deputy or profile.deputy
    if profile.unit_heads:
        yield "unit_head", "position", profile.unit_head
    yield "abbreviation", "notation", notation_of(profile.bloc, blueprint.abbreviation, _WIDEST_TYPE, "")
    for unit in said.units or profile.units:
        yield "units", "to_places", kept_at(unit)
        yield "units", "notation", notation_of(profile.bloc, blueprint.abbreviation, "CV", unit)


def _try(blueprint: Blueprint, key: str, part: str, value: str) -> None:
    from signing import LetterRefused, check_frame  # noqa: PLC0415 - a second of imports that naming the scenarios does not need

    if part == "notation" and len(value) > LONGEST_NOTATION:
        raise SpecError(_where(blueprint, key), f"the notation {value!r} has {len(value)} characters; a header holds {LONGEST_NOTATION}")
    drawn: dict[str, Any] = {part: (value,) if part == "to_places" else value}
    try:
        check_frame(bloc=blueprint.profile.bloc.value, **drawn)
    except LetterRefused as refusal:
        raise SpecError(_where(blueprint, key), f"no letter can show {value!r}: {refusal.rule}") from None


def _where(blueprint: Blueprint, key: str) -> Place:
    """The agency's own line where it says the text itself, else its profile's, else the line it is made from."""
    if isinstance(blueprint.said, AgencyItem):
        if getattr(blueprint.said, key, None) is not None:
            return (*blueprint.origin, key)
    elif key in ("name", "abbreviation"):
        return (*blueprint.origin, key)
    elif getattr(blueprint.said, key, None) is not None:
        return (*blueprint.origin, "members")
    return ("profile", blueprint.profile_name, key) if hasattr(blueprint.profile, key) else blueprint.origin
