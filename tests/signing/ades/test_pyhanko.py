"""Time sliding and validation with time agree with pyHanko on generated worlds, or a written reason says why not.

Measured reasons stand in :data:`REASONS` and in docs/divergences.md; a difference that none explains fails, and so does a reason that no
generated case needs any more.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from asn1crypto import cms as asn1_cms
from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1_x509
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signing import RevocationReason
from signing.evidence import Evidence
from signing.validation.ades.existence import Existence
from signing.validation.ades.outcome import Fault
from signing.validation.ades.policy import Severity
from signing.validation.ades.rfc5280_judge import Rfc5280Judge
from signing.validation.ades.subject import Surroundings
from signing.validation.ades.time_sliding import slide
from signing.validation.rfc5280.objects import read_certificate
from signing.validation.verdicts import SignatureVerdict
from tests.judges import needs_pyhanko
from tests.signing.ades.lab import ALONE, DAY, World
from tests.signing.lab import AT, DIGEST

BEGIN = AT - 10 * DAY
POLICY = replace(ALONE, checks={**ALONE.checks, "embedded-certificates": Severity.IGNORE, "revocation-known": Severity.FAIL})


@dataclass(frozen=True)
class Case:
    """Days counted from ten days before the content was written; ``None`` where something never happens."""

    end: int
    revoked: int | None
    stamped: int | None
    lists: tuple[int, ...]
    at: int

    @property
    def moment(self) -> datetime:
        """The control time."""
        return day(self.at)


def day(number: int) -> datetime:
    """Nine o'clock of that day."""
    return BEGIN + number * DAY


DRAWN = st.builds(
    Case,
    end=st.sampled_from([20, 60, 400]),
    revoked=st.none() | st.integers(1, 40),
    stamped=st.none() | st.integers(0, 40),
    lists=st.lists(st.integers(-2, 24), min_size=1, max_size=4, unique=True).map(tuple),
    at=st.integers(1, 60),
)


def drawn_together(case: Case) -> Case:
    """Lists counted back from the control time, a stamp no later than it."""
    lists = tuple(max(case.at - back, 0) for back in case.lists)
    return replace(case, lists=lists, stamped=None if case.stamped is None else min(case.stamped, case.at))


@cache
def world(end: int, revoked: int | None) -> World:
    return World.make(
        f"pyhanko {end} {revoked}",
        not_after=day(end),
        revoked_at=None if revoked is None or revoked > end else day(revoked),
        reason=RevocationReason.KEY_COMPROMISE,
    )


def lists_of(case: Case, owner: World) -> tuple[bytes, ...]:
    return tuple(dict.fromkeys(item for number in case.lists for item in owner.owner.crls(day(number))))


def ours(case: Case) -> SignatureVerdict:
    owner = world(case.end, case.revoked)
    evidence = Evidence((owner.owner.root.certificate_der,), (), (), lists_of(case, owner))
    return owner.judge(file_of(case, owner), case.moment, POLICY, evidence)


def file_of(case: Case, owner: World) -> bytes:
    return owner.b() if case.stamped is None else owner.t(day(case.stamped))


def theirs(case: Case) -> str:
    from pyhanko.sign.validation.ades import ades_with_time_validation
    from pyhanko.sign.validation.policy_decl import (
        LocalKnowledge,
        RevinfoOnlineFetchingRule,
        RevocationInfoGatheringSpec,
        SignatureValidationSpec,
    )
    from pyhanko_certvalidator.context import CertValidationPolicySpec
    from pyhanko_certvalidator.ltv.types import ValidationTimingInfo
    from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy
    from pyhanko_certvalidator.registry import SimpleTrustManager

    owner = world(case.end, case.revoked)
    roots = SimpleTrustManager.build(trust_roots=[asn1_x509.Certificate.load(owner.owner.root.certificate_der)])
    spec = SignatureValidationSpec(
        cert_validation_policy=CertValidationPolicySpec(roots, CertRevTrustPolicy(REQUIRE_REVINFO), time_tolerance=timedelta(0)),
        revinfo_gathering_policy=RevocationInfoGatheringSpec(RevinfoOnlineFetchingRule.LOCAL_ONLY),
        local_knowledge=LocalKnowledge(known_crls=containers(lists_of(case, owner))),
    )
    timing = ValidationTimingInfo(case.moment, case.moment, point_in_time_validation=True)
    content = asn1_cms.ContentInfo.load(file_of(case, owner))["content"]
    result = asyncio.run(ades_with_time_validation(content, spec, timing_info=timing, raw_digest=DIGEST))
    return str(result.ades_subindic.standard_name)


