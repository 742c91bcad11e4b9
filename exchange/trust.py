"""What verdicts stand on, kept with them: certificates, revocation lists, the register of who may sign for whom.

At its opening an axis writes down by what it will judge, once for each change; each sealing adds the revocation lists that were in force.
So an archive can be judged again where nobody ever saw the axis. The anchors lie in it too, but that they are the right ones must be known
from outside: an archive cannot vouch for itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from sqlalchemy import bindparam, func, insert, select

from exchange.domain.document import Capacity
from exchange.domain.identifiers import OrganId
from exchange.domain.organization import Bloc, Directory, Level, Organization, OrganStatus, PersonSigner, Signers
from exchange.errors import DomainError
from exchange.receipts import canonical
from exchange.settings import AxisSettings
from exchange.store.tables import evidence, trust, verdict
from exchange.store.work import Work
from signing import TrustStore, certificate_facts, stream_safe


class EvidenceKind(StrEnum):
    """What an artefact is."""

    ANCHOR = "anchor"
    AUTHORITY = "authority"
    CRL = "crl"
    AXIS = "axis"
    """The certificate receipts, refusals and checkpoints are signed under."""
    REGISTER = "register"


@dataclass(frozen=True, slots=True)
class Terms:
    """By what an axis judges: artefacts by SHA-256, and the settings that decide."""

    anchors: tuple[bytes, ...]
    authorities: tuple[bytes, ...]
    axis: bytes
    register: bytes
    operator: str
    origin: str
    accept_secret: bool
    accept_sealed_files: bool = False
    """Stands in the statement only where it is so: statements made before there was a choice read as they always did."""

    def statement(self) -> bytes:
        """Canonical JSON."""
        return canonical(
            {
                **({"accept_sealed_files": "1"} if self.accept_sealed_files else {}),
                "accept_secret": str(int(self.accept_secret)),
                "anchors": " ".join(digest.hex() for digest in self.anchors),
                "authorities": " ".join(digest.hex() for digest in self.authorities),
                "axis": self.axis.hex(),
                "operator": self.operator,
                "origin": self.origin,
                "register": self.register.hex(),
            }
        )

    @classmethod
    def read(cls, statement: bytes) -> Terms:
        """The terms of a statement. Raises ``ValueError`` for anything but the canonical bytes of one."""
        try:
            said = json.loads(statement)
            terms = cls(
                tuple(map(bytes.fromhex, said["anchors"].split())), tuple(map(bytes.fromhex, said["authorities"].split())),
                bytes.fromhex(said["axis"]), bytes.fromhex(said["register"]), said["operator"], said["origin"],
                said["accept_secret"] == "1", said.get("accept_sealed_files") == "1",
            )  # fmt: skip
        except (KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError("the terms are no JSON object of texts") from error
        if terms.statement() != statement:
            raise ValueError("the terms are not in canonical form")
        return terms


_KNOWN = select(evidence.c.sha256).where(evidence.c.kind == bindparam("kind"), evidence.c.sha256.in_(bindparam("digests", expanding=True)))
_EVIDENCE = insert(evidence)
_TRUST = insert(trust)
_NEWEST = select(trust.c.statement).order_by(trust.c.id.desc()).limit(1)
_VERDICTS = select(func.coalesce(func.max(verdict.c.id), 0))


def record_terms(work: Work, settings: AxisSettings, directory: Directory, store: TrustStore, axis_certificate: bytes) -> None:
    """Write down by what this axis judges from now on, unless the last row says the same. The first one speaks for all before it."""
    register = write_register(directory)
    terms = Terms(
        tuple(sha256(one).digest() for one in store.anchors), tuple(sha256(one).digest() for one in store.authorities),
        sha256(axis_certificate).digest(), sha256(register).digest(), str(settings.organ), settings.origin, settings.accept_secret,
        settings.accept_sealed_files,
    )  # fmt: skip
    newest, statement = work.value(_NEWEST), terms.statement()
    if newest == statement:
        return
    for kind, artefacts in (
        (EvidenceKind.ANCHOR, store.anchors), (EvidenceKind.AUTHORITY, store.authorities), (EvidenceKind.AXIS, (axis_certificate,)),
        (EvidenceKind.REGISTER, (register,)),
    ):  # fmt: skip
        _keep(work, kind, artefacts)
    work.run(_TRUST, {"after": 0 if newest is None else work.value(_VERDICTS), "statement": statement})


def record_lists(work: Work, store: TrustStore, moments: Iterable[datetime]) -> None:
    """Keep the revocation lists in force at these moments, each once."""
    issuers = [certificate_facts(one).subject_der for one in (*store.anchors, *store.authorities)]
    lists: dict[bytes, None] = {}
    for moment in moments:
        for issuer in issuers:
            found = store.crl_source(issuer, moment)
            if found is not None:
                lists[found] = None
    _keep(work, EvidenceKind.CRL, tuple(lists))


def _keep(work: Work, kind: EvidenceKind, artefacts: Sequence[bytes]) -> None:
    by_digest = {sha256(one).digest(): one for one in artefacts}
    known = {row[0] for row in work.all_of(_KNOWN, "digests", list(by_digest), {"kind": kind.value})}
    fresh = [(digest, one) for digest, one in by_digest.items() if digest not in known]
    work.many(_EVIDENCE, [{"kind": kind.value, "sha256": digest, "data": one} for digest, one in fresh])


def write_register(directory: Directory) -> bytes:
    """The register as JSON: organisations in order of their codes, then who may sign, in the register's own order."""
    fields = {
        "organisations": [
            {
                "id": str(one.id), "name": one.name, "level": one.level.value, "bloc": one.bloc.value, "province": one.province,
                "parent": None if one.parent is None else str(one.parent), "status": one.status.value,
                "aliases": [str(alias) for alias in one.aliases],
            }
            for one in directory.organizations()
        ],
        "signers": [
            {"id": str(organ), "seals": sorted(entry.organisation), "persons": [_person(person) for person in entry.persons.values()]}
            for organ, entry in directory.entitled().items()
        ],
    }  # fmt: skip
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def _person(person: PersonSigner) -> dict[str, Any]:
    capacities = sorted(one.value for one in person.capacities)
    return {"subject": person.subject, "name": person.name, "position": person.position, "capacities": capacities}


