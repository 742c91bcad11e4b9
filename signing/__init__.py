"""Keys, certificates, signature formats and validation: the public names of the package. Everything beneath is private to it.

A PKI is made by :class:`Pki` and served by :class:`TrustServices`; a :class:`CadesSigner` signs digests; :func:`parse_cms` reads a
signature strictly; a :class:`Validator` says what it is worth at a moment. :func:`read_signed` is the auditor's door: whatever signed file
comes, it gives claims. Nothing here reads a clock, a network or a global generator.
"""

from __future__ import annotations

from signing.errors import FormatFailure, InvalidBehaviour, InvalidHolder, KeyUnusable, LetterRefused, SigningError
from signing.evidence import CrlSource, Evidence, TrustStore
from signing.faults.catalogue import SEED as FAULT_SEED
from signing.faults.catalogue import Ruling, every_fault, fault_named, fault_words, rule_on, vectors_of
from signing.faults.catalogue import load_tables as fault_tables
from signing.faults.catalogue import read_words as read_fault_words
from signing.faults.incident import Incident
from signing.faults.model import Case as FaultCase
from signing.faults.model import Fault, Finder
from signing.faults.model import Form as FaultForm
from signing.faults.model import Group as FaultGroup
from signing.faults.model import Words as FaultWords
from signing.faults.workshop import LEADER as FAULT_LEADER
from signing.faults.workshop import LETTER as FAULT_CONTENT
from signing.faults.workshop import LETTER_DAY as FAULT_DAY
from signing.faults.workshop import NUMBER as FAULT_NUMBER
from signing.faults.workshop import SEAL as FAULT_SEAL
from signing.faults.workshop import SIGNED_AT as FAULT_AT
from signing.faults.workshop import Workshop
from signing.formats.artefacts import Artefacts
from signing.formats.cades import Stamp, add_archive_timestamp, add_evidence, add_signature_timestamp
from signing.formats.certificates import CertificateFacts, CrlFacts, certificate_facts, crl_facts
from signing.formats.claims import Level as SignatureLevel
from signing.formats.claims import SignatureClaim, SignerClaim, TokenClaim
from signing.formats.cms import CadesSigner, CadesTemplate, parse_cms
from signing.formats.coverage import NOTHING_COVERS, STRUCTURE, SignedRange, Span
from signing.formats.letter.augment import AwaitingStamp, add_document_timestamp, add_store, augment_letter, await_timestamp
from signing.formats.letter.claims import LEADER as LEADER_FIELD
from signing.formats.letter.claims import SEAL as SEAL_FIELD
from signing.formats.letter.claims import LetterClaims, letter_claims
from signing.formats.letter.content import LetterContent
from signing.formats.letter.frame import check_frame
from signing.formats.letter.packing import PackedLetter, PackedUnsealed, pack_letter, pack_unsealed, unpack_letter, unpack_unsealed
from signing.formats.letter.press import LetterPress
from signing.formats.letter.reader import Letter, SignatureSlot, read_letter
from signing.formats.letter.stamped import StampSlot, read_stamped
from signing.formats.letter.unpacked import UnpackedLetter, open_letters, open_packed
from signing.formats.letter.verify import LetterReport, verify_letter, verify_letters
from signing.formats.message import SignedMessage
from signing.formats.pdf import NEEDS_EXTRA
from signing.formats.sandbox import Sandbox
from signing.formats.signed_object import SignedKind, SignedObject, read_signed
from signing.formats.timestamp import answers as answers_request
from signing.formats.timestamp import make_request as make_time_stamp_request
from signing.formats.timestamp import read_request as read_time_stamp_request
from signing.formats.timestamp import read_response as read_time_stamp_response
from signing.formats.token_message import TokenMessage, parse_token
from signing.keys import METER, READING, Meter, Purpose, SigningKey
from signing.pki.authorities import Authority, Tree
from signing.pki.behaviour import HONEST, Behaviour, Service, Wrong, spoil
from signing.pki.hierarchy import Pki
from signing.pki.issue import Holder
from signing.pki.profiles import HolderKind, HolderSpec, KeyKind, RevocationReason
from signing.pki.spec import PkiSpec
from signing.records import quickly_made
from signing.services.app import MOMENT_HEADER, TrustServices
from signing.text import stream_safe
from signing.validation.ades.blast_radius import Change, blast_radius
from signing.validation.ades.door import DocumentVerdict, validate_document
from signing.validation.ades.door import validate as validate_claim
from signing.validation.ades.judge import ChainJudge
from signing.validation.ades.policy import CHECKS, Severity, ValidationPolicy
from signing.validation.ades.policy_file import PolicyFileError, load_policy, policy_bytes, read_policy
from signing.validation.ades.policy_file import policies as validation_policies
from signing.validation.ades.rfc5280_judge import Rfc5280Judge
from signing.validation.ades.timeline import Interval
from signing.validation.ades.timeline import timeline as verdict_timeline
from signing.validation.artefact_files import CertificateWords, describe_certificate, sort_artefacts
from signing.validation.path import PathCache, PathStep
from signing.validation.policy import DEFAULT, FOREIGN, AlgorithmPolicy, AlgorithmRule
from signing.validation.report import Check, Indication, SignatureReport, SubIndication
from signing.validation.rfc5280.engine import ChainEngine, validate_chain
from signing.validation.rfc5280.settings import ChainPolicy, RevocationNeed, Usage
from signing.validation.stamps import StampReport
from signing.validation.validator import Asked, Validator
from signing.validation.verdicts import ChainVerdict, ProofOfExistence, RevocationVerdict, SignatureVerdict, Standing, TokenVerdict

