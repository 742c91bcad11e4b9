"""When an archive renews a copy it has made to last: before the proof of its newest time-stamp ends (EN 319 142-1 §5.5, EN 319 102-1 §5.6).

A time-stamp proves while its unit's certificate is in force and its algorithm is accepted. What is done some time before, with the lists of
that night and one more time-stamp over all, carries the proof on for as long as the unit then in use lasts; so it goes on for decades.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache

from scenarios.kernel import DAY, Kernel
from signing import certificate_facts, load_policy, parse_token, read_stamped

AGAIN = 30 * DAY
"""After so long an archive asks again whose last time-stamp would have gained nothing: a unit that lasts longer may have come."""


@dataclass(frozen=True, slots=True)
class Renewal:
    """A copy made to last: when its newest time-stamp was made, when the archive plans the next, and when the proof would end."""

    stamped_at: int
    due_at: int
    ends_at: int


def planned(kernel: Kernel, letter: bytes, before: Renewal | None) -> Renewal | None:
    """The plan for a copy as it is now; ``None`` where its newest time-stamp gains nothing.

    That is the case when it does not reach further than the one ``before`` it: the services have none to offer yet that does.
    """
    token = parse_token(read_stamped(letter)[1][-1].token)
    signer = token.message.signer
    ends = [facts.not_after for facts in map(certificate_facts, signer.certificates) if facts.sha256 == signer.ess_certificate_sha256]
    until = _algorithm_ends().get(signer.signature_algorithm)
    if until is not None:
        ends.append(int(until.timestamp()))
    if not ends:
        return None
    ends_at = kernel.instant_of(datetime.fromtimestamp(min(ends), kernel.start.tzinfo))
    if before is not None and ends_at <= before.ends_at:
        return None
    lead = int(kernel.habits["archive_renewal_days"] * DAY)
    return Renewal(kernel.instant_of(token.info.generated_at), ends_at - lead, ends_at)


@cache
def _algorithm_ends() -> dict[str, datetime | None]:
    """When the field stops accepting each algorithm; ``None`` where no end is set."""
    return {name: rule.until for name, rule in load_policy().algorithms.rules.items()}
