"""How large a world may be: whoever writes a few lines must not take a machine's memory before anything is said.

A file's nested groups and its profiles multiply, so each product is counted before it is made. The bounds leave room above the largest
world there is a reason to make: the whole state of 2021, every province described as closely as ``hoa-binh-2021`` (1,247 agencies with
7,464 people and 14,172 addresses, in 30 KB), some 11,000 agencies with software (63 provinces, 705 districts, 10,590 communes),
470,000 people and 900,000 addresses. A world at its bounds takes 0.6 GB and two minutes to build on one core; whether a run of it ends
in useful time is another question.
"""

from __future__ import annotations

LARGEST_FILE = 2**20
"""Bytes of a world file. The whole state's agencies, named in the lists of groups, take half of it."""
SIGNS = "=,.[{"
MOST_SIGNS = 100_000
"""Of :data:`SIGNS` in a file; ``hoa-binh-2021`` has 1,775. Each begins something kept in up to 2 KB when it is parsed or refused."""
MOST_JOINED = 10
"""Names joined by dots; what is done for a key grows with the square of their number. No key of a world has more than three."""
MOST_AGENCIES = 100_000
MOST_EXPLICIT = 20_000
"""Agencies stated one by one."""
MOST_TRIED = 500_000
"""Names of all groups, each once for every agency it might exist beneath, whether it does or not."""
MOST_PEOPLE = 1_000_000
MOST_UNITS = 200_000
"""Of all agencies, with people in them or none: a letter's notation is tried for each. The whole state has some 127,000."""
MOST_ADDRESSES = 10_000_000
"""Entries of all agencies' lists of whom they write to."""
MOST_SUPERIORS = 8
"""Agencies one above the other; identifiers have four levels (QCVN 102:2016)."""
MOST_HOPS = 500
"""Two for each province, the national one and those of the Party make some 150."""
MOST_OUTAGES = 400
"""Of one hop, and of each sort at each trust service: one a night for a year. Each is asked again for every package."""
MOST_REVOCATIONS = 1_000
"""Stated one by one; each looks through its agency's people."""
MOST_DAYS = 250
"""Working days of a run."""
MOST_INCIDENTS = 100
"""Each certifies its agency's leaders once more."""
MOST_HOLIDAYS = 1_000
MOST_PAPER_RULES = 100
"""Each is asked for every document."""
