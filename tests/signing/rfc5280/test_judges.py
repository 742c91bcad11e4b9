"""Two engines from outside on the same generated chains: certvalidator and ``openssl verify`` agree, or the difference has a reason."""

from __future__ import annotations

import asyncio
import subprocess
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import crl as asn1_crl
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import pem
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signing import ChainPolicy, SubIndication
from tests.judges import needs_openssl, needs_pyhanko
from tests.signing.rfc5280.workshop import DAY, NOW, Entry, Node, answer, certify, judged, revoke_list

HOLD = x509.ReasonFlags.certificate_hold
RESPONDER = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("http://ocsp.test"))
"""certvalidator looks at answers only for certificates that name a responder."""
GOLD, SILVER = "1.3.6.1.4.1.99999.1", "1.3.6.1.4.1.99999.2"


@dataclass(frozen=True)
class Plan:
    """A root, an authority, perhaps one under it, a signer; and what was done to them. Times are days around the moment."""

    deep: bool
    authority_until: int
    validity: tuple[int, int]
    path_length: int | None
    listed: str
    reason: x509.ReasonFlags | None
    revoked_at: int
    list_since: int
    list_until: int
    gone: str
    permitted: str | None
    host: str
    source: str
    policies: tuple[frozenset[str], frozenset[str]]
    explicit: bool


PLANS = st.builds(
    Plan,
    deep=st.booleans(),
    authority_until=st.sampled_from([800, 800, -1]),
    validity=st.sampled_from([(-300, 700), (-300, 700), (-300, 700), (1, 700), (-300, -1)]),
    path_length=st.sampled_from([None, None, 0]),
    listed=st.sampled_from(["nobody", "nobody", "signer", "authority", "stranger"]),
    reason=st.sampled_from([None, x509.ReasonFlags.key_compromise, x509.ReasonFlags.superseded, HOLD]),
    revoked_at=st.sampled_from([-20, -3]),
    list_since=st.just(-2),
    list_until=st.sampled_from([5, 5, -1]),
    gone=st.sampled_from(["", "", "", "root list", "authority list"]),
    permitted=st.sampled_from([None, "a.test"]),
    host=st.sampled_from(["a.test", "x.a.test", "b.test"]),
    source=st.sampled_from(["list", "list", "ocsp"]),
    policies=st.tuples(*[st.sampled_from([frozenset(), frozenset({GOLD}), frozenset({GOLD, SILVER})])] * 2),
    explicit=st.booleans(),
)


@dataclass(frozen=True)
class Built:
    """The artefacts of a plan."""

    root: Node
    authorities: tuple[Node, ...]
    signer: Node
    crls: tuple[bytes, ...]
    ocsps: tuple[bytes, ...]


def carried(policies: frozenset[str]) -> list[tuple[x509.ExtensionType, bool]]:
    if not policies:
        return []
    return [(x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier(one), None) for one in sorted(policies)]), False)]


def build(plan: Plan) -> Built:
    """What a plan describes."""
    root = certify("Root", ca=True)
    names = [] if plan.permitted is None else [(x509.NameConstraints([x509.DNSName(plan.permitted)], None), True)]
    extensions = (*carried(plan.policies[0]), *names)
    until = NOW + plan.authority_until * DAY
    authority = certify("Authority", root, ca=True, path_length=plan.path_length, until=until, extensions=extensions)
    authorities = [authority]
    if plan.deep:
        authorities.append(certify("Under", authority, ca=True, extensions=carried(plan.policies[0])))
    asks = [(x509.AuthorityInformationAccess([RESPONDER]), False)] if plan.source == "ocsp" else []
    host = (x509.SubjectAlternativeName([x509.DNSName(plan.host)]), False)
    since, until = (NOW + days * DAY for days in plan.validity)
    signer = certify("Signer", authorities[-1], since=since, until=until, extensions=(*carried(plan.policies[1]), host, *asks))
    listed = {"nobody": None, "signer": signer, "authority": authority, "stranger": certify("Stranger", authorities[-1])}[plan.listed]
    lists = []
    for issuer in (root, *authorities):
        entries = [Entry(listed.serial, NOW + plan.revoked_at * DAY, plan.reason)] if listed and _issued(listed, issuer) else []
        lists.append(revoke_list(issuer, entries, since=NOW + plan.list_since * DAY, until=NOW + plan.list_until * DAY))
    ocsps: tuple[bytes, ...] = ()
    if plan.source == "ocsp":
        gone = NOW + plan.revoked_at * DAY if listed is signer else None
        ocsps = (answer(signer, authorities[-1], revoked_at=gone, reason=plan.reason if gone else None, since=NOW + plan.list_since * DAY,
                        until=NOW + plan.list_until * DAY),)  # fmt: skip
        lists.pop()
    if plan.gone:
        del lists[0 if plan.gone == "root list" else -1]
    return Built(root, tuple(authorities), signer, tuple(lists), ocsps)


def _issued(certificate: Node, issuer: Node) -> bool:
    return certificate.certificate.issuer == issuer.certificate.subject


def ours(built: Built, *, explicit: bool = False, at: datetime = NOW) -> SubIndication | None:
    policy = ChainPolicy(explicit_policy=explicit)
    return judged(built.signer, built.root, built.authorities, built.crls, built.ocsps, at=at, policy=policy).sub_indication