__all__ = [
    "CHECKS",
    "DEFAULT",
    "FAULT_AT",
    "FAULT_CONTENT",
    "FAULT_DAY",
    "FAULT_LEADER",
    "FAULT_NUMBER",
    "FAULT_SEAL",
    "FAULT_SEED",
    "FOREIGN",
    "HONEST",
    "LEADER_FIELD",
    "METER",
    "MOMENT_HEADER",
    "NEEDS_EXTRA",
    "NOTHING_COVERS",
    "READING",
    "SEAL_FIELD",
    "STRUCTURE",
    "AlgorithmPolicy",
    "AlgorithmRule",
    "Artefacts",
    "Asked",
    "Authority",
    "AwaitingStamp",
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
    "Fault",
    "FaultCase",
    "FaultForm",
    "FaultGroup",
    "FaultWords",
    "Finder",
    "FormatFailure",
    "Holder",
    "HolderKind",
    "HolderSpec",
    "Incident",
    "Indication",
    "Interval",
    "InvalidBehaviour",
    "InvalidHolder",
    "KeyKind",
    "KeyUnusable",
    "Letter",
    "LetterClaims",
    "LetterContent",
    "LetterPress",
    "LetterRefused",
    "LetterReport",
    "Meter",
    "PackedLetter",
    "PackedUnsealed",
    "PathCache",
    "PathStep",
    "Pki",
    "PkiSpec",
    "PolicyFileError",
    "ProofOfExistence",
    "Purpose",
    "RevocationNeed",
    "RevocationReason",
    "RevocationVerdict",
    "Rfc5280Judge",
    "Ruling",
    "Sandbox",
    "Service",
    "Severity",
    "SignatureClaim",
    "SignatureLevel",
    "SignatureReport",
    "SignatureSlot",
    "SignatureVerdict",
    "SignedKind",
    "SignedMessage",
    "SignedObject",
    "SignedRange",
    "SignerClaim",
    "SigningError",
    "SigningKey",
    "Span",
    "Stamp",
    "StampReport",
    "StampSlot",
    "Standing",
    "SubIndication",
    "TokenClaim",
    "TokenMessage",
    "TokenVerdict",
    "Tree",
    "TrustServices",
    "TrustStore",
    "UnpackedLetter",
    "Usage",
    "ValidationPolicy",
    "Validator",
    "Workshop",
    "Wrong",
    "add_archive_timestamp",
    "add_document_timestamp",
    "add_evidence",
    "add_signature_timestamp",
    "add_store",
    "answers_request",
    "augment_letter",
    "await_timestamp",
    "blast_radius",
    "certificate_facts",
    "check_frame",
    "crl_facts",
    "describe_certificate",
    "every_fault",
    "fault_named",
    "fault_tables",
    "fault_words",
    "letter_claims",
    "load_policy",
    "make_time_stamp_request",
    "open_letters",
    "open_packed",
    "pack_letter",
    "pack_unsealed",
    "parse_cms",
    "parse_token",
    "policy_bytes",
    "quickly_made",
    "read_fault_words",
    "read_letter",
    "read_policy",
    "read_signed",
    "read_stamped",
    "read_time_stamp_request",
    "read_time_stamp_response",
    "rule_on",
    "sort_artefacts",
    "spoil",
    "stream_safe",
    "unpack_letter",
    "unpack_unsealed",
    "validate_chain",
    "validate_claim",
    "validate_document",
    "validation_policies",
    "vectors_of",
    "verdict_timeline",
    "verify_letter",
    "verify_letters",
]
