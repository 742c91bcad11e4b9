"""Keys, certificates, signature formats and validation: the public names of the package. Everything beneath is private to it.

A PKI is made by :class:`Pki`; a :class:`CadesSigner` signs digests; :func:`parse_cms` reads a signature strictly; a :class:`Validator`
says what it is worth at a moment. Nothing here reads a clock, a network or a global generator.
"""

from __future__ import annotations

from signing.errors import FormatFailure, InvalidHolder, KeyUnusable, LetterRefused, SigningError
from signing.evidence import CrlSource, Evidence, TrustStore
from signing.formats.certificates import CertificateFacts, certificate_facts
from signing.formats.cms import CadesSigner, CadesTemplate, parse_cms
from signing.formats.letter.content import LetterContent
from signing.formats.letter.packing import PackedLetter, pack_letter, unpack_letter
from signing.formats.letter.press import LetterPress
from signing.formats.letter.reader import Letter, SignatureSlot, read_letter
from signing.formats.letter.verify import LetterReport, verify_letter
from signing.formats.message import SignedMessage
from signing.keys import METER, Meter, Purpose, SigningKey
from signing.pki.hierarchy import Pki, PkiSpec
from signing.pki.issue import Holder
from signing.pki.profiles import Authority, HolderKind, HolderSpec, KeyKind, RevocationReason
from signing.validation.ades.blast_radius import Change, blast_radius
from signing.validation.ades.door import DocumentVerdict, validate_document
from signing.validation.ades.door import validate as validate_claim
from signing.validation.ades.policy import Severity, ValidationPolicy
from signing.validation.ades.policy_file import PolicyFileError, load_policy
from signing.validation.ades.policy_file import policies as validation_policies
from signing.validation.ades.rfc5280_judge import Rfc5280Judge
from signing.validation.ades.timeline import Interval
from signing.validation.ades.timeline import timeline as verdict_timeline
from signing.validation.path import PathCache
from signing.validation.policy import DEFAULT, FOREIGN, AlgorithmPolicy, AlgorithmRule
from signing.validation.report import Check, Indication, SignatureReport, SubIndication
from signing.validation.rfc5280.engine import ChainEngine, validate_chain
from signing.validation.rfc5280.settings import ChainPolicy, RevocationNeed, Usage
from signing.validation.validator import Validator
from signing.validation.verdicts import ChainVerdict, ProofOfExistence, RevocationVerdict, SignatureVerdict, Standing, TokenVerdict

__all__ = [
    "DEFAULT",
    "FOREIGN",
    "METER",
    "AlgorithmPolicy",
    "AlgorithmRule",
    "Authority",
    "CadesSigner",
    "CadesTemplate",
    "CertificateFacts",
    "ChainEngine",
    "ChainPolicy",
    "ChainVerdict",
    "Change",
    "Check",
    "CrlSource",
    "DocumentVerdict",
    "Evidence",
    "FormatFailure",
    "Holder",
    "HolderKind",
    "HolderSpec",
    "Indication",
    "Interval",
    "InvalidHolder",
    "KeyKind",
    "KeyUnusable",
    "Letter",
    "LetterContent",
    "LetterPress",
    "LetterRefused",
    "LetterReport",
    "Meter",
    "PackedLetter",
    "PathCache",
    "Pki",
    "PkiSpec",
    "PolicyFileError",
    "ProofOfExistence",
    "Purpose",
    "RevocationNeed",
    "RevocationReason",
    "RevocationVerdict",
    "Rfc5280Judge",
    "Severity",
    "SignatureReport",
    "SignatureSlot",
    "SignatureVerdict",
    "SignedMessage",
    "SigningError",
    "SigningKey",
    "Standing",
    "SubIndication",
    "TokenVerdict",
    "TrustStore",
    "Usage",
    "ValidationPolicy",
    "Validator",
    "blast_radius",
    "certificate_facts",
    "load_policy",
    "pack_letter",
    "parse_cms",
    "read_letter",
    "unpack_letter",
    "validate_chain",
    "validate_claim",
    "validate_document",
    "validation_policies",
    "verdict_timeline",
    "verify_letter",
]
