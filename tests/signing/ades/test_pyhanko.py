"""Time sliding and validation with time agree with pyHanko on generated worlds, or a written reason says why not.

Measured reasons stand in :data:`REASONS` and in docs/divergences.md; a difference that none explains fails, and so does a reason that no
generated case needs any more.
"""

from __future__ import annotations

import asyncio
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

from signing import Authority, RevocationReason
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
from tests.signing.ades.lab import ALONE, DAY, World, unit
from tests.signing.lab import AT, DIGEST

BEGIN = AT - 10 * DAY
POLICY = replace(ALONE, checks={**ALONE.checks, "embedded-certificates": Severity.IGNORE, "revocation-known": Severity.FAIL})


@dataclass(frozen=True)
class Case:
    """Days counted from ten days before the content was written; ``None`` where something never happens.

    ``end``, ``root_end`` and ``unit_end``: of the signer's certificate, of root and authority, and of the time-stamping unit's.
    """

    end: int
    revoked: int | None
    stamped: int | None
    lists: tuple[int, ...]
    at: int
    authority_revoked: int | None = None
    root_end: int | None = None
    unit_end: int | None = None

    @property
    def moment(self) -> datetime:
        """The control time."""
        return day(self.at)

    @property
    def known(self) -> list[int]:
        """Lists that there are by the control time."""
        return [one for one in self.lists if one <= self.at]

    def tells(self, revoked: int | None) -> bool:
        """Whether a list, even a later one, names what was revoked that day, at nine: lists are of midnight."""
        return revoked is not None and revoked < max(self.lists)

    @property
    def stale(self) -> bool:
        """Whether the newest list is no longer good: seven days from midnight on."""
        return self.at - max(self.known, default=-99) >= 7

    @property
    def seen_to_its_end(self) -> bool:
        """Whether a list covers the end of the signer's certificate."""
        return any(self.end - 7 < one <= self.end for one in self.known)


def day(number: int) -> datetime:
    """Nine o'clock of that day."""
    return BEGIN + number * DAY


def drawn_together(case: Case) -> Case:
    """Lists counted back from the control time, a stamp no later than it, a signer's certificate no longer than its authority's."""
    lists = tuple(max(case.at - back, 0) for back in case.lists)
    end = case.end if case.root_end is None else min(case.end, case.root_end)
    return replace(case, lists=lists, stamped=None if case.stamped is None else min(case.stamped, case.at), end=end)


DRAWN = st.builds(
    Case,
    end=st.sampled_from([20, 60, 400]),
    revoked=st.none() | st.integers(1, 40),
    stamped=st.integers(0, 40),
    lists=st.lists(st.integers(-2, 24), min_size=1, max_size=4, unique=True).map(tuple),
    at=st.integers(1, 60),
    authority_revoked=st.none() | st.none() | st.integers(1, 50),
    root_end=st.none() | st.none() | st.sampled_from([25, 45]),
    unit_end=st.none() | st.none() | st.sampled_from([15, 50]),
).map(drawn_together)


@st.composite
def past(draw: st.DrawFn) -> Case:
    """An expired certificate, stamped while it was good, with a list about its end and one of now; revoked, if at all, after the stamp."""
    end = draw(st.sampled_from([20, 60]))
    at, stamped = draw(st.integers(end + 1, end + 40)), draw(st.integers(0, end - 1))
    lists = (end - draw(st.integers(0, 6)), at - draw(st.integers(0, 6)))
    later = st.none() | st.integers(at + 1, at + 30)
    return Case(end, draw(st.none() | st.integers(stamped + 1, end)), stamped, lists, at, None, draw(later), draw(later))


@cache
def world(end: int, revoked: int | None, authority_revoked: int | None, root_end: int | None, unit_end: int | None) -> World:
    spec: dict[str, Any] = {} if root_end is None else {"not_after": day(root_end)}
    if authority_revoked is not None:
        spec["revoked_authorities"] = ((Authority.STATE, day(authority_revoked)),)
    made = World.make(
        f"pyhanko {end} {revoked} {authority_revoked} {root_end} {unit_end}",
        spec=spec,
        not_after=day(end),
        revoked_at=None if revoked is None or revoked > end else day(revoked),
        reason=RevocationReason.KEY_COMPROMISE,
    )
    ends = [one for one in (root_end, unit_end) if one is not None]
    return replace(made, stamping=unit(made.owner, end=day(min(ends)))) if ends else made


def world_of(case: Case) -> World:
    return world(case.end, case.revoked, case.authority_revoked, case.root_end, case.unit_end)


def lists_of(case: Case, owner: World) -> tuple[bytes, ...]:
    return tuple(dict.fromkeys(item for number in case.lists for item in owner.owner.crls(day(number))))


def ours(case: Case) -> SignatureVerdict:
    owner = world_of(case)
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

    owner = world_of(case)
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


Names = frozenset[str]
_REVOKED: Names = frozenset({"REVOKED_NO_POE", "REVOKED_CA_NO_POE"})
_OUT: Names = frozenset({"OUT_OF_BOUNDS_NO_POE", "OUT_OF_BOUNDS_NOT_REVOKED"})
_GOES_ON: Names = frozenset({"OK", "TRY_LATER"})


def _told(case: Case, mine: str) -> bool:
    """Whether the revocation our verdict speaks of is one that a list tells."""
    return mine in _REVOKED and case.tells(case.revoked if mine == "REVOKED_NO_POE" else case.authority_revoked)


def _without_stamp(case: Case) -> str:
    return said(ours(replace(case, stamped=None)))


