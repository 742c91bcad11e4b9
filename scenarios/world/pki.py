"""Certificates of a world: every plan issued, and the register that links each subject to the organisation it signs for.

Names follow the profiles found in the field. An organisation: CN its name, O its superior, L the province. A person: O the topmost body, OU
the bodies below it down to the own unit, CN the name, E an address that is the person's alone. So homonyms (communes of one name in two
districts, two officers of one name) have different subjects. Agencies that a world says so about have certificates of the Government's
first generation or of a public authority instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from exchange.domain.calendar import VN
from exchange.domain.document import Capacity
from exchange.domain.identifiers import OrganId
from exchange.domain.organization import Bloc, Directory, Organization, PersonSigner, Signers
from scenarios.world.incidents import bent_specs, lent_holders
from scenarios.world.incidents import trees as trees_of
from scenarios.world.model import Agency, CertificatePlan, FieldPlan, World
from scenarios.world.names import mail_local_part
from scenarios.world.units import province
from signing import (
    DEFAULT,
    AlgorithmPolicy,
    AlgorithmRule,
    Authority,
    Holder,
    HolderKind,
    HolderSpec,
    KeyKind,
    Pki,
    PkiSpec,
    RevocationReason,
    Tree,
    Wrong,
)

_AUTHORITIES = {Bloc.STATE: Authority.STATE, Bloc.PARTY: Authority.PARTY}
_FIRST_GENERATION = {Bloc.STATE: Authority.G1_STATE, Bloc.PARTY: Authority.G1_PARTY}
_SHA1 = "rsa-pkcs1-sha1"
_SHA1_BITS = 2048
_CAPACITIES = {
    "leader": frozenset({Capacity.HEAD, Capacity.ON_BEHALF, Capacity.ACTING_HEAD}),
    "deputy": frozenset({Capacity.FOR_HEAD, Capacity.ON_BEHALF}),
    "unit-head": frozenset({Capacity.BY_ORDER, Capacity.BY_DELEGATION}),
}
"""Forms of signing by role (Decree 30/2020 Art. 13); other roles sign by delegation only."""
_DELEGATED = frozenset({Capacity.BY_DELEGATION})
_AXIS_NAME = "Trục liên thông văn bản TEST"


@dataclass(frozen=True, slots=True)
class WorldPki:
    """The issued world. ``pki.holders`` is everything, former holders included."""

    pki: Pki
    organisations: Mapping[OrganId, Holder]
    persons: Mapping[str, Holder]
    """By person id."""
    former: Mapping[str, Holder]
    """Those who left; their certificates are revoked."""
    directory: Directory
    axis: Holder
    """Signs receipts and refusals."""
    policy: AlgorithmPolicy = DEFAULT
    """Which algorithms axis and recipients accept until when."""
    tokens: Mapping[tuple[int, str], Holder] = field(default_factory=dict)
    """The certificates incidents sign with, by the incident's place in the world and who holds it (an agency, a person's id)."""
    lent: Mapping[tuple[int, str], Holder] = field(default_factory=dict)
    """Those of other agencies that incidents sign with, by the incident's place and who signs with it."""

    @property
    def sha1_rule(self) -> Mapping[str, AlgorithmRule]:
        """What this policy says of SHA-1 under certificates, by the algorithm's name."""
        return {_SHA1: self.policy.rules[_SHA1]}

    def organisation(self, organ: OrganId) -> Holder | None:
        """The organisation's own certificate, if it has one."""
        return self.organisations.get(organ)

    def issued_by_agency(self) -> Mapping[OrganId, int]:
        """How many certificates were made for each agency, its people and its former people included (one raw signature each)."""
        counts = dict.fromkeys(self.organisations, 1)
        for id in (*self.persons, *self.former, *(name for _, name in self.tokens)):
            organ = OrganId(id.partition("/")[0])
            counts[organ] = counts.get(organ, 0) + 1
        return counts


def build(world: World, keys: Path | None = None) -> WorldPki:
    """Issue every planned certificate (P-256, derived from the world's seed): about 10,000 a second and core.

    ``keys`` is the folder the RSA keys of the first generation are made in and read from again, some 15 a second; needed where a world has
    agencies of it. With the same folder the same bytes come out.
    """
    pki = Pki.build(_spec(world, keys))
    by_id = {agency.id: agency for agency in world.agencies}
    organisations: dict[OrganId, Holder] = {}
    persons: dict[str, Holder] = {}
    for agency in world.agencies:
        chain = _chain(agency, by_id)
        if agency.organisation_certificate is not None:
            spec = _organisation(agency, chain, agency.organisation_certificate)
            organisations[agency.id] = pki.issue(_as_the_field_has_it(spec, agency, world.field, ""))
        for person in agency.people:
            if person.certificate is not None:
                spec = _person(agency, chain, person.id, person.name, person.unit, person.certificate)
                persons[person.id] = pki.issue(_as_the_field_has_it(spec, agency, world.field, person.id))
    former = {
        left.id: pki.issue(_person(by_id[left.agency], _chain(by_id[left.agency], by_id), left.id, left.name, left.unit, left.certificate))
        for left in world.former
    }
    tokens = {key: pki.issue(spec) for key, spec in bent_specs(world, organisations, persons)}
    directory = _directory(world, organisations, persons, tokens)
    lent = dict(lent_holders(world, organisations, persons))
    return WorldPki(pki, organisations, persons, former, directory, pki.issue(_axis(world)), _policy(world.field), tokens, lent)


