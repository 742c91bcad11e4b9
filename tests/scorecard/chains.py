"""The certificate suites: NIST's PKITS, by certvalidator's index and by NIST's own numbering, and OpenSSL's OCSP delegation suite."""

from __future__ import annotations

import csv
import json
import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

from signing.algorithms import foreign_names
from signing.evidence import Evidence
from signing.oids import ANY_POLICY
from signing.validation.policy import AlgorithmPolicy, AlgorithmRule
from signing.validation.report import SubIndication
from signing.validation.rfc5280.cache import ArtefactCache
from signing.validation.rfc5280.engine import ChainEngine
from signing.validation.rfc5280.settings import ChainPolicy, RevocationNeed
from signing.validation.verdicts import ChainVerdict, Standing
from tests.scorecard.model import VECTORS, Score, score

PKITS = VECTORS / "pkits"
OCSP = VECTORS / "ocsp"
PKITS_AT = datetime(2020, 1, 1, tzinfo=UTC)
"""Within the validity of all that the suite means to be valid (2010–2030)."""

EVERY_ALGORITHM = AlgorithmPolicy({name: AlgorithmRule(0) for name in foreign_names()})
"""The suites test paths, not the strength of the keys of their day (SHA-1, DSA, RSA-1024)."""

PKITS_POLICY = ChainPolicy(algorithms=EVERY_ALGORITHM)
OCSP_POLICY = ChainPolicy(
    algorithms=EVERY_ALGORITHM, authority_revocation=RevocationNeed.IF_AVAILABLE, responder_revocation=RevocationNeed.IF_AVAILABLE
)
"""The suite answers for authorities only where a case is about them; one responder's issuer is silent on the responder's status."""

_FAILURES = {
    "RevokedError": {SubIndication.REVOKED_NO_POE, SubIndication.REVOKED_CA_NO_POE},
    "InsufficientRevinfoError": {SubIndication.TRY_LATER},
    "StaleRevinfoError": {SubIndication.TRY_LATER},
}
"""Class of the index' error → sub-indications that mean the same; any other class is about the path."""
_ABOUT_THE_PATH = {
    SubIndication.NO_CERTIFICATE_CHAIN_FOUND,
    SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE,
    SubIndication.NOT_YET_VALID,
    SubIndication.OUT_OF_BOUNDS_NO_POE,
    SubIndication.OUT_OF_BOUNDS_NOT_REVOKED,
}

CSV_REASONS = {"4.14.30": "pkits-4-14-30"}


def pkits_by_index() -> Score:
    """The 246 entries of ``pkits.json``: verdict, why it is refused, and the length of the path where it is valid."""
    outcomes: dict[str, tuple[str, str] | None] = {}
    for case in json.loads((PKITS / "pkits.json").read_text("utf-8")):
        outcomes[f"{case['id']} {case['name']}"] = _disagreement(case, index_verdict(case))
    return score("PKITS, pkits.json", "nist-index", outcomes, {}, notes=("pkits-index",))


def index_verdict(case: Mapping[str, Any]) -> ChainVerdict:
    """The verdict on one entry of ``pkits.json`` with the certificates and lists it names, and the anchor's list."""
    evidence = Evidence(
        (_certificate("TrustAnchorRootCertificate.crt"),),
        certificates=tuple(map(_certificate, case.get("other_certs", ()))),
        crls=tuple(map(_crl, (*case.get("crls", ()), "TrustAnchorRootCRL.crl"))),
    )
    asked = case.get("params", {})
    policy = replace(
        PKITS_POLICY,
        initial_policies=frozenset(asked.get("user_initial_policy_set", (ANY_POLICY,))),
        explicit_policy=asked.get("initial_explicit_policy", False),
        inhibit_mapping=asked.get("initial_policy_mapping_inhibit", False),
        inhibit_any_policy=asked.get("initial_any_policy_inhibit", False),
    )
    return ChainEngine(evidence, policy).validate(_certificate(case["cert"]), PKITS_AT)


