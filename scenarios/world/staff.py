"""People of one agency: names, posts, and what each has and can.

Every draw comes from a stream named after the agency, and each person takes the same number of draws whatever comes out, so that a changed
share changes whom it must and nobody else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from scenarios.streams import stream
from scenarios.world.expand import Blueprint
from scenarios.world.model import Person
from scenarios.world.names import draw_name

CLERK_POSITION = "VĂN THƯ"
OFFICER_POSITION = "CHUYÊN VIÊN"


@dataclass(frozen=True, slots=True)
class Post:
    """One post before somebody holds it."""

    role: str
    position: str
    unit: str


def posts(blueprint: Blueprint) -> Iterator[Post]:
    """Leader, deputies, heads of units, officers, clerk: the order in which serial numbers are given."""
    profile, said = blueprint.profile, blueprint.said
    units = said.units or profile.units
    yield Post("leader", said.leader or profile.leader, units[0])
    for _ in range(profile.deputies):
        yield Post("deputy", said.deputy or profile.deputy, units[0])
    if profile.unit_heads:
        for unit in units:
            yield Post("unit-head", profile.unit_head, unit)
    for unit in units:
        for _ in range(profile.officers_per_unit):
            yield Post("officer", OFFICER_POSITION, unit)
    yield Post("clerk", CLERK_POSITION, units[0])


def staff(blueprint: Blueprint, seed: str, shares: Mapping[str, float]) -> tuple[Person, ...]:
    """The agency's people without certificates. ``shares``: values of assumptions by key."""
    profile = blueprint.profile
    capability = stream(seed, str(blueprint.id), "staff")
    naming = stream(seed, str(blueprint.id), "names")
    equipped_clerk = shares["equipped.clerk"] > 0
    people = []
    for serial, post in enumerate(posts(blueprint), 1):
        draws = [capability.random() for _ in range(4)]
        equipped = post.role == "clerk" and equipped_clerk
        people.append(
            Person(
                id=f"{blueprint.id}/{serial:02d}",
                name=draw_name(naming),
                role=post.role,
                position=post.position,
                unit=post.unit,
                has_computer=equipped or draws[0] < shares[profile.computer],
                regular=equipped or draws[1] < shares[profile.regular],
                trained=equipped or draws[2] < shares[profile.trained],
                mailbox=draws[3] < shares[profile.mailbox],
                certificate=None,
            )
        )
    return tuple(people)
