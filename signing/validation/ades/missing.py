"""What single artefact would turn an INDETERMINATE into TOTAL-PASSED: each is supposed and the whole validation done again.

Nothing is guessed: a sentence is given only when the validation passes with the artefact supposed. Three artefacts cannot be supposed,
since what they say is needed to go on: the signing certificate, an issuer's certificate, a signature policy; their sentences say so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256

from signing.errors import FormatFailure
from signing.formats.claims import SignatureClaim, TokenClaim
from signing.validation.ades.existence import of_signature, of_token
from signing.validation.ades.freshness import fresh_until
from signing.validation.ades.instants import second_after, second_before
from signing.validation.ades.outcome import Fault
from signing.validation.ades.process import Validation, validate_fully
from signing.validation.ades.readings import certificate as certificate_of
from signing.validation.ades.subject import evidence_of
from signing.validation.ades.suppositions import WithStatus
from signing.validation.ades.timestamps import Stamped
from signing.validation.ades.x509 import Certified
from signing.validation.report import SubIndication
from signing.validation.rfc5280.names import text
from signing.validation.rfc5280.objects import Certificate
from signing.validation.verdicts import ProofOfExistence, RevocationVerdict, Standing

_MAX_SUPPOSITIONS = 48
MAX_TOKENS = 256
"""Token validations that all suppositions together may cost; a hostile signature carries 64 tokens."""
_UNTESTED = " (whether it suffices shows only once it is there)"
_CONTINUED = {
    SubIndication.NO_SIGNING_CERTIFICATE_FOUND,
    SubIndication.NO_CERTIFICATE_CHAIN_FOUND,
    SubIndication.SIGNATURE_POLICY_NOT_AVAILABLE,
}


@dataclass(frozen=True, slots=True)
class _Supposition:
    """One artefact supposed: its sentence, the validation's input with it, and the last moment it could have been made."""

    sentence: str
    claim: SignatureClaim
    proofs: tuple[ProofOfExistence, ...]
    statuses: tuple[tuple[bytes, datetime], ...]
    """Certificates that lists of an instant do not name."""
    latest: datetime


