"""Keys, certificates, signature formats and validation: the public names of the package. Everything beneath is private to it.

A PKI is made by :class:`Pki` and served by :class:`TrustServices`; a :class:`CadesSigner` signs digests; :func:`parse_cms` reads a
signature strictly; a :class:`Validator` says what it is worth at a moment. Nothing here reads a clock, a network or a global generator.
"""

from __future__ import annotations

from signing.errors import FormatFailure, InvalidBehaviour, InvalidHolder, KeyUnusable, LetterRefused, SigningError
from signing.evidence import CrlSource, Evidence, TrustStore
from signing.formats.certificates import CertificateFacts, CrlFacts, certificate_facts, crl_facts
from signing.formats.cms import CadesSigner, CadesTemplate, parse_cms
from signing.formats.letter.content import LetterContent
from signing.formats.letter.packing import PackedLetter, pack_letter, unpack_letter
from signing.formats.letter.press import LetterPress
from signing.formats.letter.reader import Letter, SignatureSlot, read_letter
from signing.formats.letter.verify import LetterReport, verify_letter
from signing.formats.message import SignedMessage
from signing.keys import METER, Meter, Purpose, SigningKey
from signing.pki.authorities import Authority, Tree
from signing.pki.behaviour import HONEST, Behaviour, Service, Wrong
from signing.pki.hierarchy import Pki
from signing.pki.issue import Holder
from signing.pki.profiles import HolderKind, HolderSpec, KeyKind, RevocationReason
from signing.pki.spec import PkiSpec
from signing.services.app import MOMENT_HEADER, TrustServices
from signing.validation.path import PathCache
from signing.validation.policy import DEFAULT, FOREIGN, AlgorithmPolicy, AlgorithmRule
from signing.validation.report import Check, Indication, SignatureReport, SubIndication
from signing.validation.rfc5280.engine import ChainEngine, validate_chain
from signing.validation.rfc5280.settings import ChainPolicy, RevocationNeed, Usage
from signing.validation.validator import Validator
from signing.validation.verdicts import ChainVerdict, RevocationVerdict, Standing

__all__ = [
    "DEFAULT",
    "FOREIGN",
    "HONEST",
    "METER",
    "MOMENT_HEADER",
    "AlgorithmPolicy",
    "AlgorithmRule",
    "Authority",
    "Behaviour",
    "CadesSigner",
    "CadesTemplate",
    "CertificateFacts",
    "ChainEngine",
    "ChainPolicy",
    "ChainVerdict",
    "Check",
    "CrlFacts",
    "CrlSource",
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
    "SignatureReport",
    "SignatureSlot",
    "SignedMessage",
    "SigningError",
    "SigningKey",
    "Standing",
    "SubIndication",
    "Tree",
    "TrustServices",
    "TrustStore",
    "Usage",
    "Validator",
    "Wrong",
    "certificate_facts",
    "crl_facts",
    "pack_letter",
    "parse_cms",
    "read_letter",
    "unpack_letter",
    "validate_chain",
    "verify_letter",
]