def read_register(data: bytes) -> Directory:
    """The register again. Raises ``ValueError`` when the bytes are none."""
    try:
        fields = json.loads(data)
        organisations = [
            Organization(
                OrganId.parse(one["id"]), _text(one["name"]), Level(one["level"]), Bloc(one["bloc"]), _text(one["province"]),
                None if one["parent"] is None else OrganId.parse(one["parent"]), OrganStatus(one["status"]),
                tuple(OrganId.parse(alias) for alias in one["aliases"]),
            )
            for one in fields["organisations"]
        ]  # fmt: skip
        signers = {OrganId.parse(one["id"]): _signers(one) for one in fields["signers"]}
        return Directory(organisations, signers)
    except (KeyError, TypeError, AttributeError, RecursionError, DomainError) as error:
        raise ValueError(f"the register cannot be read: {error}") from error


def _signers(one: Any) -> Signers:
    persons = (
        PersonSigner(
            _text(person["subject"]), _text(person["name"]), _text(person["position"]), frozenset(map(Capacity, person["capacities"]))
        )
        for person in one["persons"]
    )
    return Signers.of(map(_text, one["seals"]), persons)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.40} is no text")
    value.encode()  # JSON can say half of a character, and no report can
    if not value.isascii() and not stream_safe(value):  # it is compared with names that letters draw, in normal form
        raise ValueError("the register cannot be read: it has more than thirty combining marks behind one letter")
    return value