REASONS: dict[str, tuple[Callable[[Case, str, str], bool], str]] = {
    "no usable list": (
        lambda case, mine, other: (
            not case.known and mine in ("TRY_LATER", "OUT_OF_BOUNDS_NO_POE") and other == "CERTIFICATE_CHAIN_GENERAL_FAILURE"
        ),
        "no list known by the control time speaks of a certificate: §5.2.6.4 says TRY_LATER (or out of bounds), certvalidator has one word",
    ),
    "an authority ended": (
        lambda case, mine, other: (
            case.root_end is not None
            and case.at > case.root_end
            and (mine in _OUT or _told(case, mine))
            and other == "CERTIFICATE_CHAIN_GENERAL_FAILURE"
        ),
        "signer and authority ended together: §5.2.6.4 (1) speaks of the signer, certvalidator meets the authority first and has one word",
    ),
    "a revocation is final": (
        lambda case, mine, other: case.at <= case.end and case.stale and _told(case, mine) and other == "TRY_LATER",
        "the list that names the certificate is stale: a revocation does not age here, for certvalidator the list must be fresh first",
    ),
    "expired and revoked": (
        lambda case, mine, other: case.at > case.end and _told(case, mine) and other in _GOES_ON,
        "pyHanko goes on from an expired certificate to its time-stamp, although a list tells that it was revoked before (§5.5.4 (4) b)",
    ),
    "expired before the time-stamp": (
        lambda case, mine, other: case.stamped is not None and case.at >= case.stamped > case.end and mine in _OUT and other in _GOES_ON,
        "pyHanko goes on from an expired certificate to its time-stamp, although that is younger than its end; §5.5.4 (4) d stops",
    ),
    "expired unseen": (
        lambda case, mine, other: case.at > case.end and not case.seen_to_its_end and mine == "OUT_OF_BOUNDS_NO_POE" and other in _GOES_ON,
        "pyHanko goes on from an expired certificate to its time-stamp, although no list tells what became of it until its end; §5.5.4 (4) "
        "stops, as §5.2.6.4 (1) said that nothing is known",
    ),
    "the time-stamp does not hold": (
        lambda case, mine, other: (
            (other == "OUT_OF_BOUNDS_NO_POE" or (other == "TRY_LATER" and case.stale)) and mine == _without_stamp(case)
        ),
        "its unit's certificate ended, or nothing fresh is known of it: §5.5.4 (3) drops such a time-stamp and goes on without, "
        "pyHanko ends with the time-stamp's fault",
    ),
}


def explanation(case: Case, mine: str, other: str) -> str:
    """The name of the one reason for a difference; empty when there is none."""
    return next((name for name, (applies, _) in REASONS.items() if applies(case, mine, other)), "")


def said(verdict: SignatureVerdict) -> str:
    """In pyHanko's words."""
    return str(verdict.sub_indication or "OK")


@needs_pyhanko
@settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(DRAWN)
def test_validation_with_time_agrees(case: Case) -> None:
    verdict = ours(case)
    mine, other = said(verdict), theirs(case)
    reason = "agree" if mine == other else explanation(case, mine, other)
    assert reason, (case, mine, other, verdict.checks)


@needs_pyhanko
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(past())
def test_what_held_when_it_was_stamped_holds_for_both(case: Case) -> None:
    """The certificate ended since, revoked before that or not: proof of existence, sliding and revocation lead both to a pass."""
    assert (said(ours(case)), theirs(case)) == ("OK", "OK"), ours(case).checks


@needs_pyhanko
def test_without_a_time_stamp_pyhanko_validates_nothing_with_time() -> None:
    """It demands one; §5.5.4 goes on without."""
    case = Case(60, None, None, (20,), 20)
    assert (said(ours(case)), theirs(case)) == ("OK", "SIG_CONSTRAINTS_FAILURE")


FIXED = {
    "no usable list": Case(60, None, 5, (30,), 20),
    "an authority ended": Case(20, None, 2, (15, 16), 30, None, 25),
    "a revocation is final": Case(400, 15, 16, (26,), 54),
    "expired and revoked": Case(20, 13, 14, (18, 42), 43),
    "expired before the time-stamp": Case(20, None, 25, (17, 29), 29),
    "expired unseen": Case(20, None, 1, (28,), 32),
    "the time-stamp does not hold": Case(60, None, 10, (4, 43), 46, None, None, 30),
}
"""Reason → one case that needs it."""


@needs_pyhanko
@pytest.mark.parametrize("name", FIXED)
def test_each_reason_is_needed(name: str) -> None:
    case = FIXED[name]
    mine, other = said(ours(case)), theirs(case)
    assert mine != other
    assert explanation(case, mine, other) == name


def test_every_reason_has_its_case() -> None:
    assert set(FIXED) == set(REASONS)


@pytest.mark.parametrize("case", [Case(20, None, 5, (19, 29), 30), Case(20, 18, 5, (19, 29), 30), Case(60, None, 5, (15, 20), 20)])
@pytest.mark.parametrize("mine", ["OUT_OF_BOUNDS_NO_POE", "OUT_OF_BOUNDS_NOT_REVOKED", "TRY_LATER", "FORMAT_FAILURE", "REVOKED_CA_NO_POE"])
def test_no_reason_excuses_refusing_what_holds(case: Case, mine: str) -> None:
    """An engine that refused every expired signature would be seen."""
    assert explanation(case, mine, "OK") == ""


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
    owner = world(400, slid.revoked, None, None, None)
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

    owner = world(400, slid.revoked, None, None, None)
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
