"""Keys, certificates, signature formats and validation: the public names of the package. Everything beneath is private to it.

A PKI is made by :class:`Pki`; a :class:`CadesSigner` signs digests; :func:`parse_cms` reads a signature strictly; a :class:`Validator`
says what it is worth at a moment. :func:`read_signed` is the auditor's door: whatever signed file comes, it gives claims. Nothing here
reads a clock, a network or a global generator.
"""

from __future__ import annotations

from signing.errors import FormatFailure, InvalidHolder, KeyUnusable, LetterRefused, SigningError
from signing.evidence import CrlSource, TrustStore
from signing.formats.artefacts import Artefacts
from signing.formats.cades import Stamp, add_archive_timestamp, add_evidence, add_signature_timestamp
from signing.formats.certificates import CertificateFacts, certificate_facts
from signing.formats.claims import Level, SignatureClaim, SignerClaim, TokenClaim
from signing.formats.cms import CadesSigner, CadesTemplate, parse_cms
from signing.formats.coverage import Span
from signing.formats.letter.augment import augment_letter
from signing.formats.letter.claims import LetterClaims, letter_claims
from signing.formats.letter.content import LetterContent
from signing.formats.letter.packing import PackedLetter, pack_letter, unpack_letter
from signing.formats.letter.press import LetterPress
from signing.formats.letter.reader import Letter, SignatureSlot, read_letter
from signing.formats.letter.verify import LetterReport, verify_letter
from signing.formats.message import SignedMessage
from signing.formats.sandbox import Sandbox
from signing.formats.signed_object import SignedKind, SignedObject, read_signed
from signing.keys import METER, Meter, Purpose, SigningKey
from signing.pki.hierarchy import Pki, PkiSpec
from signing.pki.issue import Holder
from signing.pki.profiles import Authority, HolderKind, HolderSpec, KeyKind, RevocationReason
from signing.validation.path import PathCache
from signing.validation.policy import DEFAULT, AlgorithmPolicy, AlgorithmRule
from signing.validation.report import Check, Indication, SignatureReport, SubIndication
from signing.validation.validator import Validator

__all__ = [
    "DEFAULT",
    "METER",
    "AlgorithmPolicy",
    "AlgorithmRule",
    "Artefacts",
    "Authority",
    "CadesSigner",
    "CadesTemplate",
    "CertificateFacts",
    "Check",
    "CrlSource",
    "FormatFailure",
    "Holder",
    "HolderKind",
    "HolderSpec",
    "Indication",
    "InvalidHolder",
    "KeyKind",
    "KeyUnusable",
    "Letter",
    "LetterClaims",
    "LetterContent",
    "LetterPress",
    "LetterRefused",
    "LetterReport",
    "Level",
    "Meter",
    "PackedLetter",
    "PathCache",
    "Pki",
    "PkiSpec",
    "Purpose",
    "RevocationReason",
    "Sandbox",
    "SignatureClaim",
    "SignatureReport",
    "SignatureSlot",
    "SignedKind",
    "SignedMessage",
    "SignedObject",
    "SignerClaim",
    "SigningError",
    "SigningKey",
    "Span",
    "Stamp",
    "SubIndication",
    "TokenClaim",
    "TrustStore",
    "Validator",
    "add_archive_timestamp",
    "add_evidence",
    "add_signature_timestamp",
    "augment_letter",
    "certificate_facts",
    "letter_claims",
    "pack_letter",
    "parse_cms",
    "read_letter",
    "read_signed",
    "unpack_letter",
    "verify_letter",
]
