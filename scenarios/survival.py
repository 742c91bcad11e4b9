"""Which of the letters kept would still be found valid at a later moment: each archived copy validated the long way, none guessed.

An auditor comes with the Government's roots, its authorities' certificates and the revocation lists of that moment, and with nothing else;
what a copy carries is all there is besides. The verdicts are those of :func:`signing.validate_document` under the policy of the field.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from scenarios.office.registers import ARCHIVED, Registers
from scenarios.world.pki import WorldPki
from signing import (
    DocumentVerdict,
    Evidence,
    Indication,
    PackedLetter,
    SignatureVerdict,
    ValidationPolicy,
    letter_claims,
    load_policy,
    unpack_letter,
    validate_document,
)


@dataclass(frozen=True, slots=True)
class Standing:
    """Copies of one level with one verdict at one moment: how many, one of them, and what single artefact would have saved that one."""

    at: datetime
    level: str
    indication: str
    sub_indication: str
    count: int
    agency: str
    document: str
    missing: str


def survival(issued: WorldPki, registers: Registers, moments: tuple[datetime, ...]) -> tuple[Standing, ...]:
    """Every archived copy judged at each moment, by moment, level and verdict. Some 20 ms a copy and moment."""
    policy = _policy(issued)
    found: dict[tuple[datetime, str, str, str], Standing] = {}
    for at in moments:
        evidence = issued.pki.evidence(at)
        for row in registers.rows(ARCHIVED):
            worst = decisive(judged(row, evidence, at, policy))
            key = (at, row["level"], worst.indication.value, str(worst.sub_indication or ""))
            known = found.get(key)
            if known is None:
                found[key] = Standing(*key, 1, row["agency"], row["document"], worst.missing)
            else:
                found[key] = replace(known, count=known.count + 1)
    return tuple(found[key] for key in sorted(found))


def judged(row: Mapping[str, Any], evidence: Evidence, at: datetime, policy: ValidationPolicy) -> DocumentVerdict:
    """The verdict on the copy in one row of ``archived_letters``."""
    read = letter_claims(unpack_letter(PackedLetter(row["template"], row["tail"])))
    return validate_document((read.leader, read.seal), evidence, at, policy)


def decisive(verdict: DocumentVerdict) -> SignatureVerdict:
    """The signature that decides: the first that did not pass, else the last, which covers the whole letter."""
    return next(_not_passed(verdict), verdict.signatures[-1])


def _not_passed(verdict: DocumentVerdict) -> Iterator[SignatureVerdict]:
    return (one for one in verdict.signatures if one.indication is not Indication.TOTAL_PASSED)


def _policy(issued: WorldPki) -> ValidationPolicy:
    """The policy of the field with the algorithms the world accepts."""
    policy = load_policy()
    return replace(policy, algorithms=replace(policy.algorithms, rules={**policy.algorithms.rules, **issued.sha1_rule}))
