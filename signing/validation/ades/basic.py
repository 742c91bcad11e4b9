"""Validation of a basic signature at the control time (EN 319 102-1 §5.3): the building blocks in their order, all faults kept."""

from __future__ import annotations

from dataclasses import dataclass, replace

from signing.formats.claims import SignatureClaim
from signing.validation.ades.acceptance import CRYPTO, accept, accept_algorithms
from signing.validation.ades.context_initialisation import choose_policy
from signing.validation.ades.cryptographic import verify
from signing.validation.ades.format_checking import check_format
from signing.validation.ades.identification import identify
from signing.validation.ades.outcome import CURABLE, Fault, Record
from signing.validation.ades.policy import ValidationPolicy
from signing.validation.ades.subject import Signed, Surroundings
from signing.validation.ades.x509 import Certified, validate_certificate
from signing.validation.rfc5280.objects import Certificate


@dataclass(frozen=True, slots=True)
class Basic:
    """How far the building blocks came.

    ``fatal`` ends the validation, whatever else may be proven; ``faults`` are those of chain and algorithms, which a proof of existence
    may cure, in the order they are to be reported.
    """

    fatal: Fault | None
    faults: tuple[Fault, ...]
    policy: ValidationPolicy
    certificate: Certificate | None = None
    certified: Certified | None = None

    @property
    def fault(self) -> Fault | None:
        """The fault to report, ``None`` when the signature passed."""
        return self.fatal or next(iter(self.faults), None)


def validate_blocks(signed: Signed, around: Surroundings, record: Record) -> Basic:
    """Format, identification, chain, cryptography and algorithms of one SignerInfo, a token's too.

    (1) format checking               §5.2.2   ends the validation when it fails
    (2) identification                §5.2.3   the same
    (3) X.509 validation              §5.2.6   its faults are kept
    (4) cryptographic verification    §5.2.7   ends the validation when it fails
    (5) algorithms of the signature   §5.2.8   kept
    """
    fatal = check_format(signed.signer, record)
    if fatal is not None:
        return Basic(fatal, (), record.policy)
    certificate = identify(signed, around, record)
    if isinstance(certificate, Fault):
        return Basic(certificate, (), record.policy)
    certified = validate_certificate(certificate, signed.role, around, record)
    fatal = verify(signed, certificate, record)
    weak = None if fatal else accept_algorithms(signed.signer, certificate, record, around.at)
    faults = (*certified.faults, *([weak] if weak else []))
    return Basic(fatal, faults, record.policy, certificate, certified)


def validate_basic(claim: SignatureClaim, signed: Signed, around: Surroundings, record: Record) -> Basic:
    """As :func:`validate_blocks` under the policy the signature invokes (§5.2.4), with that policy's constraints (§5.2.8)."""
    chosen = choose_policy(signed.signer, record)
    if isinstance(chosen, Fault):
        # Format and identification come first (§5.3.4 steps 1 and 2): what breaks the format has no policy to ask for.
        early = Record(record.policy)
        fatal = check_format(signed.signer, early) or _not_identified(signed, around, early)
        return Basic(fatal or chosen, (), record.policy)
    record.policy = chosen
    basic = validate_blocks(signed, replace(around, policy=chosen), record)
    if basic.fatal is not None or basic.certified is None:
        return basic
    if any(fault.sub_indication not in CURABLE for fault in basic.faults):
        return basic
    constraint = accept(claim, basic.certified.path, record)
    return Basic(constraint, basic.faults, chosen, basic.certificate, basic.certified)


def _not_identified(signed: Signed, around: Surroundings, record: Record) -> Fault | None:
    found = identify(signed, around, record)
    return found if isinstance(found, Fault) else None


def concerns_signature(fault: Fault) -> bool:
    """Whether the material concerned is the signature value or a signed attribute, not its chain (§5.5.4 step 4 c)."""
    return fault.step == CRYPTO