def pkits_by_number() -> Score:
    """The 247 rows of ``expected.csv``, each with all 405 certificates and 173 lists at hand: paths are to be found, not given."""
    evidence = Evidence(
        (_certificate("TrustAnchorRootCertificate.crt"),),
        certificates=tuple(path.read_bytes() for path in sorted((PKITS / "certs").iterdir())),
        crls=tuple(path.read_bytes() for path in sorted((PKITS / "crls").iterdir())),
    )
    kept = ArtefactCache(lists=256)
    engines: dict[ChainPolicy, ChainEngine] = {}
    outcomes: dict[str, tuple[str, str] | None] = {}
    for row in pkits_rows():
        wanted = row["initial_policy_set"]
        policy = replace(
            PKITS_POLICY,
            initial_policies=frozenset({ANY_POLICY} if wanted in ("any", "anyPolicy") else wanted.split()),
            explicit_policy=row["initial_explicit_policy"] == "True",
            inhibit_mapping=row["initial_policy_mapping_inhibit"] == "True",
            inhibit_any_policy=row["initial_inhibit_any_policy"] == "True",
        )
        if policy not in engines:
            engines[policy] = ChainEngine(evidence, policy, cache=kept)
        verdict = engines[policy].validate(_certificate(row["end_entity"]), PKITS_AT)
        agreed = verdict.passed is (row["expected"] == "valid")
        outcomes[row["test"]] = None if agreed else (row["expected"], _told(verdict))
    return score("PKITS, expected.csv", "nist-numbers", outcomes, CSV_REASONS, notes=("pkits-numbers",))


def pkits_rows() -> list[dict[str, str]]:
    """The rows of ``expected.csv``."""
    with (PKITS / "expected.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def ocsp_delegation() -> Score:
    """The 29 cases of OpenSSL's OCSP suite, each at its moment."""
    outcomes: dict[str, tuple[str, str] | None] = {}
    for case in json.loads((OCSP / "openssl-ocsp.json").read_text("utf-8")):
        evidence = Evidence(
            tuple(_pem(case["root"])),
            certificates=tuple(der for name in case.get("other_certs", ()) for der in _pem(name)),
            ocsps=tuple(b64decode((OCSP / name).read_text("ascii")) for name in case["ocsps"]),
        )
        (target, *_) = _pem(case["cert"])
        verdict = ChainEngine(evidence, OCSP_POLICY).validate(target, datetime.fromisoformat(case["moment"]))
        outcomes[case["name"]] = _disagreement(case, verdict)
    return score("ocsp-delegation", "OpenSSL test/ocsp-tests", outcomes, {})


def _disagreement(case: Mapping[str, Any], verdict: ChainVerdict) -> tuple[str, str] | None:
    error = case.get("error")
    if error is None:
        agreed = verdict.passed and len(verdict.chain) == case["path_len"]
        return None if agreed else (f"valid with {case['path_len']} certificates", _told(verdict))
    if error["class"] == "RevokedError" and any(one.standing is Standing.ON_HOLD for one in verdict.revocation):
        return None  # on hold is TRY_LATER in the terms of EN 319 102-1 §5.2.6.4
    agreed = verdict.sub_indication in _FAILURES.get(error["class"], _ABOUT_THE_PATH)
    return None if agreed else (error["class"], _told(verdict))


def _told(verdict: ChainVerdict) -> str:
    if verdict.passed:
        return f"valid with {len(verdict.chain)} certificates"
    return f"refused by our validation with {verdict.sub_indication}: {verdict.checks[-1].detail}"


@cache
def _certificate(name: str) -> bytes:
    return (PKITS / "certs" / name).read_bytes()


@cache
def _crl(name: str) -> bytes:
    return (PKITS / "crls" / name).read_bytes()


def _pem(name: str) -> Iterator[bytes]:
    """DER of every certificate in a PEM file."""
    for body in re.findall("-----BEGIN CERTIFICATE-----([^-]*)-----END", (OCSP / name).read_text("ascii")):
        yield b64decode(body)
