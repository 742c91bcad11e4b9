"""Keys, certificates, signature formats and validation: the public names of the package. Everything beneath is private to it.

A PKI is made by :class:`Pki` and served by :class:`TrustServices`; a :class:`CadesSigner` signs digests; :func:`parse_cms` reads a
signature strictly; a :class:`Validator` says what it is worth at a moment. Nothing here reads a clock, a network or a global generator.
"""

from __future__ import annotations

from signing.errors import FormatFailure, InvalidBehaviour, InvalidHolder, KeyUnusable, LetterRefused, SigningError
from signing.evidence import CrlSource, Evidence, TrustStore
from signing.formats.artefacts import Artefacts
from signing.formats.certificates import CertificateFacts, certificate_facts
from signing.formats.claims import Level as SignatureLevel
from signing.formats.claims import SignatureClaim
from signing.formats.cms import CadesSigner, CadesTemplate, parse_cms
from signing.formats.letter.augment import AwaitingStamp, add_document_timestamp, add_store, augment_letter, await_timestamp
from signing.formats.letter.claims import letter_claims
from signing.formats.letter.content import LetterContent
from signing.formats.letter.packing import PackedLetter, pack_letter, unpack_letter
from signing.formats.letter.press import LetterPress
from signing.formats.letter.reader import Letter, SignatureSlot, read_letter
from signing.formats.letter.stamped import StampSlot, read_stamped
from signing.formats.letter.verify import LetterReport, verify_letter
from signing.formats.message import SignedMessage
from signing.formats.timestamp import answers as answers_request
from signing.formats.timestamp import make_request as make_time_stamp_request
from signing.formats.timestamp import read_request as read_time_stamp_request
from signing.formats.timestamp import read_response as read_time_stamp_response
from signing.formats.token_message import TokenMessage, parse_token
from signing.keys import METER, Meter, Purpose, SigningKey
from signing.pki.authorities import Authority, Tree
from signing.pki.behaviour import HONEST, Behaviour, Service, Wrong
from signing.pki.hierarchy import Pki
from signing.pki.issue import Holder
from signing.pki.profiles import HolderKind, HolderSpec, KeyKind, RevocationReason
from signing.pki.spec import PkiSpec
from signing.services.app import MOMENT_HEADER, TrustServices
from signing.validation.ades.door import DocumentVerdict, validate_document
from signing.validation.ades.policy import ValidationPolicy
from signing.validation.ades.policy_file import load_policy
from signing.validation.path import PathCache
from signing.validation.policy import DEFAULT, FOREIGN, AlgorithmPolicy, AlgorithmRule
from signing.validation.report import Check, Indication, SignatureReport, SubIndication
from signing.validation.rfc5280.engine import ChainEngine, validate_chain
from signing.validation.rfc5280.settings import ChainPolicy, RevocationNeed, Usage
from signing.validation.stamps import StampReport
from signing.validation.validator import Validator
from signing.validation.verdicts import ChainVerdict, RevocationVerdict, SignatureVerdict, Standing

__all__ = [
    "DEFAULT",
    "FOREIGN",
    "HONEST",
    "METER",
    "MOMENT_HEADER",
    "AlgorithmPolicy",
    "AlgorithmRule",
    "Artefacts",
    "Authority",
    "AwaitingStamp",
    "Behaviour",
    "CadesSigner",
    "CadesTemplate",
    "CertificateFacts",
    "ChainEngine",
    "ChainPolicy",
    "ChainVerdict",
    "Check",
    "CrlSource",
    "DocumentVerdict",
    "Evidence",
    "FormatFailure",
    "Holder",
    "HolderKind",
    "HolderSpec",
    "Indication",
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
    "PackedLetter",
    "PathCache",
    "Pki",
    "PkiSpec",
    "Purpose",
    "RevocationNeed",
    "RevocationReason",
    "RevocationVerdict",
    "Service",
    "SignatureClaim",
    "SignatureLevel",
    "SignatureReport",
    "SignatureSlot",
    "SignatureVerdict",
    "SignedMessage",
    "SigningError",
    "SigningKey",
    "StampReport",
    "StampSlot",
    "Standing",
    "SubIndication",
    "TokenMessage",
    "Tree",
    "TrustServices",
    "TrustStore",
    "Usage",
    "ValidationPolicy",
    "Validator",
    "Wrong",
    "add_document_timestamp",
    "add_store",
    "answers_request",
    "augment_letter",
    "await_timestamp",
    "certificate_facts",
    "letter_claims",
    "load_policy",
    "make_time_stamp_request",
    "pack_letter",
    "parse_cms",
    "parse_token",
    "read_letter",
    "read_stamped",
    "read_time_stamp_request",
    "read_time_stamp_response",
    "unpack_letter",
    "validate_chain",
    "validate_document",
    "verify_letter",
]
