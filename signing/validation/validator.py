"""Basic validation of a CAdES-B signature at a moment (EN 319 102-1 §5.3): a report for all bytes, never another exception."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from typing import NamedTuple

from signing.algorithms import BY_NAME
from signing.errors import FormatFailure
from signing.evidence import TrustStore
from signing.formats.certificates import CertificateFacts, certificate_facts
from signing.formats.cms import looks_like_signed_attributes, parse_cms
from signing.formats.message import SignedMessage
from signing.keys import PublicKey, Purpose, raw_verify
from signing.validation import stamps
from signing.validation.path import OnPath, PathCache, PathStep
from signing.validation.path_rules import PATH_CHECKS
from signing.validation.policy import DEFAULT, AlgorithmPolicy
from signing.validation.report import Check, Indication, SignatureReport, SubIndication
from signing.validation.signers import Signer
from signing.validation.stamps import StampReport

FORMAT = Check("format", True, "EN 319 102-1 §5.2.2; RFC 5652; EN 319 122-1 §5")
IDENTIFICATION = Check("signing-certificate", True, "EN 319 102-1 §5.2.3; RFC 5035 §3")
SIGNER_ALGORITHM = Check("signature-algorithm", True, "EN 319 102-1 §5.2.8; ETSI TS 119 312")
DIGEST = Check("message-digest", True, "EN 319 102-1 §5.2.7; RFC 5652 §5.4")
SIGNATURE = Check("signature-value", True, "EN 319 102-1 §5.2.7; RFC 5652 §5.6")
EMBEDDED = Check("embedded-certificates", True, "EN 319 102-1 §5.2.8")

_BEFORE_PATH = (FORMAT, IDENTIFICATION, SIGNER_ALGORITHM, DIGEST, SIGNATURE)
PASSED_CHECKS = (*_BEFORE_PATH, *PATH_CHECKS, EMBEDDED)
"""Every step of a signature that holds, in order."""


class Asked(NamedTuple):
    """One signature to be validated, as for :meth:`Validator.validate`."""

    message: SignedMessage | bytes
    content_sha256: bytes
    at: datetime
    purpose: Purpose
    known: Sequence[bytes] = ()
    proven_at: datetime | None = None


_Ready = tuple[SignedMessage, Signer, datetime, int]
"""A signature whose value is to be verified next, and the moment, also as epoch second."""


class Validator:
    """Validates signatures under one trust store and one algorithm policy.

    Paths may be shared with other validators by passing the same ``cache`` (made for the same trust store and policy); the document
    signature itself is verified anew every time.
    """

    def __init__(
        self, trust: TrustStore, policy: AlgorithmPolicy = DEFAULT, *, cache: PathCache | None = None, on_path: OnPath | None = None
    ) -> None:
        self._cache = PathCache(trust, policy) if cache is None else cache
        if self._cache.trust is not trust or self._cache.policy is not policy:
            raise ValueError("a path cache can only be shared by validators of the same trust store and policy")
        self._policy = policy
        self._known = self._cache.known
        self._last: tuple[datetime, int] | None = None
        self.on_path = on_path

    def validate(
        self,
        message: SignedMessage | bytes,
        content_sha256: bytes,
        at: datetime,
        purpose: Purpose,
        *,
        known: Sequence[bytes] = (),
        proven_at: datetime | None = None,
    ) -> SignatureReport:
        """The verdict on a detached signature over content with that SHA-256, at the moment ``at`` (timezone-aware).

        ``known`` are certificates (DER) the signer may be found among when the signature embeds none. ``proven_at`` is when a time-stamp
        shows that the signature existed: what befell the signer's certificate later does not count against it (EN 319 102-1 §5.5).
        The steps, in order:

        (1) the bytes are one CAdES-B signature of our profile         EN 319 102-1 §5.2.2   FORMAT_FAILURE
        (2) the signing certificate is at hand and the one meant       EN 319 102-1 §5.2.3   NO_SIGNING_CERTIFICATE_FOUND
        (3) the algorithm fits its key and is accepted at the moment   EN 319 102-1 §5.2.8   CRYPTO_CONSTRAINTS_FAILURE
        (4) the content is the one signed                              EN 319 102-1 §5.2.7   HASH_FAILURE
        (5) the signature value holds (one raw verification)           EN 319 102-1 §5.2.7   SIG_CRYPTO_FAILURE
        (6) the path holds at the moment (see PathCache)               EN 319 102-1 §5.2.6
        (7) nothing is embedded but the signer and known authorities   EN 319 102-1 §5.2.8   SIG_CONSTRAINTS_FAILURE
        """
        ready = self._ready(message, content_sha256, at, known)
        if isinstance(ready, SignatureReport):
            return ready
        return self._concluded(ready, _holds(ready, purpose), proven_at)

    def validate_all(self, asked: Sequence[Asked]) -> list[SignatureReport | Exception]:
        """As :meth:`validate` for many signatures, each step for all of them before the next one: that is quicker by some percent.

        Never raises: what asking for one of them alone would raise stands in its place.
        """
        ready: list[_Ready | SignatureReport | Exception] = []
        for message, content_sha256, at, _, known, _ in asked:
            try:
                ready.append(self._ready(message, content_sha256, at, known))
            except Exception as error:  # what is given to an audit may be of any type
                ready.append(error)
        held = [isinstance(one, tuple) and _holds(one, of.purpose) for one, of in zip(ready, asked, strict=True)]
        said: list[SignatureReport | Exception] = []
        for one, good, of in zip(ready, held, asked, strict=True):
            try:
                said.append(self._concluded(one, good, of.proven_at) if isinstance(one, tuple) else one)
            except Exception as error:  # the same
                said.append(error)
        return said

    def _ready(
        self, message: SignedMessage | bytes, content_sha256: bytes, at: datetime, known: Sequence[bytes]
    ) -> _Ready | SignatureReport:
        """Steps (1) to (4)."""
        if not isinstance(message, SignedMessage):
            try:
                message = parse_cms(message)
            except FormatFailure as failure:
                return _report(FORMAT, SubIndication.FORMAT_FAILURE, str(failure), at)
        moment = self._moment(at)
        signer = self._cache.signers.find(message.signer, known, moment) or self._signer(message, known, at, moment)
        if isinstance(signer, SignatureReport):
            return signer
        if message.message_digest != content_sha256:
            return _report(DIGEST, SubIndication.HASH_FAILURE, "the content is not the one that was signed", at, signer.certificate)
        return message, signer, at, moment

    def _signer(self, message: SignedMessage, known: Sequence[bytes], at: datetime, moment: int) -> Signer | SignatureReport:
        """Steps (2) and (3)."""
        certificate, fault = _signing_certificate(message, known)
        if certificate is None:
            return _report(IDENTIFICATION, SubIndication.NO_SIGNING_CERTIFICATE_FOUND, fault, at)
        accepted = self._key(certificate, message, moment)
        if isinstance(accepted, str):
            return _report(SIGNER_ALGORITHM, SubIndication.CRYPTO_CONSTRAINTS_FAILURE, accepted, at, certificate)
        named, (key, until) = message.signer, accepted
        strange = any(one != certificate.der and one not in self._known for one in named.certificates)
        signer = Signer(named, tuple(known), certificate, key, BY_NAME[named.signature_algorithm], until, strange)
        self._cache.signers.keep(signer)
        return signer

    def _concluded(self, ready: _Ready, holds: bool, proven_at: datetime | None) -> SignatureReport:
        """What follows from step (5), and steps (6) and (7)."""
        _, signer, at, moment = ready
        certificate = signer.certificate
        if not holds:
            detail = "the signature value does not hold under the signing certificate's key"
            return _report(SIGNATURE, SubIndication.SIG_CRYPTO_FAILURE, detail, at, certificate, raw_verifications=1)
        verdict = self._cache.verdict(certificate, at, self.on_path, moment)
        if proven_at is not None and verdict.sub_indication in _LATER and self._happened_later(certificate, at, proven_at):
            verdict = self._cache.verdict(certificate, proven_at, self.on_path)
        if verdict.sub_indication is not None:
            checks = (*_BEFORE_PATH, *verdict.checks)
            return SignatureReport(Indication.INDETERMINATE, verdict.sub_indication, checks, at, certificate.subject, certificate.sha256, 1)
        if signer.strange:
            detail = "a certificate is embedded that is neither the signer's nor a known authority's"
            return _report(EMBEDDED, SubIndication.SIG_CONSTRAINTS_FAILURE, detail, at, certificate, raw_verifications=1)
        return SignatureReport(_PASSED, None, PASSED_CHECKS, at, certificate.subject, certificate.sha256, 1)

    def _moment(self, at: datetime) -> int:
        """The epoch second; a letter's two signatures are asked about at one moment."""
        last = self._last
        if last is None or last[0] is not at:
            last = self._last = at, int(at.timestamp())
        return last[1]

    def validate_stamp(self, token: bytes, content_sha256: bytes, at: datetime) -> StampReport:
        """The verdict on a time-stamp token over content with that SHA-256, at the moment ``at`` (timezone-aware); paths are cached too."""
        return stamps.validate_stamp(self._stamper, token, content_sha256, at)

    @cached_property
    def _stamper(self) -> Validator:
        """The same validator for time-stamping units: it reports their paths as this one does."""

        def on_path(subject: str, steps: tuple[PathStep, ...]) -> None:
            if self.on_path is not None:
                self.on_path(subject, steps)

        return Validator(self._cache.trust, self._policy, cache=self._cache.time_stamps, on_path=on_path)

    def validate_content(
        self, message: SignedMessage | bytes, content: bytes, at: datetime, purpose: Purpose, *, known: Sequence[bytes] = ()
    ) -> SignatureReport:
        """As :meth:`validate`, with the content at hand: content that is itself DER of signed attributes is refused before anything else.

        A signature over attributes is also one over those bytes as plain content (draft-ietf-lamps-cms-euf-cma-signeddata).
        """
        if looks_like_signed_attributes(content):
            detail = "the content is itself the encoding of signed attributes (draft-ietf-lamps-cms-euf-cma-signeddata)"
            return _report(FORMAT, SubIndication.FORMAT_FAILURE, detail, at)
        return self.validate(message, sha256(content).digest(), at, purpose, known=known)

    def _key(self, certificate: CertificateFacts, message: SignedMessage, moment: int) -> tuple[PublicKey, float] | str:
        """The signer's key and until when the message's algorithms are accepted with it; why they are not."""
        key = self._cache.key(certificate)
        if key is None:
            return "the signing certificate holds no RSA or P-256 key"
        if message.signer.digest_algorithm != "sha256":
            return f"digest algorithm {message.signer.digest_algorithm} is not on the list"
        until = self._policy.accepted_until(message.signer.signature_algorithm, key)
        if until is not None and moment < until:
            return key, until
        return self._policy.refusal(message.signer.signature_algorithm, key, moment)

    def _happened_later(self, certificate: CertificateFacts, at: datetime, proven_at: datetime) -> bool:
        """Whether the list at hand at ``at`` has nothing against the certificate at the time its signature is proven to have existed."""
        since = self._cache.revoked_since(certificate, at)
        return since is None or int(proven_at.timestamp()) < since


