"""The bulk path and the long way say the same of our own hierarchy at every moment, and the long way does not hold the audit up."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signing import (
    DEFAULT,
    METER,
    Authority,
    ChainEngine,
    ChainPolicy,
    Evidence,
    Holder,
    PathCache,
    Pki,
    Purpose,
    SubIndication,
    Usage,
    certificate_facts,
)
from tests.signing.lab import AT, PERSON, VN, new_pki

S = SubIndication


def evidence_at(owner: Pki, at: datetime) -> Evidence:
    """What the bulk path would be given at a moment, as a closed set."""
    store = owner.trust_store()
    lists = (store.crl_source(certificate_facts(der).subject_der, at) for der in (*store.anchors, *store.authorities))
    return Evidence(store.anchors, certificates=store.authorities, crls=tuple(one for one in lists if one is not None))


def both(owner: Pki, holder: Holder, at: datetime) -> tuple[S | None, S | None]:
    bulk = PathCache(owner.trust_store(), DEFAULT).verdict(certificate_facts(holder.certificate_der), at, None).sub_indication
    long = ChainEngine(evidence_at(owner, at), ChainPolicy(algorithms=DEFAULT)).validate(holder.certificate_der, at, usage=Usage.SIGNING)
    return bulk, long.sub_indication


REVOKED = datetime(2021, 9, 1, 10, 0, tzinfo=VN)


def world(kind: str) -> tuple[Pki, Holder]:
    owner = new_pki("bulk", revoked_authorities=((Authority.STATE, REVOKED),) if kind == "authority revoked" else ())
    changes = {"revoked": {"revoked_at": REVOKED}, "short": {"not_after": datetime(2021, 9, 20, tzinfo=VN)}}.get(kind, {})
    return owner, owner.issue(replace(PERSON, **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["good", "revoked", "short", "authority revoked"])
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(-3 * 365 * 24, 4 * 365 * 24))
def test_the_two_ways_agree(kind: str, hours: int) -> None:
    """But for one end of the validity: before it the long way can say NOT_YET_VALID, for what exists then was made before."""
    owner, holder = world(kind)
    at = AT + timedelta(hours=hours)
    bulk, long = both(owner, holder, at)
    if at < PERSON.not_before and bulk is S.OUT_OF_BOUNDS_NO_POE:
        assert long is S.NOT_YET_VALID
    else:
        assert long is bulk


def test_a_known_hierarchy_costs_one_verification_for_each_new_certificate() -> None:
    owner = new_pki("bulk")
    engine = ChainEngine(evidence_at(owner, AT))
    people = [owner.issue(replace(PERSON, name=f"Người {number}")) for number in range(20)]
    engine.validate(people[0].certificate_der, AT)
    before = METER.verifies[Purpose.CERTIFICATE], METER.verifies[Purpose.CRL]
    for number, holder in enumerate(people[1:]):
        assert engine.validate(holder.certificate_der, AT + timedelta(seconds=number), extra=(holder.certificate_der,)).passed
        assert engine.validate(holder.certificate_der, AT).passed
    assert METER.verifies[Purpose.CERTIFICATE] == before[0] + 19
    assert METER.verifies[Purpose.CRL] == before[1]