def what_is_missing(found: Validation, proofs: Sequence[ProofOfExistence], most_tokens: int = MAX_TOKENS) -> str:
    """The sentence on the artefact that could be made latest, now before all; empty when no single one helps.

    An archive time-stamp that brings lists along is named only where nothing less helps. ``most_tokens`` is what all may cost.
    """
    fault = found.fault
    if fault is None:
        return ""
    if fault.sub_indication in _CONTINUED:
        return _unsupposable(found, fault)
    suppositions = [
        *sorted(_suppositions(found, tuple(proofs)), key=lambda one: one.latest, reverse=True),
        *_archived(found, tuple(proofs)),
    ]
    for supposition in suppositions[: min(_MAX_SUPPOSITIONS, most_tokens // max(len(found.tokens), 1))]:
        if _passes(supposition, found):
            return supposition.sentence
    return ""


def _passes(supposition: _Supposition, found: Validation) -> bool:
    around = found.around
    for status in supposition.statuses:
        around = replace(around, judge=WithStatus(around.judge, *status))
    return validate_fully(supposition.claim, around, supposition.proofs).fault is None


def _unsupposable(found: Validation, fault: Fault) -> str:
    signer = found.claim.signer
    if fault.sub_indication is SubIndication.SIGNATURE_POLICY_NOT_AVAILABLE:
        return f"the signature policy {signer.policy_id}{_UNTESTED}"
    if fault.sub_indication is SubIndication.NO_SIGNING_CERTIFICATE_FOUND:
        digest = f" with {signer.ess_certificates[0][0]} {signer.ess_certificates[0][1].hex()}" if signer.ess_certificates else ""
        return f"the signing certificate{digest}{_UNTESTED}"
    return f"the certificate of {_last_known_issuer(found)}, and a trusted anchor it leads to{_UNTESTED}"


def _last_known_issuer(found: Validation) -> str:
    """The issuer at which the certificates at hand end, from the signer upwards."""
    holder = found.timed.basic.certificate
    if holder is None:
        return "the signer's issuer"
    known = {one.subject: one for one in _readable(found.around.evidence.certificates)}
    name = holder.issuer
    for _ in range(found.around.policy.chain.max_length):
        above = known.get(name)
        if above is None or above.issuer == name:
            break
        name = above.issuer
    return text(name)


def _suppositions(found: Validation, proofs: tuple[ProofOfExistence, ...]) -> Iterator[_Supposition]:
    claim, now = found.claim, found.around.at
    digest = claim.signer.message_digest
    if found.fault is not None and found.fault.sub_indication is SubIndication.SIGNED_DATA_NOT_FOUND and digest is not None:
        sentence = f"the signed content, of {claim.signer.digest_algorithm} {digest.hex()}"
        yield _Supposition(sentence, replace(claim, content=lambda name: digest), proofs, (), now)
    yield from _lists(found, proofs)
    for stamped in found.tokens:
        yield from _renewals(found, stamped, proofs)
    yield from _signature_stamps(found, proofs)


def _lists(found: Validation, proofs: tuple[ProofOfExistence, ...]) -> Iterator[_Supposition]:
    """Revocation data of each certificate whose status is not known or not fresh: made now, or while it was valid."""
    now = found.around.at
    for certified in _chains(found):
        for depth, status in enumerate(certified.revocation):
            if status.standing is Standing.REVOKED:
                continue
            certificate, issuer = certified.facts[depth], text(certified.facts[depth].issuer)
            end = datetime.fromtimestamp(certificate.not_after, UTC)
            if now <= end:
                after = f" issued after {_text(status.issued_at)}" if status.issued_at else f" current at {_text(now)}"
                yield _Supposition(f"a CRL of {issuer}{after}", found.claim, proofs, ((certificate.sha256, now),), now)
            else:
                sentence = f"a CRL of {issuer} that was current at {_text(end)}"
                yield _Supposition(sentence, found.claim, proofs, ((certificate.sha256, end),), end)


def _signature_stamps(found: Validation, proofs: tuple[ProofOfExistence, ...]) -> Iterator[_Supposition]:
    """A time-stamp on the signature, or on all that travels with it, in the second before each instant that spoilt something."""
    claim = found.claim
    signature = (of_signature(claim),)
    carried = _carried(claim)
    for moment in _moments(found, found.timed.basic.faults, found.timed.basic.certified):
        before = second_before(moment)
        for what, objects in (("a time-stamp on the signature", signature), ("an archive time-stamp", (*signature, *carried))):
            yield _Supposition(f"{what} from before {_text(moment)}", claim, (*proofs, *_proofs(objects, before)), (), before)


def _archived(found: Validation, proofs: tuple[ProofOfExistence, ...]) -> Iterator[_Supposition]:
    """The same with the chain and the lists of that day, as augmenting to B-LTA adds them: the newest instant first."""
    claim, certified = found.claim, found.timed.basic.certified
    if certified is None:
        return
    chain = tuple(one.sha256 for one in certified.facts[:-1])
    for moment in _moments(found, found.timed.basic.faults, certified):
        before = second_before(moment)
        stamped = _proofs((of_signature(claim), *_carried(claim), *chain), before)
        sentence = f"an archive time-stamp, with the CRLs of its day, from before {_text(moment)}"
        yield _Supposition(sentence, claim, (*proofs, *stamped), tuple((one, before) for one in chain), before)


def _renewals(found: Validation, stamped: Stamped, proofs: tuple[ProofOfExistence, ...]) -> Iterator[_Supposition]:
    """Another archive time-stamp while a token that holds no more still held; perhaps with the list of that day, as a renewal adds it."""
    unit = stamped.basic.certificate
    if stamped.holds or unit is None:
        return
    objects = (*_token_objects(stamped.token), of_signature(found.claim), *_carried(found.claim))
    for moment in _moments(found, stamped.basic.faults, stamped.basic.certified):
        before = second_before(moment)
        while_held = f"while that of {text(unit.subject)} from {_text(stamped.token.generated_at)} held"
        with_proofs = (*proofs, *_proofs(objects, before))
        yield _Supposition(f"another archive time-stamp from before {_text(moment)}, {while_held}", found.claim, with_proofs, (), before)
        sentence = f"another archive time-stamp, with the CRL of {text(unit.issuer)} of its day, from before {_text(moment)}, {while_held}"
        yield _Supposition(sentence, found.claim, with_proofs, ((unit.sha256, before),), before)


def _moments(found: Validation, faults: Sequence[Fault], certified: Certified | None) -> tuple[datetime, ...]:
    """Instants that spoilt something: revocations, ends of validity and of algorithms, where a chain's goodness ended; newest first."""
    moments = {fault.moment for fault in faults if fault.moment is not None}
    if certified is not None:
        moments |= {status.revoked_at for status in certified.revocation if status.revoked_at is not None}
        moments |= {second_after(datetime.fromtimestamp(facts.not_after, UTC)) for facts in certified.facts[:-1]}
        moments |= _last_words(found, certified.revocation)
    if found.past is not None:
        moments.add(second_after(found.past.slid.control))
        moments |= _last_words(found, found.past.slid.revocation)
    moments |= {rule.until for rule in found.timed.basic.policy.algorithms.rules.values() if rule.until is not None}
    return tuple(sorted((moment for moment in moments if moment <= found.around.at), reverse=True))


def _last_words(found: Validation, revocation: Sequence[RevocationVerdict]) -> set[datetime]:
    """The second after which revocation data no longer speak: their issuance, or their last fresh second."""
    bounds = {status.issued_at for status in revocation} | {fresh_until(status, found.around.policy) for status in revocation}
    return {second_after(bound) for bound in bounds if bound is not None}


def _chains(found: Validation) -> Iterator[Certified]:
    for basic in (found.timed.basic, *(stamped.basic for stamped in found.tokens)):
        if basic.certified is not None:
            yield basic.certified


def _carried(claim: SignatureClaim) -> tuple[bytes, ...]:
    """SHA-256 of all that travels with a signature, tokens with their own signatures included."""
    evidence = evidence_of(claim)
    tokens = (*claim.content_tokens, *claim.signature_tokens, *claim.archive_tokens)
    artefacts = (*evidence.certificates, *evidence.crls, *evidence.ocsps, *(token.der for token in tokens))
    return (*(sha256(one).digest() for one in artefacts), *(of_token(token) for token in tokens))


def _token_objects(token: TokenClaim) -> tuple[bytes, ...]:
    parts = (token.der, *token.certificates, *token.crls)
    return (of_token(token), *(sha256(one).digest() for one in parts), *sorted(token.covers))


def _proofs(objects: Sequence[bytes], at: datetime) -> tuple[ProofOfExistence, ...]:
    return tuple(ProofOfExistence(one, at, "supposed", None) for one in dict.fromkeys(objects))


def _readable(certificates: Sequence[bytes]) -> Iterator[Certificate]:
    for certificate in certificates:
        try:
            yield certificate_of(certificate)
        except FormatFailure:
            continue


def _text(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