async def certvalidator(built: Built, explicit: bool, at: datetime) -> str:
    """The name of certvalidator's error, empty when the path holds."""
    from pyhanko_certvalidator import CertificateValidator, ValidationContext, errors
    from pyhanko_certvalidator.policy_decl import PKIXValidationParams

    context = ValidationContext(
        trust_roots=[asn1_x509.Certificate.load(built.root.der)],
        crls=[asn1_crl.CertificateList.load(one) for one in built.crls],
        ocsps=[asn1_ocsp.OCSPResponse.load(one) for one in built.ocsps],
        moment=at,
        revocation_mode="require",
        time_tolerance=timedelta(0),
    )
    between = [asn1_x509.Certificate.load(one.der) for one in built.authorities]
    parameters = PKIXValidationParams(initial_explicit_policy=explicit)
    validator = CertificateValidator(
        asn1_x509.Certificate.load(built.signer.der), between, validation_context=context, pkix_params=parameters
    )
    try:
        await validator.async_validate_path()
    except (errors.PathError, errors.ValidationError) as error:
        return type(error).__name__
    return ""


@needs_pyhanko
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(PLANS)
def test_certvalidator_agrees(plan: Plan) -> None:
    built = build(plan)
    theirs = asyncio.run(certvalidator(built, plan.explicit, NOW))
    mine = ours(built, explicit=plan.explicit)
    assert (mine is None) == (theirs == ""), (mine, theirs)
    if theirs == "RevokedError" and mine is not SubIndication.TRY_LATER:
        assert mine in (SubIndication.REVOKED_NO_POE, SubIndication.REVOKED_CA_NO_POE, SubIndication.OUT_OF_BOUNDS_NO_POE,
                        SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE)  # fmt: skip


def as_pem(folder: Path, built: Built) -> list[str]:
    """Files for OpenSSL; gives the options that name them."""

    def write(name: str, kind: str, *many: bytes) -> str:
        (folder / name).write_bytes(b"".join(pem.armor(kind, one) for one in many))
        return str(folder / name)

    options = ["-CAfile", write("root.pem", "CERTIFICATE", built.root.der)]
    options += ["-untrusted", write("between.pem", "CERTIFICATE", *(one.der for one in built.authorities))]
    if built.crls:
        options += ["-CRLfile", write("lists.pem", "X509 CRL", *built.crls)]
    return [*options, write("signer.pem", "CERTIFICATE", built.signer.der)]


def openssl(folder: Path, built: Built, at: datetime, *, explicit: bool = False) -> bool:
    command = ["openssl", "verify", "-x509_strict", "-crl_check_all", "-attime", str(int(at.timestamp()))]
    policy = ["-policy", "anyPolicy", "-explicit_policy"] if explicit else []
    done = subprocess.run([*command, *policy, *as_pem(folder, built)], capture_output=True, check=False)
    return done.returncode == 0


@needs_openssl
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(PLANS)
def test_openssl_agrees(tmp_path_factory: pytest.TempPathFactory, plan: Plan) -> None:
    plan = replace(plan, source="list")
    built = build(plan)
    theirs = openssl(tmp_path_factory.mktemp("verify"), built, NOW, explicit=plan.explicit)
    assert (ours(built, explicit=plan.explicit) is None) == theirs


def good(**changes: Any) -> Built:
    usual = Plan(True, 800, (-300, 700), None, "nobody", None, -20, -2, 5, "", None, "a.test", "list", (frozenset(), frozenset()), False)
    return build(replace(usual, **changes))


@needs_openssl
def test_openssl_accepts_what_we_accept_at_the_bounds(tmp_path: Path) -> None:
    """But for nextUpdate itself, which OpenSSL takes for the first second that is too late (RFC 5280 §5.1.2.5: issued by then)."""
    built = good()
    for at, theirs in ((NOW - 2 * DAY, True), (NOW + 5 * DAY - timedelta(seconds=1), True), (NOW + 5 * DAY, False)):
        assert ours(built, at=at) is None
        assert openssl(tmp_path, built, at) is theirs
    assert ours(built, at=NOW + 5 * DAY + timedelta(seconds=1)) is SubIndication.TRY_LATER


@needs_openssl
def test_openssl_reads_an_entry_of_the_future_as_revoked(tmp_path: Path) -> None:
    """Deliberate difference: the entry's date counts (RFC 5280 §5.3), OpenSSL takes whatever is listed for revoked."""
    built = good(listed="signer", revoked_at=2)
    assert ours(built) is None
    assert not openssl(tmp_path, built, NOW)
    assert ours(built, at=NOW + 2 * DAY) is SubIndication.REVOKED_NO_POE


@needs_openssl
@needs_pyhanko
def test_a_list_older_than_the_certificate_is_silence_to_us_alone(tmp_path: Path) -> None:
    """Deliberate difference: a list from before notBefore cannot have listed the certificate; both others let it speak."""
    built = good(validity=(-1, 700))
    assert ours(built) is SubIndication.TRY_LATER
    assert openssl(tmp_path, built, NOW)
    assert asyncio.run(certvalidator(built, False, NOW)) == ""
