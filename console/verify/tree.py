"""The answer as plain values, the same for the same arguments: what ``--json`` prints, and what screen and reports are told from.

Described in ``docs/verify-json.md`` and by the JSON Schema beside this file. Instants are ISO 8601 at +07:00, digests and serial numbers
hexadecimal, absent values ``null`` or empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from console.reports.canonical import Tree
from console.verify.judging import Bench, Judged, JudgedFile, Outcome, needs_extra, outcome_of
from exchange.agreement import Finding
from exchange.domain.calendar import VN
from signing import (
    NOTHING_COVERS,
    STRUCTURE,
    ChainVerdict,
    Check,
    Indication,
    Interval,
    RevocationVerdict,
    SignatureClaim,
    SignatureVerdict,
    Span,
    SubIndication,
    TokenVerdict,
    describe_certificate,
)

SCHEMA = "truc-verify/1"
Opinions = Sequence[Sequence[Sequence[Tree]]]
"""What other judges say: by signed thing, then by signature, any number of opinions."""
_HEADER_CLAUSE = "QCVN 102:2016; Decree 30/2020 Art. 5, Annex I"
_ACTIVE, _ENTITLED, _DRAWN = "Decision 28/2018 Art. 2", "Circular 41/2017 Art. 6; Decree 30/2020 Art. 13", "Decree 30/2020 Annex I"
_CLAUSES = {
    "unknown-sender": _ACTIVE, "locked-sender": _ACTIVE, "dissolved-sender": _ACTIVE, "secret": "Decision 28/2018 Art. 1",
    "leader-not-of-sender": _ENTITLED, "organisation-not-sender": _ENTITLED, "annex-not-of-sender": _ENTITLED, "capacity": _ENTITLED,
    "signer-name": _DRAWN, "position-differs": _DRAWN, "issuing-body": _DRAWN, "superior-unknown": _DRAWN, "second-letter": _DRAWN,
    "annex-unsigned": _DRAWN, "stray-signature": _DRAWN, "attachment-names": _DRAWN, "letter-not-first": _DRAWN,
    "bundle": "RFC 9162 §2.1; EN 319 102-1 §5.3", "bundle-axis": "EN 319 102-1 §5.6.2.3", "bundle-unproven": "RFC 9162 §2.1.3",
    "bundle-strange": "truc-evidence/2",
}  # fmt: skip
"""Rules of :class:`exchange.agreement.Finding` that are not about header and letter."""
_COVERED, _VALUE, _STRUCTURE, _NOTHING = "covered", "signature", "structure", "nothing"


def whole_tree(bench: Bench, files: Sequence[Tree]) -> Tree:
    """The whole answer around the answers on its files (:func:`file_tree`)."""
    trust = bench.trust
    outcomes = [Outcome(one["verdict"]) for one in files]
    return {
        "schema": SCHEMA,
        "at": _instant(bench.at),
        "policy": {
            "name": bench.policy.name,
            "title": bench.policy.title,
            "external": list(bench.policy.external),
            "signatures": bench.policy.signatures,
        },
        "trust": {
            "source": trust.source,
            "anchors": [_certificate(one) for one in trust.evidence.anchors],
            "timestamp-anchors": [_certificate(one) for one in trust.evidence.timestamp_anchors],
            "untrusted-roots": [_certificate(one) for one in trust.untrusted_roots],
            "certificates": len(trust.evidence.certificates),
            "crls": len(trust.evidence.crls),
            "ocsps": len(trust.evidence.ocsps),
        },
        "verdict": str(_worst(outcomes)),
        "totals": {str(outcome): outcomes.count(outcome) for outcome in Outcome},
        "files": list(files),
    }


def _worst(outcomes: Sequence[Outcome]) -> Outcome:
    return next((one for one in (Outcome.FAILED, Outcome.UNDECIDED) if one in outcomes), Outcome.PASSED)


def file_tree(one: JudgedFile, opinions: Opinions = ()) -> Tree:
    """The answer on one file; ``opinions`` are what other judges said."""
    opened = one.opened
    violations = [_finding(found, "failed") for found in one.violations]
    remarks = [_finding(found, "warning") for found in one.remarks]
    compared = opened.package is not None and opened.package.compared
    differing = any(found["clause"] == _HEADER_CLAUSE for found in violations)
    equal = [{"name": "header", "status": "passed", "clause": _HEADER_CLAUSE, "detail": ""}] if compared and not differing else []
    header = None if opened.package is None else opened.package.header
    return {
        "file": opened.name,
        "kind": opened.kind,
        "size": opened.size,
        "sha256": opened.sha256.hex(),
        "verdict": str(one.outcome),
        "register": "" if one.register is None else one.register.source,
        "header": None
        if header is None
        else {
            "sender": str(header.sender_id),
            "number": header.number,
            "notation": header.notation,
            "date": header.promulgation_date.isoformat(),
            "subject": header.subject,
            "packet-signature": header.packet_signature is not None,
        },
        "checks": [*violations, *equal, *remarks],
        "documents": [_document(judged, opinions[place] if opinions else ()) for place, judged in enumerate(one.judged)],
    }


def _finding(found: Finding, status: str) -> Tree:
    return {"name": found.rule, "status": status, "clause": _CLAUSES.get(found.rule, _HEADER_CLAUSE), "detail": found.detail}


def _document(judged: Judged, opinions: Sequence[Sequence[Tree]]) -> Tree:
    subject, found = judged.subject, judged.found
    triples = zip(found.claims, judged.verdict.signatures, judged.timelines, strict=True)
    return {
        "name": subject.name,
        "kind": str(found.kind),
        "size": len(subject.data),
        "sha256": sha256(subject.data).hexdigest(),
        "content": subject.content_name,
        "verdict": str(judged.outcome),
        "reason": _reason(judged),
        "checks": [*_checks(judged.checks), *_checks(judged.warnings, "warning")],
        "signatures": [
            _signature(claim, verdict, intervals, opinions[place] if opinions else ())
            for place, (claim, verdict, intervals) in enumerate(triples)
        ],
        "coverage": [_span(span) for span in found.coverage],
    }


def _reason(judged: Judged) -> Tree | None:
    """What decided, told first: bytes that cannot be read, a failed signature, a rule of the document, an undecided signature."""
    found = judged.found
    if judged.outcome is Outcome.PASSED:
        return None
    if found.refusal is not None:
        return _because("sub-indication", SubIndication.FORMAT_FAILURE, "", str(found.refusal))
    if needs_extra(found):
        return _because("extra", "foreign", "", "")
    signatures = judged.verdict.signatures
    failed = next((one for one in signatures if one.indication is Indication.TOTAL_FAILED), None)
    rule = next((one for one in judged.checks if not one.passed and one.name != "each-signature"), None)
    undecided = next((one for one in signatures if one.indication is Indication.INDETERMINATE), None)
    around = undecided is not None and undecided.sub_indication is not SubIndication.SIG_CONSTRAINTS_FAILURE
    if failed is not None or (rule is None and undecided is not None) or (rule is not None and rule.name == "finding" and around):
        decided = failed or undecided
        return _because("sub-indication", decided.sub_indication or "", decided.name, _first(decided)) if decided is not None else None
    return None if rule is None else _because("check", rule.name, "", rule.detail)


def _because(kind: str, code: str, signature: str, detail: str) -> Tree:
    return {"kind": kind, "code": str(code), "signature": signature, "detail": detail}


def _first(verdict: SignatureVerdict) -> str:
    return next((check.detail for check in verdict.checks if not check.passed), "")


def _signature(
    claim: SignatureClaim | None, verdict: SignatureVerdict, intervals: Sequence[Interval] = (), opinions: Sequence[Tree] = ()
) -> Tree:
    """One signature with those over it; only a counter-signature may have no claim, when it cannot be read."""
    value = b"" if claim is None else sha256(claim.signer.signature).digest()
    proof = next((one for one in verdict.existence if one.object_sha256 == value), None)
    counters = () if claim is None else claim.counter_signatures
    return {
        "name": verdict.name,
        "verdict": str(outcome_of(verdict)),
        "indication": str(verdict.indication),
        "sub-indication": None if verdict.sub_indication is None else str(verdict.sub_indication),
        "level": verdict.level,
        "policy": verdict.policy,
        "algorithm": "" if claim is None else claim.signer.signature_algorithm,
        "digest": "" if claim is None else claim.signer.digest_algorithm,
        "claimed-at": None if verdict.claimed_at is None else _instant(verdict.claimed_at),
        "proven-at": _instant(verdict.best_signature_time),
        "proven-by": "control-time" if proof is None else proof.source,
        "signer": None if verdict.chain is None else _certificate(verdict.chain.chain[0]),
        "chain": _chain(verdict.chain),
        "checks": [*_checks(verdict.checks), *_checks(verdict.warnings, "warning"), *_checks(verdict.information, "information")],
        "missing": verdict.missing,
        "tokens": [_token(token) for token in verdict.tokens],
        "carried": {kind: 0 if claim is None else len(getattr(claim, kind)) for kind in ("certificates", "crls", "ocsps")},
        "timeline": [_interval(one) for one in intervals],
        "opinions": list(opinions),
        "counter-signatures": [_signature(counter.claim, one) for counter, one in zip(counters, verdict.counter_signatures, strict=True)],
    }


def _checks(checks: Sequence[Check], failed_as: str = "failed") -> list[Tree]:
    return [
        {"name": check.name, "status": "passed" if check.passed else failed_as, "clause": check.clause, "detail": check.detail}
        for check in checks
    ]


def _chain(chain: ChainVerdict | None) -> list[Tree]:
    """From the signer upwards; the revocation of a certificate is ``null`` for the anchor and where it was not looked at."""
    if chain is None:
        return []
    anchored = len(chain.chain) > 1
    found = []
    for depth, certificate in enumerate(chain.chain):
        status = chain.revocation[depth] if depth < len(chain.revocation) else None
        role = "signer" if depth == 0 else "anchor" if anchored and depth == len(chain.chain) - 1 else "authority"
        told = None if status is None else _revocation(status)
        found.append({"role": role, "certificate": _certificate(certificate), "revocation": told})
    return found


def _revocation(status: RevocationVerdict) -> Tree:
    return {
        "standing": str(status.standing),
        "fresh": status.fresh,
        "source": status.source,
        "artefact": None if status.artefact_sha256 is None else status.artefact_sha256.hex(),
        "issued-at": None if status.issued_at is None else _instant(status.issued_at),
        "until": None if status.until is None else _instant(status.until),
        "revoked-at": None if status.revoked_at is None else _instant(status.revoked_at),
        "reason": status.reason,
        "detail": status.detail,
        "rejected": [{"artefact": digest.hex(), "detail": detail} for digest, detail in status.rejected],
    }


def _token(token: TokenVerdict) -> Tree:
    return {
        "sha256": token.token_sha256.hex(),
        "generated-at": _instant(token.generated_at),
        "indication": str(token.indication),
        "sub-indication": None if token.sub_indication is None else str(token.sub_indication),
        "checks": _checks(token.checks),
        "chain": _chain(token.chain),
    }


def _interval(one: Interval) -> Tree:
    return {
        "from": _instant(one.start),
        "until": _instant(one.end),
        "indication": str(one.indication),
        "sub-indication": None if one.sub_indication is None else str(one.sub_indication),
        "because": one.because,
    }


def _span(span: Span) -> Tree:
    kind = _NOTHING if span.label == NOTHING_COVERS else _STRUCTURE if span.label == STRUCTURE else _COVERED
    if span.label.startswith(("signature value", "unsigned attributes")):
        kind = _VALUE
    return {"start": span.start, "end": span.end, "kind": kind, "label": span.label}


def _certificate(certificate: bytes) -> Tree:
    words = describe_certificate(certificate)
    digest = sha256(certificate).hexdigest()
    if words is None:
        return {"sha256": digest, "subject": "", "issuer": "", "name": "", "organisations": [], "serial": "", "from": None, "until": None}
    return {
        "sha256": digest,
        "subject": words.subject,
        "issuer": words.issuer,
        "name": words.name,
        "organisations": list(words.organisations),
        "serial": words.serial,
        "from": _instant(words.not_before),
        "until": _instant(words.not_after),
    }


def _instant(moment: datetime) -> str:
    try:
        return moment.astimezone(VN).isoformat(timespec="seconds")
    except OverflowError:  # "no end" is written as the last second of the year 9999 (RFC 5280 §4.1.2.5)
        return moment.isoformat(timespec="seconds")
