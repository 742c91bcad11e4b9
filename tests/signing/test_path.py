"""Paths of the fixed hierarchy: what breaks them, what lists say about them, and that a timeline says the same as looking anew."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache

import pytest
from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import (
    METER,
    AlgorithmPolicy,
    AlgorithmRule,
    Authority,
    Holder,
    PathCache,
    PathStep,
    Pki,
    Purpose,
    SigningKey,
    SubIndication,
    TrustStore,
    certificate_facts,
)
from signing.evidence import CrlSpan
from signing.validation.path_rules import PATH_CHECKS, judge
from tests.judges import needs_pyhanko
from tests.signing.lab import AT, PERSON, VN, new_pki, person, pki
from tests.signing.oddities import (
    AUTHORITY_USAGE,
    END_ENTITY,
    SIGNER_USAGE,
    authority,
    certify,
    private,
    revocation_list,
    short_rsa_key,
    subordinate,
)

GENERAL = SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE
NO_CHAIN = SubIndication.NO_CERTIFICATE_CHAIN_FOUND
CONSTRAINTS = SubIndication.CHAIN_CONSTRAINTS_FAILURE


def verdict_of(trust: TrustStore, holder: Holder, at: datetime = AT) -> tuple[SubIndication | None, str]:
    """Sub-indication and the last step's detail, freshly worked out."""
    verdict = PathCache(trust).verdict(certificate_facts(holder.certificate_der), at, None)
    assert [check.name for check in verdict.checks] == [check.name for check in PATH_CHECKS[: len(verdict.checks)]]
    assert all(check.passed for check in verdict.checks[:-1])
    assert verdict.checks[-1].passed == (verdict.sub_indication is None)
    assert all(check.clause for check in verdict.checks)
    return verdict.sub_indication, verdict.checks[-1].detail


def with_authorities(*holders: Holder) -> TrustStore:
    """The shared PKI's trust store, knowing more authorities; their own lists are empty and fresh."""
    trust = pki().trust_store()
    more = {certificate_facts(holder.certificate_der).subject_der: holder for holder in holders}

    def source(issuer: bytes, at: datetime) -> bytes | None:
        return revocation_list(more[issuer]) if issuer in more else trust.crl_source(issuer, at)

    return TrustStore(trust.anchors, (*trust.authorities, *(holder.certificate_der for holder in holders)), source)


@cache
def unlimited() -> Holder:
    """An authority right below the root that may have authorities below it."""
    root = Holder("", pki().root.certificate_der, pki().root.key, (), PERSON)
    return authority(root, "CA trung gian", constraints=x509.BasicConstraints(True, None))


def _leaf(*extensions: tuple[x509.ExtensionType, bool]) -> Holder:
    return certify(subordinate(pki()), extensions)


def _below(constraints: x509.BasicConstraints | None, usage: x509.KeyUsage = AUTHORITY_USAGE) -> tuple[TrustStore, Holder]:
    middle = authority(unlimited(), "CA lạ", constraints=constraints, usage=usage)
    return with_authorities(unlimited(), middle), certify(middle)


def _too_deep() -> tuple[TrustStore, Holder]:
    middle = authority(subordinate(pki()), "CA quá sâu", constraints=x509.BasicConstraints(True, None))
    return with_authorities(middle), certify(middle)


def _longer_than_any() -> tuple[TrustStore, Holder]:
    chain = [unlimited()]
    for depth in range(4):
        chain.append(authority(chain[-1], f"CA tầng {depth}", constraints=x509.BasicConstraints(True, None)))
    return with_authorities(*chain), certify(chain[-1])


def _shared(holder: Holder) -> tuple[TrustStore, Holder]:
    return pki().trust_store(), holder


def _foreign(seed: str = "another country") -> Holder:
    return new_pki(seed).issue(PERSON)


UNKNOWN_EXTENSION = (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True)

