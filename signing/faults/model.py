"""What a fault of the catalogue is: a name, words for a clerk, what the engine must say, and how the file is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from signing.evidence import Evidence
from signing.faults.incident import Incident
from signing.validation.ades.outcome import indication
from signing.validation.report import Indication, SubIndication
from signing.validation.verdicts import ProofOfExistence


class Group(StrEnum):
    """Where in the catalogue a fault stands."""

    SOUND = "sound"
    LETTER = "letter"
    SIGNER = "signer"
    CHAIN = "chain"
    REVOCATION = "revocation"
    TIME = "time"
    FORMAT = "format"
    POLICY = "policy"
    PACKAGE = "package"


class Finder(StrEnum):
    """Who finds a fault first, where everybody does the own work."""

    CLERK = "clerk"
    """The receiving clerk, by looking."""
    DOOR = "door"
    """The reader: the bytes are refused before anybody asks who signed."""
    AXIS = "axis"
    """The axis' verification after receipt."""
    AUDITOR = "auditor"
    """Only a validation with all evidence, maybe years later."""


class Form(StrEnum):
    """What kind of file shows the fault."""

    LETTER = "letter"
    PDF = "pdf"
    CMS = "cms"
    PACKAGE = "package"


@dataclass(frozen=True, slots=True)
class Words:
    """What people are told, in one language: title, what is wrong, who does it and how it comes about, and what to do."""

    title: str
    what: str
    how: str
    remedy: str
    difference: str = ""
    """Why OpenSSL or pyHanko judge otherwise, where they do."""
    afterwards: str = ""
    """Why an auditor who has the files alone is answered otherwise, where he is."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What the engine must say.

    ``signatures`` has one entry per signature in the order of the file: its sub-indication, ``None`` for TOTAL-PASSED; empty where nothing
    can be read as a signature. ``check`` is the failed check (or, for what passes with a remark, the remark's) that says why, ``clause``
    what it cites; both empty for what simply passes. ``document`` are the failed checks of the document as a whole. ``refused`` is true
    where the bytes cannot be read at all (FORMAT_FAILURE). ``token`` is the sub-indication of a time-stamp, where that is the fault.
    """

    signatures: tuple[SubIndication | None, ...]
    check: str = ""
    clause: str = ""
    document: tuple[str, ...] = ()
    refused: bool = False
    token: SubIndication | None = None

    @property
    def sub_indication(self) -> SubIndication | None:
        """Of the first signature that does not pass."""
        return SubIndication.FORMAT_FAILURE if self.refused else next((one for one in self.signatures if one is not None), None)

    @property
    def indication(self) -> Indication:
        """Of the same; a document that lacks a signature is INDETERMINATE for the policy, whatever those it has are worth."""
        found = indication(self.sub_indication)
        return Indication.INDETERMINATE if self.document and found is Indication.TOTAL_PASSED else found


@dataclass(frozen=True, slots=True)
class Peers:
    """Whether others accept each signature; ``None`` where they are not asked, since they cannot be told what the vector is about.

    OpenSSL is asked by ``cms -verify -cades -purpose any -crl_check_all`` at the control time, with the lists of the vector; pyHanko by
    its validation with all evidence and ``revocation_mode`` *require*. A file with several signers has one answer.
    """

    openssl: tuple[bool, ...] | None = None
    pyhanko: tuple[bool, ...] | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """A fault as a file with all that is needed to judge it.

    ``content`` is what a detached signature was made over. ``policy`` is a policy file (TOML), ``None`` for the field's. ``existence`` are
    proofs from outside (receipts of the axis).
    """

    data: bytes
    at: datetime
    evidence: Evidence
    content: bytes | None = None
    policy: bytes | None = None
    existence: tuple[ProofOfExistence, ...] = ()


@dataclass(frozen=True, slots=True)
class Fault:
    """One vector. ``build(seed)`` makes its case; ``incident`` is how it befalls a real letter, where it can.

    ``afterwards`` is what is answered in the place of the expected sub-indication when the files alone are judged as of a named moment,
    where that is another one: naming a moment proves nothing, and receipts are not among the files.
    """

    name: str
    group: Group
    form: Form
    finders: tuple[Finder, ...]
    expected: Expected
    build: Callable[[str], Case] = field(repr=False)
    peers: Peers = Peers()
    incident: Incident | None = field(default=None, repr=False)
    afterwards: SubIndication | None = None
