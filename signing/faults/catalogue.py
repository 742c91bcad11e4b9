"""All faults of the catalogue, their words, and what the engine says of a case."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

from signing.errors import FormatFailure
from signing.faults import chains, counters, letters, parameters, rules, shapes, signers, stamps, statuses
from signing.faults.model import Case, Expected, Fault, Words
from signing.formats.sandbox import Sandbox
from signing.formats.signed_object import SignedKind, SignedObject, read_signed
from signing.validation.ades.door import EACH, DocumentVerdict, validate_document
from signing.validation.ades.policy import Severity, ValidationPolicy
from signing.validation.ades.policy_file import load_policy, read_policy
from signing.validation.report import Check, SubIndication

SEED = "faults"
"""The seed of the catalogue's own files."""
LANGUAGES = ("en", "vi")
_FILES = ("letter", "signer", "chain", "revocation", "time", "format", "policy")


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the engine says of a case: the object as read, and the verdict on each signature and on the whole.

    ``document`` asks for the number and order of signatures only where the file is a PDF: a detached signature is judged by itself.
    """

    read: SignedObject
    document: DocumentVerdict

    @property
    def refusal(self) -> FormatFailure | None:
        """Why the bytes could not be read at all."""
        return self.read.refusal

    @property
    def signatures(self) -> tuple[SubIndication | None, ...]:
        """Sub-indication of each signature, ``None`` for TOTAL-PASSED."""
        return tuple(verdict.sub_indication for verdict in self.document.signatures)

    @property
    def remarks(self) -> tuple[Check, ...]:
        """Everything that failed or was remarked of signatures, of tokens and counter-signatures beside them, and of the whole."""
        found: list[Check] = []
        for verdict in self.document.signatures:
            found += [check for check in verdict.checks if not check.passed]
            found += [*verdict.warnings, *verdict.information]
            beside = (*(one.checks for one in verdict.tokens), *(one.checks for one in verdict.counter_signatures))
            found += [check for checks in beside for check in checks if not check.passed]
        return (*found, *(check for check in self.document.checks if not check.passed))

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the checks of the whole document that failed, each once, but for the one that sums up its signatures."""
        return tuple(dict.fromkeys(check.name for check in self.document.checks if not check.passed and check.name != EACH.name))

    def meets(self, expected: Expected) -> bool:
        """Whether it is what a fault's entry expects, with the very check and clause it names."""
        said = not expected.check or any(one.name == expected.check and expected.clause in one.clause for one in self.remarks)
        refused = (self.refusal is not None) == expected.refused
        tokens = [token.sub_indication for verdict in self.document.signatures for token in verdict.tokens]
        told = expected.token is None or expected.token in tokens
        return refused and said and told and self.signatures == expected.signatures and self.failed == expected.document


@cache
def every_fault() -> tuple[Fault, ...]:
    """Every fault of signed objects, by group. Faults of whole packages are the exchange's."""
    parts: tuple[Sequence[Fault], ...] = (
        *(signers.FAULTS, stamps.FAULTS, letters.FAULTS, statuses.FAULTS, chains.FAULTS),
        *(shapes.FAULTS, parameters.FAULTS, counters.FAULTS, rules.FAULTS),
    )
    every = tuple(fault for part in parts for fault in part)
    order = {group: number for number, group in enumerate(type(every[0].group))}
    return tuple(sorted(every, key=lambda one: order[one.group]))


def fault_named(name: str) -> Fault:
    """The fault of that name. Raises :class:`KeyError`."""
    return {one.name: one for one in every_fault()}[name]


def fault_words(name: str, lang: str = "en") -> Words:
    """What people are told about a fault of signed objects, ``lang`` being ``en`` or ``vi``. Raises :class:`KeyError`."""
    return _catalogue_words()[name][lang]


@cache
def _catalogue_words() -> Mapping[str, Mapping[str, Words]]:
    return read_words({name: text for file in _FILES for name, text in load_tables("signing.faults", f"{file}.toml").items()})


def read_words(tables: Mapping[str, Any]) -> Mapping[str, Mapping[str, Words]]:
    """Words by name and language from tables ``en.title``, ``en.what``, ``en.how``, the same in ``vi``, ``remedy``, ``difference`` and
    ``afterwards``.

    Remedy and differences are named, since many faults share them; they stand in ``words/remedies.toml`` and ``words/differences.toml``.
    """
    remedies, differences = (load_tables("signing.faults", f"{file}.toml") for file in ("remedies", "differences"))
    return {
        name: {
            lang: Words(
                **table[lang],
                remedy=remedies[table["remedy"]][lang],
                difference=_joined(table, "difference", differences, lang),
                afterwards=_joined(table, "afterwards", differences, lang),
            )
            for lang in LANGUAGES
        }
        for name, table in tables.items()
    }


def _joined(table: Mapping[str, Any], key: str, differences: Mapping[str, Any], lang: str) -> str:
    return " ".join(differences[one][lang] for one in table.get(key, ()))


def load_tables(package: str, name: str) -> dict[str, Any]:
    """A file of words beside a package's code."""
    return tomllib.loads(files(package).joinpath("words", name).read_text("utf-8"))


def vectors_of(sub_indication: SubIndication) -> tuple[str, ...]:
    """Names of the faults that show a sub-indication: of their first signature that does not pass, or of a time-stamp."""
    return tuple(one.name for one in every_fault() if sub_indication in (one.expected.sub_indication, one.expected.token))


def policy_of(case: Case) -> ValidationPolicy:
    """The policy a case is judged under."""
    return load_policy() if case.policy is None else read_policy("policy.toml", case.policy)


def rule_on(case: Case, sandbox: Sandbox | None = None) -> Ruling:
    """What the engine says of a case; never raises for what it holds."""
    found = read_signed(case.data, case.content, sandbox=sandbox)
    policy = policy_of(case)
    if found.kind not in (SignedKind.LETTER, SignedKind.PDF):
        policy = replace(policy, signatures=1, in_order=False)
    document = validate_document(found.claims, case.evidence, case.at, policy, case.existence)
    return Ruling(found, replace(document, checks=(*document.checks, *_of_the_file(found, policy))))


def _of_the_file(found: SignedObject, policy: ValidationPolicy) -> Iterator[Check]:
    """What the reader found on the whole file and the policy does not bear."""
    for rule, clause in found.findings:
        if policy.cost_of_finding(rule, clause) is Severity.FAIL:
            yield Check("finding", False, clause, rule)