def _holds(ready: _Ready, purpose: Purpose) -> bool:
    """Step (5): the one raw verification."""
    (_, attributes, signature, _), signer, _, _ = ready
    return raw_verify(signer.key, signature, attributes, signer.algorithm, purpose)


_PASSED = Indication.TOTAL_PASSED  # looked up once: asking an enumeration for a member takes as long as filling the report
_LATER = {SubIndication.REVOKED_NO_POE, SubIndication.OUT_OF_BOUNDS_NO_POE, SubIndication.OUT_OF_BOUNDS_NOT_REVOKED}
"""Verdicts that an earlier proof of existence can turn (EN 319 102-1 §5.5.4)."""
_TOTAL_FAILED = {SubIndication.FORMAT_FAILURE, SubIndication.HASH_FAILURE, SubIndication.SIG_CRYPTO_FAILURE}


def _report(
    step: Check,
    sub_indication: SubIndication,
    detail: str,
    at: datetime,
    certificate: CertificateFacts | None = None,
    *,
    raw_verifications: int = 0,
) -> SignatureReport:
    """The report of a signature whose first failing step is ``step``: the steps before it passed."""
    checks = (*PASSED_CHECKS[: PASSED_CHECKS.index(step)], Check(step.name, False, step.clause, detail))
    indication = Indication.TOTAL_FAILED if sub_indication in _TOTAL_FAILED else Indication.INDETERMINATE
    subject, digest = (certificate.subject, certificate.sha256) if certificate else (None, None)
    return SignatureReport(indication, sub_indication, checks, at, subject, digest, raw_verifications)


def _signing_certificate(message: SignedMessage, known: Sequence[bytes]) -> tuple[CertificateFacts | None, str]:
    """The certificate with the hash the signed attribute names, if the SignerInfo and issuerSerial name it too; else why not."""
    wanted = message.signer.ess_certificate_sha256
    for candidate in (*message.signer.certificates, *known):
        try:
            facts = certificate_facts(candidate)
        except FormatFailure:
            continue
        if facts.sha256 != wanted:
            continue
        if facts.issuer != message.signer.signer_issuer or facts.serial != message.signer.signer_serial:
            return None, "the SignerInfo names another certificate than the signed attribute"
        if message.signer.ess_issuer is not None and (message.signer.ess_issuer, message.signer.ess_serial) != (facts.issuer, facts.serial):
            return None, "the issuer and serial number in the signed attribute are not those of the certificate it names"
        return facts, ""
    return None, "the certificate named by the signed attribute is not at hand"
