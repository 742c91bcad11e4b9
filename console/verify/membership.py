"""Whose the signatures of a package or a lone letter are: the axis' rules, asked once it is known who signed, by a register and policy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from console.verify.opening import Subject
from console.verify.trust import Register
from exchange.belonging import LetterFindings, judge_letter
from exchange.inspection import Inspection, inspect_again, letter_alone
from exchange.trust import Terms
from exchange.verification import Signatories
from signing import LEADER_FIELD, SEAL_FIELD, Severity, SignatureVerdict, ValidationPolicy, describe_certificate

Signed = Sequence[tuple[Subject, Sequence[SignatureVerdict]]]
"""The signed things of a package with what their signatures are worth."""
SECRET = "secret"
"""The finding that policies weigh: whether a secret letter may travel is a term of the road it takes."""


def belonging(package: Inspection, signed: Signed, register: Register | None, terms: Terms | None, policy: ValidationPolicy) -> Inspection:
    """The package by the register, where there is one; ``terms`` are those of the axis that took it, where they are known."""
    cost = policy.cost_of_finding(SECRET, "")
    told = inspect_again(
        package,
        None if register is None else register.directory,
        _signatories(signed),
        accept_secret=cost is not Severity.FAIL or (terms is not None and terms.accept_secret),
        accept_sealed_files=terms is not None and terms.accept_sealed_files,
    )
    return told if cost is not Severity.IGNORE else replace(told, remarks=tuple(one for one in told.remarks if one.rule != SECRET))


def belonging_alone(signed: Signed, register: Register) -> LetterFindings | None:
    """A letter outside a package by a register; ``None`` for what is no letter that could be read."""
    letter = next((found for subject, _ in signed if subject.as_document and (found := letter_alone(subject.data))), None)
    if letter is None:
        return None
    who = _signatories(signed)
    return judge_letter(letter.content, register.directory, who.leader, who.seal)


def _signatories(signed: Signed) -> Signatories:
    """By the certificates that the signatures were found to be of, whatever these are worth: that is told beside it."""
    of_letter = {one.name: one for subject, signatures in signed if subject.as_document for one in signatures}
    leader, seal = (next(_subjects([of_letter[name]]), None) if name in of_letter else None for name in (LEADER_FIELD, SEAL_FIELD))
    annexes = {subject.content_name: tuple(_subjects(signatures)) for subject, signatures in signed if subject.content_name}
    return Signatories(leader, seal, annexes)


def _subjects(signatures: Sequence[SignatureVerdict]) -> Iterator[str]:
    for one in signatures:
        words = None if one.chain is None else describe_certificate(one.chain.chain[0])
        if words is not None:
            yield words.subject
