"""The certificates of a world, counted from what was issued and from the revocation lists of the day."""

from __future__ import annotations

from datetime import datetime, time

import pytest
from cryptography import x509

from exchange.domain.calendar import VN
from exchange.domain.document import Capacity
from exchange.domain.organization import Bloc
from scenarios.world.file import load_world
from scenarios.world.model import World
from scenarios.world.pki import WorldPki, build
from scenarios.world.units import figures
from signing import METER, Holder, Purpose


@pytest.fixture(scope="module")
def world() -> World:
    return load_world("hoa-binh-2021", "1")


@pytest.fixture(scope="module")
def issued(world: World) -> WorldPki:
    return build(world)


def unrevoked(issued: WorldPki, holders: list[Holder], at: datetime) -> int:
    """Certificates in force at ``at`` that no list published by then names; all read from their bytes."""
    lists = [x509.load_der_x509_crl(data) for data in issued.pki.crls(at)]
    named = {(crl.issuer.public_bytes(), entry.serial_number) for crl in lists for entry in crl}
    count = 0
    for holder in holders:
        certificate = x509.load_der_x509_certificate(holder.certificate_der)
        in_force = certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc
        revoked = (certificate.issuer.public_bytes(), certificate.serial_number) in named
        count += in_force and not revoked
        assert in_force or revoked, "nothing merely expired by the counted day: 'unrevoked' has one meaning"
    return count


@pytest.mark.parametrize(
    ("bloc", "organisations", "persons"), [(Bloc.STATE, "b11", "b12"), (Bloc.PARTY, "b07", "b08")], ids=["state", "party"]
)
def test_the_counts_of_the_report_come_out(world: World, issued: WorldPki, bloc: Bloc, organisations: str, persons: str) -> None:
    """On 30/9/2021 exactly 847 + 2,782 state and 44 + 173 Party certificates of Hòa Bình holders are unrevoked."""
    at = datetime.combine(datetime(2021, 9, 30).date(), time(17, 0), VN)
    home = {agency.id for agency in world.agencies if agency.bloc is bloc and agency.province == "17"}
    seals = [holder for organ, holder in issued.organisations.items() if organ in home]
    tokens = [holder for id, holder in (issued.persons | issued.former).items() if id.partition("/")[0] in {str(organ) for organ in home}]
    assert unrevoked(issued, seals, at) == figures()[organisations].value
    assert unrevoked(issued, tokens, at) == figures()[persons].value


def test_one_holder_one_subject_one_key(issued: WorldPki) -> None:
    """No two certificates share a subject or a key, homonyms included."""
    holders = list(issued.pki.holders.values())
    assert len({holder.key.public_der for holder in holders}) == len(holders)
    assert len(holders) == len(issued.organisations) + len(issued.persons) + len(issued.former) + 1


def test_the_count_by_agency_is_the_count_of_signatures() -> None:
    """Every certificate took one raw signature; three more made the authorities."""
    before = METER.snapshot()["signs"][Purpose.CERTIFICATE]
    issued = build(load_world("first-day", "7"))
    made = METER.snapshot()["signs"][Purpose.CERTIFICATE] - before
    assert made == sum(issued.issued_by_agency().values()) + 1 + 3
    assert made == len(issued.pki.holders) + 3


def test_the_register_links_subjects_to_organisations(world: World, issued: WorldPki) -> None:
    """A subject signs for its own organisation only; a commune's twin has another register."""
    for agency in world.agencies:
        if not agency.exchanges:
            assert issued.directory.lookup(agency.id) is None
            continue
        signers = issued.directory.signers(agency.id)
        assert signers.organisation == ({issued.organisations[agency.id].subject} if agency.id in issued.organisations else set())
        for person in agency.people:
            if person.certificate is not None:
                assert issued.directory.owner(issued.persons[person.id].subject) == agency.id
    head = next(agency for agency in world.agencies if agency.kind == "department")
    leader, deputy = head.people[0], head.people[1]
    register = issued.directory.signers(head.id).persons
    assert Capacity.HEAD in register[issued.persons[leader.id].subject].capacities
    assert Capacity.FOR_HEAD in register[issued.persons[deputy.id].subject].capacities


def test_certificates_are_the_same_bytes_again(issued: WorldPki, world: World) -> None:
    """A run is reproducible to the byte."""
    again = build(world)
    assert {id: holder.certificate_der for id, holder in again.persons.items()} == {
        id: holder.certificate_der for id, holder in issued.persons.items()
    }


def test_names_follow_the_profiles(issued: WorldPki) -> None:
    """An organisation: CN, O, L, C. A person: O the topmost body, OU down to the unit, an address nobody else has."""
    seal = x509.load_der_x509_certificate(issued.organisations[next(o for o in issued.organisations if str(o) == "H28.31")].certificate_der)
    names = {attribute.oid._name: attribute.value for attribute in seal.subject}
    assert names["commonName"] == "Ủy ban nhân dân huyện Đà Bắc"
    assert names["organizationName"] == "Ủy ban nhân dân tỉnh Hòa Bình"
    token = x509.load_der_x509_certificate(issued.persons["H28.31/01"].certificate_der)
    assert [attribute.value for attribute in token.subject.get_attributes_for_oid(x509.NameOID.ORGANIZATIONAL_UNIT_NAME)] == [
        "Ủy ban nhân dân huyện Đà Bắc",
        "Tổ Tổng hợp",
    ]
    assert token.subject.get_attributes_for_oid(x509.NameOID.EMAIL_ADDRESS)[0].value.endswith(".01@h28-31.truc.test")


def test_a_token_revoked_on_friday_is_listed_from_saturday_on(world: World, issued: WorldPki) -> None:
    """Lists are daily: the entry appears in the first one made after the revocation."""
    person = next(
        person
        for agency in world.agencies
        for person in agency.people
        if person.certificate is not None and person.certificate.revoked_at is not None and person.certificate.revoked_at.day == 1
    )
    serial = x509.load_der_x509_certificate(issued.persons[person.id].certificate_der).serial_number
    friday, saturday = (datetime(2021, 10, day, 17, 0, tzinfo=VN) for day in (1, 2))
    listed = [
        any(crl.get_revoked_certificate_by_serial_number(serial) for crl in map(x509.load_der_x509_crl, issued.pki.crls(at)))
        for at in (friday, saturday)
    ]
    assert listed == [False, True]