def _spec(world: World, keys: Path | None) -> PkiSpec:
    """The hierarchies the world needs, and when a time-stamping unit was revoked that goes on: at midnight, so the day's list has it."""
    bent = trees_of(world.incidents)
    trees = [Tree.G2]
    trees += [Tree.G1] if world.field.first_generation or Tree.G1 in bent else []
    trees += [Tree.PUBLIC] if world.field.public_authority or Tree.PUBLIC in bent else []
    stolen = {
        window[0].replace(hour=0, minute=0, second=0) for window, how in world.time_stamping.wrong if how == Wrong.REVOKED_CERTIFICATE
    }
    return PkiSpec(
        seed=f"{world.name}/{world.seed}", trees=tuple(trees), key_cache=keys, compromised_stampers=tuple(sorted(stolen)),
        derived_rsa=((keys is None and bool(world.field.rsa_seals)) or Tree.G1 in bent) and not world.field.first_generation,
    )  # fmt: skip


def _policy(field: FieldPlan) -> AlgorithmPolicy:
    """The house's policy, with SHA-1 under certificates accepted for longer where the world says so."""
    if field.sha1_until is None:
        return DEFAULT
    return AlgorithmPolicy({**DEFAULT.rules, _SHA1: AlgorithmRule(_SHA1_BITS, field.sha1_until)})


def _as_the_field_has_it(spec: HolderSpec, agency: Agency, field: FieldPlan, person: str) -> HolderSpec:
    """A holder's description under the authority its agency really has certificates of.

    First-generation names have no address in them: the staff number keeps two of one name in one unit apart.
    """
    if agency.id in field.public_authority:
        return replace(spec, authority=Authority.PUBLIC)
    if agency.id in field.rsa_seals and not person:
        return replace(spec, key=KeyKind.RSA2048)
    if agency.id not in field.first_generation:
        return spec
    units = (*spec.units, f"So hieu {person.partition('/')[2]}") if person else spec.units
    return replace(spec, authority=_FIRST_GENERATION[agency.bloc], key=KeyKind.RSA2048, units=units)


def _chain(agency: Agency, by_id: Mapping[OrganId, Agency]) -> tuple[Agency, ...]:
    """The agency and its superiors, topmost first."""
    chain = [agency]
    while chain[0].parent is not None:
        chain.insert(0, by_id[chain[0].parent])
    return tuple(chain)


def _locality(agency: Agency) -> str:
    unit = province(agency.province) if agency.province else None
    return unit.name if unit else agency.place


def _organisation(agency: Agency, chain: tuple[Agency, ...], plan: CertificatePlan) -> HolderSpec:
    return HolderSpec(
        kind=HolderKind.ORGANISATION,
        name=agency.name,
        authority=_AUTHORITIES[agency.bloc],
        not_before=plan.valid_from,
        not_after=plan.valid_until,
        organisation=chain[-2].name if len(chain) > 1 else "",
        locality=_locality(agency),
        revoked_at=plan.revoked_at,
        reason=RevocationReason.CESSATION_OF_OPERATION if plan.revoked_at else RevocationReason.UNSPECIFIED,
    )


def _person(agency: Agency, chain: tuple[Agency, ...], id: str, name: str, unit: str, plan: CertificatePlan) -> HolderSpec:
    organ, _, serial = id.partition("/")
    return HolderSpec(
        kind=HolderKind.PERSON,
        name=name,
        authority=_AUTHORITIES[agency.bloc],
        not_before=plan.valid_from,
        not_after=plan.valid_until,
        organisation=chain[0].name,
        units=(*(other.name for other in chain[1:]), unit),
        locality=_locality(agency),
        email=f"{mail_local_part(name)}.{serial}@{organ.lower().replace('.', '-')}.truc.test",
        revoked_at=plan.revoked_at,
        reason=RevocationReason.AFFILIATION_CHANGED if plan.revoked_at else RevocationReason.UNSPECIFIED,
    )


def _axis(world: World) -> HolderSpec:
    start = datetime(world.start.year - 1, 1, 1, tzinfo=VN)
    return HolderSpec(
        kind=HolderKind.ORGANISATION,
        name=_AXIS_NAME,
        authority=Authority.STATE,
        not_before=start,
        not_after=start.replace(year=start.year + 10),
        organisation="Văn phòng Chính phủ TEST",
        locality="Hà Nội",
    )


def _directory(
    world: World, organisations: Mapping[OrganId, Holder], persons: Mapping[str, Holder], tokens: Mapping[tuple[int, str], Holder]
) -> Directory:
    """Exchanging agencies with the subjects that may sign for them; whoever has a second certificate stands in it by both."""
    seconds: dict[str, list[Holder]] = {}
    for (_, name), holder in tokens.items():
        seconds.setdefault(name, []).append(holder)
    entries, signers = [], {}
    for agency in world.agencies:
        if not agency.exchanges:
            continue
        entries.append(Organization(agency.id, agency.name, agency.level, agency.bloc, agency.province, agency.parent))
        seal = organisations.get(agency.id)
        signers[agency.id] = Signers.of(
            [one.subject for one in (*([seal] if seal else []), *seconds.get(str(agency.id), []))],
            [
                PersonSigner(holder.subject, person.name, person.position, _CAPACITIES.get(person.role, _DELEGATED))
                for person in agency.people
                if (first := persons.get(person.id)) is not None
                for holder in (first, *seconds.get(person.id, []))
            ],
        )
    return Directory(entries, signers)
