"""Each sub-indication of EN 319 102-1 has its vector in the catalogue of faults; here its verdict is looked at as a report prints it."""

from __future__ import annotations

import pytest

from signing import FAULT_SEED, Indication, SubIndication, fault_named, rule_on, vectors_of
from signing.validation.ades.reach import REACHED
from tests.signing.ades.lab import DAY, World
from tests.signing.lab import AT

S = SubIndication
TOTAL_FAILED = {S.FORMAT_FAILURE, S.HASH_FAILURE, S.SIG_CRYPTO_FAILURE, S.REVOKED, S.EXPIRED, S.NOT_YET_VALID}
OF_SIGNATURES = [one for one in REACHED if one is not S.NO_POE]


@pytest.mark.parametrize("sub_indication", OF_SIGNATURES)
def test_the_first_failed_check_is_the_reason_and_names_its_clause(sub_indication: SubIndication) -> None:
    name = [one for one in vectors_of(sub_indication) if not fault_named(one).expected.refused][-1]
    ruling = rule_on(fault_named(name).build(FAULT_SEED))
    verdict = next(one for one in ruling.document.signatures if one.sub_indication is not None)
    assert verdict.sub_indication is sub_indication, verdict.checks
    assert verdict.indication is (Indication.TOTAL_FAILED if sub_indication in TOTAL_FAILED else Indication.INDETERMINATE)
    reason = next(check for check in verdict.checks if not check.passed)
    assert reason.detail
    assert reason.clause


def test_a_token_from_the_future_has_no_proof() -> None:
    world = World.make()
    verdict = world.judge(world.t(AT + DAY), AT)
    assert verdict.passed
    assert verdict.best_signature_time == AT
    assert [token.sub_indication for token in verdict.tokens] == [S.NO_POE]