BROKEN: dict[str, tuple[Callable[[], tuple[TrustStore, Holder]], SubIndication, str]] = {
    "foreign root with the same names": (lambda: _shared(_foreign()), NO_CHAIN, "no known authority"),
    "foreign issuer without a key identifier": (
        lambda: _shared(certify(subordinate(pki()), issuer_key=SigningKey.derive_p256("x", "thief"))),
        NO_CHAIN,
        "no known authority",
    ),
    "issued by an end entity": (lambda: _shared(certify(person())), NO_CHAIN, "no known authority"),
    "issued by an end entity said to be an authority": (
        lambda: (with_authorities(person()), certify(person())),
        GENERAL,
        "not an authority",
    ),
    "authority without basic constraints": (lambda: _below(None), GENERAL, "not an authority"),
    "authority without keyCertSign": (lambda: _below(x509.BasicConstraints(True, 0), SIGNER_USAGE), GENERAL, "may not sign"),
    "path length exceeded": (_too_deep, GENERAL, "path length"),
    "longer than any path": (_longer_than_any, NO_CHAIN, "no known authority"),
    "an authority signs": (lambda: _shared(subordinate(pki())), GENERAL, "signs no documents"),
    "the anchor signs": (
        lambda: _shared(Holder("", pki().root.certificate_der, pki().root.key, (), PERSON)),
        GENERAL,
        "an anchor",
    ),
    "unknown critical extension": (lambda: _shared(_leaf((SIGNER_USAGE, True), UNKNOWN_EXTENSION)), GENERAL, "critical extension"),
    "malformed basic constraints": (
        lambda: _shared(_leaf((x509.UnrecognizedExtension(END_ENTITY.oid, b"\x30\x03\x01\x01\x00"), True), (SIGNER_USAGE, True))),
        GENERAL,
        "malformed",
    ),
    "no key usage": (lambda: _shared(_leaf((END_ENTITY, True))), CONSTRAINTS, "key usage"),
    "key usage for encipherment only": (
        lambda: _shared(_leaf((x509.KeyUsage(False, False, True, False, False, False, False, False, False), True))),
        CONSTRAINTS,
        "key usage",
    ),
    "extended key usage for servers only": (
        lambda: _shared(_leaf((SIGNER_USAGE, True), (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False))),
        CONSTRAINTS,
        "not for documents",
    ),
    "malformed extended key usage": (
        lambda: _shared(_leaf((SIGNER_USAGE, True), (x509.UnrecognizedExtension(x509.ExtendedKeyUsage.oid, b"\x02\x01"), False))),
        CONSTRAINTS,
        "malformed",
    ),
    "key of an unknown kind": (
        lambda: _shared(certify(subordinate(pki()), key=SigningKey(ec.derive_private_key(7, ec.SECP384R1())))),
        NO_CHAIN,
        "P-256",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_path(case: str) -> None:
    """What RFC 5280 refuses is refused, whatever the moment, with the sub-indication of EN 319 102-1."""
    build, sub_indication, detail = BROKEN[case]
    found = verdict_of(*build())
    assert found[0] is sub_indication, found
    assert detail in found[1]


def test_unusual_but_lawful_paths_hold() -> None:
    """No extended key usage, document signing only, RSA below a P-256 authority, one authority more where the root allows it."""
    assert verdict_of(*_shared(_leaf((SIGNER_USAGE, True)))) == (None, "")
    document = x509.ExtendedKeyUsage([x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")])
    assert verdict_of(*_shared(_leaf((SIGNER_USAGE, True), (document, False)))) == (None, "")
    assert verdict_of(*_shared(certify(subordinate(pki()), key=short_rsa_key()))) == (None, "")
    assert verdict_of(*_below(x509.BasicConstraints(True, 0))) == (None, "")


# --- lists -----------------------------------------------------------------------------------------------------------------------------


def with_list(crl: bytes | None) -> TrustStore:
    """The shared PKI, its state authority answering with this list always."""
    trust, state = pki().trust_store(), pki().subordinates[Authority.STATE].name_der
    return TrustStore(trust.anchors, trust.authorities, lambda issuer, at: crl if issuer == state else trust.crl_source(issuer, at))


def _serial(holder: Holder) -> int:
    return certificate_facts(holder.certificate_der).serial


def _list(**changes: object) -> bytes:
    return revocation_list(subordinate(pki()), **changes)  # type: ignore[arg-type]


LISTS: dict[str, tuple[Callable[[], bytes | None], SubIndication | None, str]] = {
    "fresh and silent": (_list, None, ""),
    "of another certificate": (lambda: _list(revoked=[(4711, None)]), None, ""),
    "none": (lambda: None, SubIndication.TRY_LATER, "no revocation list"),
    "revoked": (lambda: _list(revoked=[(_serial(person()), x509.ReasonFlags.key_compromise)]), SubIndication.REVOKED_NO_POE, "1"),
    "on hold": (lambda: _list(revoked=[(_serial(person()), x509.ReasonFlags.certificate_hold)]), SubIndication.TRY_LATER, "on hold"),
    "outdated": (lambda: _list(at=AT - timedelta(days=8)), SubIndication.TRY_LATER, "not current"),
    "outdated but revoking": (
        lambda: _list(at=AT - timedelta(days=8), revoked=[(_serial(person()), None)]),
        SubIndication.REVOKED_NO_POE,
        "revoked",
    ),
    "from the future": (lambda: _list(at=AT + timedelta(hours=1)), SubIndication.TRY_LATER, "not current"),
    "older than the certificate": (
        lambda: _list(at=PERSON.not_before - timedelta(days=1), days=2000),
        SubIndication.TRY_LATER,
        "older than",
    ),
    "of another issuer": (lambda: revocation_list(person()), SubIndication.TRY_LATER, "another name"),
    "signed by another key": (lambda: _list(key=SigningKey.derive_p256("x", "y")), SubIndication.TRY_LATER, "signature does not hold"),
    "delta": (lambda: _list(extensions=[(x509.DeltaCRLIndicator(1), True)]), SubIndication.TRY_LATER, "critical extension"),
    "partitioned": (
        lambda: _list(extensions=[(x509.IssuingDistributionPoint(None, None, True, False, None, False, False), True)]),
        SubIndication.TRY_LATER,
        "critical extension",
    ),
    "indirect entry": (
        lambda: _list(revoked=[(4711, None)], entry_extension=x509.CertificateIssuer([x509.DNSName("a.test")])),
        SubIndication.TRY_LATER,
        "critical extension",
    ),
    "garbage": (lambda: b"\x30\x03\x02\x01\x01", SubIndication.TRY_LATER, "DER-encoded"),
    "bytes appended": (lambda: _list() + b"\x00", SubIndication.TRY_LATER, "DER-encoded"),
    "huge": (lambda: bytes(8 * 1024 * 1024 + 1), SubIndication.TRY_LATER, "longer than"),
}


@pytest.mark.parametrize("case", LISTS)
def test_what_a_list_says(case: str) -> None:
    """A list counts only when it is whole, current, complete, its issuer's own, and newer than the certificate; otherwise: try later."""
    build, sub_indication, detail = LISTS[case]
    found = verdict_of(with_list(build()), person())
    assert found[0] is sub_indication, found
    assert detail in found[1]


def test_issuer_that_may_not_sign_lists() -> None:
    """An authority without cRLSign cannot say who is revoked."""
    usage = x509.KeyUsage(False, False, False, False, False, True, False, False, False)
    assert verdict_of(*_below(x509.BasicConstraints(True, 0), usage)) == (
        SubIndication.TRY_LATER,
        "the list's issuer may not sign revocation lists",
    )


def test_revoked_authority() -> None:
    """When the root revokes an authority, everyone below it is undecided from the root's next list on."""
    owner = new_pki("revoking", revoked_authorities=((Authority.STATE, AT),))
    holder = owner.issue(PERSON)
    assert verdict_of(owner.trust_store(), holder)[0] is None
    found = verdict_of(owner.trust_store(), holder, AT + timedelta(days=1))
    assert found[0] is SubIndication.REVOKED_CA_NO_POE
    assert "Nhà nước" in found[1]


def test_silent_root_leaves_authorities_unknown() -> None:
    """Without the root's list the authority's own status is open."""
    trust, root = pki().trust_store(), pki().root.name_der
    silent = TrustStore(trust.anchors, trust.authorities, lambda issuer, at: None if issuer == root else trust.crl_source(issuer, at))
    assert verdict_of(silent, person())[0] is SubIndication.TRY_LATER


def test_validity_bounds_to_the_second() -> None:
    """Both ends belong to the validity. After it: not revoked while a list from before the end is current, else no proof."""
    holder = person("Hết hạn", not_after=datetime(2021, 9, 27, 8, 59, 59, tzinfo=VN))
    trust, end = pki().trust_store(), holder.spec.not_after
    moments = [PERSON.not_before - timedelta(seconds=1), PERSON.not_before, end, end + timedelta(seconds=1), end + timedelta(days=1)]
    assert [verdict_of(trust, holder, at)[0] for at in moments] == [
        SubIndication.OUT_OF_BOUNDS_NO_POE,
        None,
        None,
        SubIndication.OUT_OF_BOUNDS_NOT_REVOKED,
        SubIndication.OUT_OF_BOUNDS_NO_POE,
    ]


def test_expired_authority() -> None:
    """Beyond the authority's validity nothing below it holds."""
    holder = person("Trường thọ", not_after=datetime(2045, 1, 1, tzinfo=VN))
    found = verdict_of(pki().trust_store(), holder, datetime(2039, 1, 1, tzinfo=VN))
    assert found[0] is GENERAL
    assert "not valid at that moment" in found[1]


def test_algorithm_sunset_ends_paths() -> None:
    """From the day an algorithm ends, paths made with it are no longer accepted."""
    policy = AlgorithmPolicy({"ecdsa-p256-sha256": AlgorithmRule(256, AT)})
    path = PathCache(pki().trust_store(), policy)
    facts = certificate_facts(person().certificate_der)
    found = [path.verdict(facts, at, None).sub_indication for at in (AT - timedelta(seconds=1), AT, AT + timedelta(seconds=1))]
    assert found == [None, SubIndication.CRYPTO_CONSTRAINTS_FAILURE, SubIndication.CRYPTO_CONSTRAINTS_FAILURE]


@pytest.mark.parametrize("reason", [None, x509.ReasonFlags.key_compromise, x509.ReasonFlags.certificate_hold])
def test_a_list_may_name_a_revocation_still_to_come(reason: x509.ReasonFlags | None) -> None:
    """Authorities of others do that; whoever asks before and after is told what asking once would have said."""
    issuer, then = subordinate(pki()), AT + timedelta(hours=5)
    holder = certify(issuer)
    facts, name = certificate_facts(holder.certificate_der), certificate_facts(issuer.certificate_der).subject_der
    crl = revocation_list(issuer, revoked=[(facts.serial, reason)], revoked_at=then)
    ours = pki().trust_store()
    trust = replace(ours, crl_source=lambda asked, at: crl if asked == name else ours.crl_source(asked, at), crl_span=None)
    after = SubIndication.TRY_LATER if reason is x509.ReasonFlags.certificate_hold else SubIndication.REVOKED_NO_POE
    path = PathCache(trust)
    asked = [then + timedelta(seconds=seconds) for seconds in (-3600, -1, 0, 3600, -1)]
    assert [path.verdict(facts, at, None).sub_indication for at in asked] == [None, None, after, after, None]


def test_two_authorities_of_one_name_have_lists_of_their_own() -> None:
    """One right below the root, one below another authority: what was at hand for the one is not what the other's path asks for."""
    root = Holder("", pki().root.certificate_der, pki().root.key, (), PERSON)
    rights: list[tuple[x509.ExtensionType, bool]] = [(AUTHORITY_USAGE, True), (x509.BasicConstraints(True, None), True)]
    below_root = certify(root, rights, name="Cùng tên", key=SigningKey.derive_p256("twins", "one"))
    between = certify(root, rights, name="Ở giữa", key=SigningKey.derive_p256("twins", "between"))
    deeper = certify(between, rights, name="Cùng tên", key=SigningKey.derive_p256("twins", "other"))
    assert certificate_facts(below_root.certificate_der).subject_der == certificate_facts(deeper.certificate_der).subject_der
    trust, ends = with_authorities(below_root, between, deeper), (certify(below_root), certify(deeper))
    alone = [verdict_of(trust, end) for end in ends]
    for order in (ends, ends[::-1]):
        shared = PathCache(trust)
        said = {end.certificate_der: shared.verdict(certificate_facts(end.certificate_der), AT, None) for end in order}
        assert [(said[end.certificate_der].sub_indication, said[end.certificate_der].checks[-1].detail) for end in ends] == alone


# --- the timeline ------------------------------------------------------------------------------------------------------------------------

_HOURS = st.integers(0, 24 * 60)
_START = datetime(2021, 9, 1, tzinfo=VN)


@settings(max_examples=60)
@given(
    valid_from=_HOURS, valid_for=st.integers(1, 24 * 40), revoked=_HOURS | st.none(), authority_revoked=_HOURS | st.none(),
    crl_days=st.integers(1, 9), silent=st.tuples(_HOURS, st.integers(0, 24 * 20)), moments=st.lists(_HOURS, min_size=1, max_size=40),
)  # fmt: skip
def test_timeline_says_what_looking_anew_says(
    valid_from: int,
    valid_for: int,
    revoked: int | None,
    authority_revoked: int | None,
    crl_days: int,
    silent: tuple[int, int],
    moments: Sequence[int],
) -> None:
    """In any world, at any moments in any order, the cached verdict equals the one judged from scratch."""
    owner, holder = _world(valid_from, valid_for, revoked, authority_revoked, crl_days)
    trust = _silenced(owner, *silent)
    shared, facts = PathCache(trust), certificate_facts(holder.certificate_der)
    told = PathCache(replace(trust, crl_span=_span(*silent)))
    edges = [_START + timedelta(hours=hours, seconds=second) for hours in (valid_from, valid_from + valid_for) for second in (-1, 0, 1)]
    for at in [*(_START + timedelta(hours=hours) for hours in moments), *edges]:
        fresh = PathCache(trust)
        chain = fresh._build(facts)
        lists, _ = fresh._checked(chain.links[1:], fresh._crls_at(chain.links[1:], at))
        expected = judge(chain.links, lists, fresh.policy, int(at.timestamp()))
        assert shared.verdict(facts, at, None) == expected
        assert told.verdict(facts, at, None, int(at.timestamp())) == expected


def _span(since: int, hours: int) -> CrlSpan:
    """For how long the lists of :func:`_silenced` stay the same: a day at most, and not across the ends of the silence."""
    begin = int((_START + timedelta(hours=since)).timestamp())
    edges = (begin, begin + hours * 3600)

    def span(moment: int) -> tuple[int, float]:
        midnight = moment - (moment + 7 * 3600) % 86_400
        turns = sorted((midnight, midnight + 86_400, *edges))
        return max(turn for turn in turns if turn <= moment), min(turn for turn in turns if turn > moment)

    return span


def _world(valid_from: int, valid_for: int, revoked: int | None, authority_revoked: int | None, crl_days: int) -> tuple[Pki, Holder]:
    start = _START + timedelta(hours=valid_from)
    gone = () if authority_revoked is None else ((Authority.STATE, _START + timedelta(hours=authority_revoked)),)
    owner = new_pki("timeline", crl_validity=timedelta(days=crl_days), revoked_authorities=gone)
    revoked_at = None if revoked is None else max(start, _START + timedelta(hours=revoked))
    spec = replace(PERSON, not_before=start, not_after=start + timedelta(hours=valid_for), revoked_at=revoked_at)
    return owner, owner.issue(spec)


def _silenced(owner: Pki, since: int, hours: int) -> TrustStore:
    """The CA stops publishing for a while: the last list before is what everybody has."""
    trust = owner.trust_store()
    begin = _START + timedelta(hours=since)

    def source(issuer: bytes, at: datetime) -> bytes | None:
        return trust.crl_source(issuer, begin if begin <= at < begin + timedelta(hours=hours) else at)

    return TrustStore(trust.anchors, trust.authorities, source)


def test_work_is_done_once_and_told() -> None:
    """Raw verifications told through the callback are those the meter counted, and repeating costs none."""
    told: list[tuple[str, tuple[PathStep, ...]]] = []
    owner = new_pki("work")
    holders = [owner.issue(replace(PERSON, name=f"Người {i}")) for i in range(3)]
    path = PathCache(owner.trust_store())
    before = METER.verifies.copy()

    def ask(at: datetime) -> None:
        for holder in holders:
            assert path.verdict(certificate_facts(holder.certificate_der), at, lambda *work: told.append(work)).sub_indication is None

    ask(AT)
    assert [sum(step.verifies for step in steps) for _, steps in told] == [4, 1, 1]
    assert [subject for subject, _ in told] == [holder.subject for holder in holders]
    ask(AT + timedelta(hours=3))
    assert len(told) == 3
    ask(AT + timedelta(days=1))
    assert [sum(step.verifies for step in steps) for _, steps in told[3:]] == [2, 0, 0]
    done = METER.verifies - before
    assert {str(purpose): count for purpose, count in done.items()} == {"certificate": 4, "crl": 4}
    assert sum(done.values()) == sum(step.verifies for _, steps in told for step in steps)
    assert done[Purpose.LETTER] == 0


def steps_of(path: PathCache, certificate: bytes) -> tuple[PathStep, ...]:
    """What working out one path took."""
    told: list[PathStep] = []
    path.verdict(certificate_facts(certificate), AT, lambda _, steps: told.extend(steps))
    return tuple(told)


def test_steps_have_the_same_names_in_every_cache_and_none_where_nothing_is_kept() -> None:
    """Two caches that were asked in another order tell the same steps; documents and time-stamps, and what leads nowhere, are apart."""
    owner = new_pki("names of steps")
    one, two = (owner.issue(replace(PERSON, name=name)).certificate_der for name in ("Một", "Hai"))
    first, second = PathCache(owner.trust_store()), PathCache(owner.trust_store())
    told = {*steps_of(first, one), *steps_of(first, two)}
    assert told == {*steps_of(second, two), *steps_of(second, one)}
    assert len({step.key for step in told}) == len(told) == 5
    assert not {step.key for step in told} & {step.key for step in steps_of(first.time_stamps, one)}
    forged = one[:-1] + bytes([one[-1] ^ 1])
    for _ in range(2):
        assert [(step.key, step.verifies) for step in steps_of(first, forged)] == [(b"", 1)]


def test_cache_is_bounded() -> None:
    """However many certificates and days pass, only so many are kept, and the verdicts stay right."""
    owner = new_pki("bounded")
    path = PathCache(owner.trust_store(), max_certificates=4, snapshots=2)
    holders = [owner.issue(replace(PERSON, name=f"Người {i}")) for i in range(10)]
    for day in range(4):
        for holder in holders:
            facts = certificate_facts(holder.certificate_der)
            assert path.verdict(facts, AT + timedelta(days=day), None).sub_indication is None
    assert len(path._paths) == 4
    assert all(len(kept.timelines) <= 2 for kept in path._paths.values())
    assert path.verdict(certificate_facts(_foreign().certificate_der), AT, None).sub_indication is NO_CHAIN
    assert certificate_facts(_foreign().certificate_der).sha256 not in path._paths


@needs_pyhanko
def test_certvalidator_agrees_at_many_moments() -> None:
    """The reference validator, which knows all of RFC 5280, says good and not good at the same moments."""
    from pyhanko_certvalidator import CertificateValidator, ValidationContext
    from pyhanko_certvalidator.errors import PathError, ValidationError

    owner, holder = _world(100, 700, 500, None, 3)
    other = owner.issue(replace(PERSON, name="Còn hạn"))
    trust = owner.trust_store()
    answers = set()
    for hours in range(90, 900, 45):
        at = _START + timedelta(hours=hours, minutes=30)
        for who in (holder, other):
            context = ValidationContext(
                trust_roots=[asn1_x509.Certificate.load(owner.root.certificate_der)],
                moment=at,
                crls=[asn1_crl.CertificateList.load(crl) for crl in owner.crls(at)],
                revocation_mode="require",
                allow_fetching=False,
            )
            intermediates = [asn1_x509.Certificate.load(who.issuer_chain[0])]
            leaf = asn1_x509.Certificate.load(who.certificate_der)
            try:
                path = CertificateValidator(leaf, intermediates, validation_context=context)
                asyncio.run(path.async_validate_usage({"digital_signature"}))  # type: ignore[no-untyped-call]
                theirs = True
            except (PathError, ValidationError):
                theirs = False
            ours = verdict_of(trust, who, at)[0]
            assert (ours is None) == theirs, (at, who.subject, ours)
            answers.add((ours, theirs))
    assert len(answers) == 3


def test_private_key_of_the_lab_is_p256() -> None:
    """The oddities are signed by the authority's true key, so that only the oddity can be the reason."""
    assert private(subordinate(pki()).key).curve.name == "secp256r1"
