"""Keys, certificates, signature formats and validation: the public names of the package. Everything beneath is private to it.

A PKI is made by :class:`Pki` and served by :class:`TrustServices`; a :class:`CadesSigner` signs digests; :func:`parse_cms` reads a
signature strictly; a :class:`Validator` says what it is worth at a moment. Nothing here reads a clock, a network or a global generator.
"""

from __future__ import annotations

from signing.errors import FormatFailure, InvalidBehaviour, InvalidHolder, KeyUnusable, LetterRefused, SigningError
from signing.evidence import CrlSource, Evidence, TrustStore
from signing.formats.artefacts import Artefacts
from signing.formats.certificates import CertificateFacts, CrlFacts, certificate_facts, crl_facts
from signing.formats.claims import SignatureClaim, SignerClaim, TokenClaim
from signing.formats.cms import CadesSigner, CadesTemplate, parse_cms
from signing.formats.coverage import NOTHING_COVERS, STRUCTURE, SignedRange, Span
from signing.formats.letter.content import LetterContent
from signing.formats.letter.packing import PackedLetter, pack_letter, unpack_letter
from signing.formats.letter.press import LetterPress
from signing.formats.letter.reader import Letter, SignatureSlot, read_letter
from signing.formats.letter.verify import LetterReport, verify_letter
from signing.formats.message import SignedMessage
from signing.formats.pdf import NEEDS_EXTRA
from signing.formats.sandbox import Sandbox
from signing.formats.signed_object import Kind as ObjectKind
from signing.formats.signed_object import SignedObject, read_signed
from signing.keys import METER, Meter, Purpose, SigningKey
from signing.pki.authorities import Authority, Tree
from signing.pki.behaviour import HONEST, Behaviour, Service, Wrong
from signing.pki.hierarchy import Pki
from signing.pki.issue import Holder
from signing.pki.profiles import HolderKind, HolderSpec, KeyKind, RevocationReason
from signing.pki.spec import PkiSpec
from signing.services.app import MOMENT_HEADER, TrustServices
from signing.validation.ades.blast_radius import Change, blast_radius
from signing.validation.ades.door import DocumentVerdict, validate, validate_document
from signing.validation.ades.judge import ChainJudge
from signing.validation.ades.policy import CHECKS, Severity, ValidationPolicy
from signing.validation.ades.policy_file import PolicyFileError, load_policy, policies, policy_bytes, read_policy
from signing.validation.ades.rfc5280_judge import Rfc5280Judge
from signing.validation.ades.timeline import Interval, timeline
from signing.validation.artefact_files import CertificateWords, describe_certificate, sort_artefacts
from signing.validation.path import PathCache
from signing.validation.policy import DEFAULT, FOREIGN, AlgorithmPolicy, AlgorithmRule
from signing.validation.report import Check, Indication, SignatureReport, SubIndication
from signing.validation.rfc5280.engine import ChainEngine, validate_chain
from signing.validation.rfc5280.settings import ChainPolicy, RevocationNeed, Usage
from signing.validation.validator import Validator
from signing.validation.verdicts import (
    ChainVerdict,
    ProofOfExistence,
    RevocationVerdict,
    SignatureVerdict,
    Standing,
    TokenVerdict,
)

__all__ = [
    "CHECKS",
    "DEFAULT",
    "FOREIGN",
    "HONEST",
    "METER",
    "MOMENT_HEADER",
    "NEEDS_EXTRA",
    "NOTHING_COVERS",
    "STRUCTURE",
    "AlgorithmPolicy",
    "AlgorithmRule",
    "Artefacts",
    "Authority",
    "Behaviour",
    "CadesSigner",
    "CadesTemplate",
    "CertificateFacts",
    "CertificateWords",
    "ChainEngine",
    "ChainJudge",
    "ChainPolicy",
    "ChainVerdict",
    "Change",
    "Check",
    "CrlFacts",
    "CrlSource",
    "DocumentVerdict",
    "Evidence",
    "FormatFailure",
    "Holder",
    "HolderKind",
    "HolderSpec",
    "Indication",
    "Interval",
    "InvalidBehaviour",
    "InvalidHolder",
    "KeyKind",
    "KeyUnusable",
    "Letter",
    "LetterContent",
    "LetterPress",
    "LetterRefused",
    "LetterReport",
    "Meter",
    "ObjectKind",
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
    "Sandbox",
    "Service",
    "Severity",
    "SignatureClaim",
    "SignatureReport",
    "SignatureSlot",
    "SignatureVerdict",
    "SignedMessage",
    "SignedObject",
    "SignedRange",
    "SignerClaim",
    "SigningError",
    "SigningKey",
    "Span",
    "Standing",
    "SubIndication",
    "TokenClaim",
    "TokenVerdict",
    "Tree",
    "TrustServices",
    "TrustStore",
    "Usage",
    "ValidationPolicy",
    "Validator",
    "Wrong",
    "blast_radius",
    "certificate_facts",
    "crl_facts",
    "describe_certificate",
    "load_policy",
    "pack_letter",
    "parse_cms",
    "policies",
    "policy_bytes",
    "read_letter",
    "read_policy",
    "read_signed",
    "sort_artefacts",
    "timeline",
    "unpack_letter",
    "validate",
    "validate_chain",
    "validate_document",
    "verify_letter",
]
