"""Whose a letter is: who signed it belongs to the sender, and the page names sender and signer as the register does.

Of the steps of :mod:`exchange.verification` these are (1), (5) and (7). They ask a register and no package, so a letter outside one is held
against them as well (:func:`judge_letter`).
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from exchange.agreement import Finding, same_name
from exchange.domain.document import Capacity
from exchange.domain.identifiers import OrganId
from exchange.domain.organization import Directory, Organization, OrganStatus, PersonSigner
from exchange.errors import InvalidOrganId
from signing import LetterContent


class LetterFindings(NamedTuple):
    """What a register says of a letter; ``remarks`` refuse nothing."""

    violations: tuple[Finding, ...] = ()
    remarks: tuple[Finding, ...] = ()


class Belonging:
    """What a register says against a letter of one sender; ``violations`` refuse it, ``findings`` are remarks."""

    def __init__(self, sender_id: OrganId, directory: Directory) -> None:
        self.sender_id, self.directory = sender_id, directory
        self.sender = directory.lookup(sender_id)
        self.signers = directory.signers(sender_id)
        self.violations: list[Finding] = []
        self.findings: list[Finding] = []

    def violate(self, rule: str, detail: str, sub_indication: str = "") -> None:
        self.violations.append(Finding(rule, detail, sub_indication))

    def remark(self, rule: str, detail: str) -> None:
        self.findings.append(Finding(rule, detail))

    def check_membership(self) -> None:
        """The sender is known, and a member still."""
        if self.sender is None:
            self.violate("unknown-sender", f"the directory knows no organisation {self.sender_id}")
        elif self.sender.status is not OrganStatus.ACTIVE:
            self.violate(f"{self.sender.status}-sender", f"{self.sender.name} ({self.sender.id}) is {self.sender.status}")

    def check_signers(self, leader: str | None, seal: str | None, content: LetterContent) -> None:
        if leader is not None:
            self._check_leader(leader, content)
        if seal is not None:
            self.check_seal("organisation-not-sender", "the letter", seal)

    def _check_leader(self, subject: str, content: LetterContent) -> None:
        person = self.signers.persons.get(subject)
        if person is None:
            self.violate("leader-not-of-sender", f"{subject} may not sign for {self.sender_id}{self._whose(subject)}")
            return
        if content.capacity not in _printed(person.capacities):
            self.violate("capacity", f"{person.name} may not sign for {self.sender_id} with {content.capacity or 'no capacity prefix'}")
        self._check_drawn_signer(person, content)

    def _check_drawn_signer(self, person: PersonSigner, content: LetterContent) -> None:
        if not same_name(person.name, content.signer_name):
            self.violate("signer-name", f"the letter is signed by {person.name} and drawn as signed by {content.signer_name}")
        if person.position and not same_name(person.position, content.position):
            self.remark("position-differs", f"the register has {person.name} as {person.position}, the letter draws {content.position}")

    def check_issuing_body(self, content: LetterContent, sender: Organization) -> None:
        """Heading and seal show names: they must be those of the organisation whose seal it is, not of another one."""
        if not same_name(content.name, sender.name):
            self.violate("issuing-body", f"the letter is drawn as one of {content.name}, but {sender.id} is {sender.name}")
        if content.bloc != sender.bloc:
            self.violate(
                "issuing-body", f"the letter has the heading of the {content.bloc} bloc, but {sender.name} is of the {sender.bloc}"
            )
        superior = self.directory.lookup(sender.parent) if sender.parent is not None else None
        if content.parent_name and superior is None:
            self.remark(
                "superior-unknown", f"the letter is drawn under {content.parent_name}; the register has no superior of {sender.name}"
            )
        elif content.parent_name and superior is not None and not same_name(content.parent_name, superior.name):
            self.violate("issuing-body", f"the letter is drawn under {content.parent_name}, but {sender.name} is under {superior.name}")

    def check_seal(self, rule: str, what: str, subject: str) -> None:
        if subject not in self.signers.organisation:
            self.violate(rule, f"{what} is sealed by {subject}, not by {self.sender_id}{self._whose(subject)}")

    def _whose(self, subject: str) -> str:
        owner = self.directory.owner(subject)
        return f"; it belongs to {owner}" if owner is not None else "; no organisation of the directory holds it"


@lru_cache(maxsize=256)
def _printed(capacities: frozenset[Capacity]) -> frozenset[str]:
    return frozenset(one.value for one in capacities)


def judge_letter(content: LetterContent, register: Directory, leader: str | None, seal: str | None) -> LetterFindings:
    """Violations and remarks on a letter outside a package; who signed is given by RFC 4514 subject, ``None`` where that is not known.

    That its sender is no member any more is a remark: nobody is about to send it.
    """
    try:
        case = Belonging(OrganId.parse(content.sender_id), register)
    except InvalidOrganId:
        return LetterFindings((Finding("unknown-sender", f"the directory knows no organisation {content.sender_id}"),))
    case.check_membership()
    if case.sender is not None:
        case.findings, case.violations = case.violations, []
        case.check_issuing_body(content, case.sender)
    case.check_signers(leader, seal, content)
    return LetterFindings(tuple(case.violations), tuple(case.findings))