def containers(crls: Sequence[bytes]) -> list[Any]:
    from pyhanko_certvalidator.revinfo.archival import CRLContainer

    return [CRLContainer(asn1_crl.CertificateList.load(one)) for one in crls]


def _expired(case: Case) -> bool:
    return case.at > case.end


REASONS: dict[str, tuple[Callable[[Case, str, str], bool], str]] = {
    "no time-stamp": (
        lambda case, mine, other: case.stamped is None and other == "SIG_CONSTRAINTS_FAILURE",
        "pyHanko demands a time-stamp of everything it validates with time; §5.5.4 goes on without one",
    ),
    "no usable list": (
        lambda case, mine, other: mine in ("TRY_LATER", "OUT_OF_BOUNDS_NO_POE") and other == "CERTIFICATE_CHAIN_GENERAL_FAILURE",
        "no list known by the control time speaks of a certificate: §5.2.6.4 says TRY_LATER (or out of bounds), certvalidator has one word",
    ),
    "a revocation is final": (
        lambda case, mine, other: not _expired(case) and mine == "REVOKED_NO_POE" and other == "TRY_LATER",
        "the list that names the certificate is stale: a revocation does not age here, for certvalidator the list must be fresh first",
    ),
    "expired": (
        lambda case, mine, other: _expired(case) and other in ("OK", "TRY_LATER") and mine != "OK",
        "pyHanko goes on from an expired certificate to its time-stamp, although it was revoked before, the time-stamp is younger than "
        "its end, or nothing tells what became of it until then; §5.5.4 (4) b and d stop there",
    ),
    "expired and revoked": (
        lambda case, mine, other: _expired(case) and mine == "REVOKED_NO_POE" and other.startswith("OUT_OF_BOUNDS"),
        "both are true; revocation is looked at first here, validity by certvalidator",
    ),
}


def explanation(case: Case, mine: str, other: str) -> str:
    """The name of the one reason for a difference; empty when there is none."""
    return next((name for name, (applies, _) in REASONS.items() if applies(case, mine, other)), "")


SEEN: Counter[str] = Counter()


@needs_pyhanko
@settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(DRAWN.map(drawn_together))
def test_validation_with_time_agrees(case: Case) -> None:
    verdict = ours(case)
    mine = str(verdict.sub_indication or "OK")
    other = theirs(case)
    reason = "agree" if mine == other else explanation(case, mine, other)
    assert reason, (case, mine, other, verdict.checks)
    SEEN[reason] += 1


FIXED = {
    "no time-stamp": Case(60, None, None, (20,), 20),
    "no usable list": Case(60, None, 5, (30,), 20),
    "a revocation is final": Case(400, 15, 14, (26,), 54),
    "expired": Case(20, None, 1, (28,), 32),
}
"""Reason → one case that needs it."""


@needs_pyhanko
@pytest.mark.parametrize("name", FIXED)
def test_each_reason_is_needed(name: str) -> None:
    case = FIXED[name]
    mine, other = str(ours(case).sub_indication or "OK"), theirs(case)
    assert mine != other
    assert explanation(case, mine, other) == name


@needs_pyhanko
def test_what_pyhanko_lets_pass_after_the_end_of_a_certificate() -> None:
    """Revoked on day 11, expired on day 20, stamped on day 26: pyHanko 0.38 says OK."""
    case = Case(20, 11, 26, (25,), 26)
    assert theirs(case) == "OK"
    assert ours(case).sub_indication == "REVOKED_NO_POE"


