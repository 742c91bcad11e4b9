"""How large a world may be: whoever writes a few lines must not take a machine's memory before anything is said.

A file's nested groups and its profiles multiply, so each product is counted before it is made. The bounds leave room above the largest
world there is a reason to make: the whole state of 2021, every province described as closely as ``hoa-binh-2021`` (1,247 agencies with
7,464 people and 14,172 addresses, in 30 KB), some 11,000 agencies with software (63 provinces, 705 districts, 10,590 communes),
470,000 people and 900,000 addresses. A world at its bounds takes 0.6 GB and two minutes to build on one core; whether a run of it ends
in useful time is another question.
"""

from __future__ import annotations

from scenarios.world.schema import Profile, Said

LARGEST_FILE = 2**20
"""Bytes of a world file. The whole state's agencies, named in the lists of groups, take half of it."""
SIGNS = "=,.[{"
MOST_SIGNS = 100_000
"""Of :data:`SIGNS` in a file; ``hoa-binh-2021`` has 1,775. Each begins something kept in up to 2 KB when it is parsed or refused."""
MOST_JOINED = 10
"""Names joined by dots; what is done for a key grows with the square of their number. No key of a world has more than three."""
MOST_AGENCIES = 100_000
MOST_PEOPLE = 1_000_000
MOST_ADDRESSES = 10_000_000
"""Entries of all agencies' lists of whom they write to."""
MOST_SUPERIORS = 8
"""Agencies one above the other; identifiers have four levels (QCVN 102:2016)."""


def people_of(profile: Profile, said: Said) -> int:
    """How many people an agency has: a leader, a clerk, deputies, heads and officers of its units (:func:`scenarios.world.staff.posts`)."""
    return 2 + profile.deputies + len(said.units or profile.units) * (profile.officers_per_unit + profile.unit_heads)