# --- time sliding --------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sliding:
    """Lists by the day of their issuance, each proven to exist from some day on (``None``: only now)."""

    revoked: int | None
    lists: tuple[tuple[int, int | None], ...]
    at: int


SLIDES = st.builds(
    Sliding,
    revoked=st.none() | st.integers(1, 40),
    lists=st.lists(st.tuples(st.integers(0, 50), st.none() | st.integers(0, 50)), min_size=1, max_size=4).map(tuple),
    at=st.integers(5, 60),
)


def known(slid: Sliding, owner: World) -> dict[bytes, datetime]:
    """Every list with the earliest instant it is proven to have existed."""
    found: dict[bytes, datetime] = {}
    for issued, proven in slid.lists:
        since = day(slid.at if proven is None else max(proven, issued))
        for one in owner.owner.crls(day(issued)):
            found[one] = min(found.get(one, since), since)
    return found


def our_slide(slid: Sliding) -> datetime | None:
    owner = world(400, slid.revoked)
    at = day(slid.at)
    lists = known(slid, owner)
    proofs = [_proof(one, since) for one, since in lists.items() if since <= at]
    path = (owner.signer.certificate_der, *owner.signer.issuer_chain)
    evidence = Evidence(path[-1:], (), path[1:-1], tuple(lists))
    around = Surroundings(at, POLICY, evidence, Rfc5280Judge(POLICY))
    found = slide(path, [read_certificate(one) for one in path], Existence.start(at, proofs), around)
    return None if isinstance(found, Fault) else found.control


def _proof(artefact: bytes, at: datetime) -> Any:
    from hashlib import sha256

    from signing.validation.verdicts import ProofOfExistence

    return ProofOfExistence(sha256(artefact).digest(), at, "receipt", None)


def their_slide(slid: Sliding) -> datetime | None:
    from pyhanko_certvalidator.authority import CertTrustAnchor
    from pyhanko_certvalidator.errors import ValidationError
    from pyhanko_certvalidator.ltv.poe import POEManager, POEType
    from pyhanko_certvalidator.ltv.time_slide import time_slide
    from pyhanko_certvalidator.path import ValidationPath
    from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy, FreshnessReqType
    from pyhanko_certvalidator.registry import CertificateRegistry
    from pyhanko_certvalidator.revinfo.manager import RevinfoManager

    owner = world(400, slid.revoked)
    at = day(slid.at)
    leaf, issuer, root = (asn1_x509.Certificate.load(one) for one in (owner.signer.certificate_der, *owner.signer.issuer_chain))
    poes = POEManager(current_dt_override=at)
    lists = known(slid, owner)
    loaded = containers(tuple(lists))
    for one, since in zip(loaded, lists.values(), strict=True):
        if since <= at:
            poes.register(one, POEType.PROVIDED, since)
    registry = CertificateRegistry.build(certs=[issuer, root])
    manager = RevinfoManager(registry, poes, loaded, [])
    path = ValidationPath(CertTrustAnchor(root), [issuer], leaf)
    freshness = CertRevTrustPolicy(REQUIRE_REVINFO, freshness_req_type=FreshnessReqType.MAX_DIFF_REVOCATION_VALIDATION)
    try:
        return asyncio.run(
            time_slide(path, at, revinfo_manager=manager, rev_trust_policy=freshness, algo_usage_policy=None, time_tolerance=timedelta(0))
        )
    except ValidationError:
        return None


@needs_pyhanko
@settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(SLIDES)
def test_time_sliding_agrees(slid: Sliding) -> None:
    """To the same second, but for a revocation: there the last good second is meant here, the revocation itself there."""
    mine, other = our_slide(slid), their_slide(slid)
    assert mine == other or slide_reason(slid, mine, other), (slid, mine, other)


def slide_reason(slid: Sliding, mine: datetime | None, other: datetime | None) -> str:
    """Why the two come to rest apart."""
    if mine is not None and other is not None and other.astimezone(UTC) - mine.astimezone(UTC) == timedelta(seconds=1):
        return "one second before the revocation: a proof must be strictly before it"
    return ""
