"""The library's worlds say what their sources say: counts, capabilities, names and volumes."""

from __future__ import annotations

import unicodedata
from collections import Counter
from datetime import timedelta
from importlib.resources import files
from pathlib import Path

import pytest

from exchange.domain.organization import Bloc, Level
from scenarios.world.file import library, load_world
from scenarios.world.model import Agency, World
from scenarios.world.units import figures

TOY = Path(__file__).parent / "worlds" / "toy.toml"
MEASURED = {figure.id for figure in figures().values() if figure.kind == "exchange rate"}


@pytest.fixture(scope="module")
def province() -> World:
    return load_world("hoa-binh-2021", "1")


def kinds(world: World) -> Counter[str]:
    return Counter(agency.kind for agency in world.agencies)


def test_the_province_has_its_units(province: World) -> None:
    """10 districts and 151 communes of province 17, 62 other provinces, 28 central bodies."""
    count = kinds(province)
    assert (count["district"], count["commune"], count["other-province"]) == (10, 151, 62)
    assert count["ministry"] + count["government-office"] == 28
    assert count["department"] == 17
    assert count["district-office"] == 9 * 13 + 12
    names = {agency.name for agency in province.agencies}
    assert "Phòng Quản lý đô thị thành phố Hòa Bình" in names
    assert "Phòng Quản lý đô thị huyện Đà Bắc" not in names
    assert {"Thành ủy Hòa Bình", "Huyện ủy Lương Sơn", "Ủy ban nhân dân xã Mi Hòa"} <= names


def test_homonyms_are_told_apart_by_code(province: World) -> None:
    """Xã Cao Sơn exists in Đà Bắc and in Lương Sơn."""
    twins = [agency for agency in province.agencies if agency.name == "Ủy ban nhân dân xã Cao Sơn"]
    assert len(twins) == 2
    assert twins[0].id != twins[1].id
    assert {str(twin.parent) for twin in twins} == {"H28.31", "H28.32"}


def test_no_measured_rate_is_an_input() -> None:
    """No assumption cites an exchange rate, and no capability that sources do not give equals a target or its complement."""
    for name in library():
        world = load_world(name, "1")
        assert not {assumption.source for assumption in world.assumptions} & MEASURED
        targets = {figures()[target].value / 100 for target in world.targets} - {1.0}
        forbidden = {round(value, 6) for target in targets for value in (target, 1 - target)}
        for assumption in world.assumptions:
            capability = assumption.key.startswith(("computer", "regular", "trained", "mailbox", "software", "outside.unit"))
            if capability and assumption.source == "assumption":
                assert round(assumption.value, 6) not in forbidden, assumption.key


def test_every_assumption_is_labelled(province: World) -> None:
    """Whatever no source gives says what it means; whatever has a source has the source's value."""
    for assumption in province.assumptions:
        assert len(assumption.label) > 10
        if assumption.source != "assumption":
            figure = figures()[assumption.source]
            assert assumption.value == pytest.approx(figure.value / 100 if figure.unit == "percent" else figure.value)
    assert province.assumption("computer.commune") == 0.88
    with pytest.raises(KeyError):
        province.assumption("no such key")


def test_capabilities_follow_the_reports(province: World) -> None:
    """Over many seeds' worth of people, shares of those without a token come out as the reports state them (within sampling error)."""
    people = {level: [] for level in Level}
    for agency in province.agencies:
        if agency.bloc is Bloc.STATE and agency.province == "17":
            people[agency.level] += [person for person in agency.people if person.certificate is None and person.role != "clerk"]
    for level, share in ((Level.PROVINCE, 0.98), (Level.DISTRICT, 0.91), (Level.COMMUNE, 0.88)):
        crowd = people[level]
        for stated, found in ((share, [p.has_computer for p in crowd]), (0.8, [p.trained for p in crowd])):
            error = 4 * (stated * (1 - stated) / len(found)) ** 0.5
            assert abs(sum(found) / len(found) - stated) < error
    assert all(person.regular for person in people[Level.PROVINCE])


def test_text_is_in_normal_form(province: World) -> None:
    """Everything printed is NFC, and the province is written as it writes itself."""
    for agency in province.agencies:
        for text in (agency.name, agency.place, *agency.units, *(person.name for person in agency.people)):
            assert unicodedata.is_normalized("NFC", text)
        assert "Hoà" not in agency.name


def test_volumes_are_those_of_a_working_week(province: World) -> None:
    """Five days hold 5,500–8,000 official and 10,000–15,000 internal documents; 100–250 a day cross the national axis."""
    official = sum(agency.volumes.official for agency in province.agencies)
    internal = sum(agency.volumes.internal for agency in province.agencies)
    assert 5_500 <= 5 * official <= 8_000
    assert 10_000 <= 5 * internal <= 15_000
    across = sum(a.volumes.official * (a.outside_share if a.province == "17" else 1) for a in province.agencies)
    assert 100 <= across <= 250


def test_only_those_marked_exchange(province: World) -> None:
    """Fictional service units hold certificates and nothing else: no volume, nobody's peer."""
    listed = {agency.id for agency in province.agencies if not agency.exchanges}
    assert listed
    for agency in province.agencies:
        if agency.id in listed:
            assert agency.fictional
            assert agency.volumes.official == agency.volumes.internal == 0
        reached = {*agency.peers, *agency.broadcast_to, *agency.outside_peers}
        assert not reached & listed
        assert agency.id not in reached


def test_everybody_who_writes_has_somebody_to_write_to(province: World) -> None:
    """A volume without peers would never be sent."""
    for agency in province.agencies:
        if agency.volumes.official:
            assert agency.peers
        assert not agency.volumes.broadcast or agency.broadcast_to
        assert not agency.outside_share or agency.outside_peers


def test_broadcasts_have_the_known_fan_outs(province: World) -> None:
    """All districts (10), departments and districts (~33), everybody down to the communes (~185)."""
    by_kind = {agency.kind: agency for agency in province.agencies}
    assert len(by_kind["department"].broadcast_to) == 10
    assert 30 <= len(by_kind["province"].broadcast_to) <= 36
    assert 180 <= len(by_kind["province-office"].broadcast_to) <= 200


def test_sub_codes_are_marked_invented(province: World) -> None:
    """H28 is the province's; what stands below it nobody published."""
    assert all(agency.invented_code == ("." in str(agency.id)) for agency in province.agencies)


def test_adding_an_agency_leaves_the_others_alone(tmp_path: Path) -> None:
    """People, habits and streams of the old agencies are what they were; a peer list may grow by the new one."""
    text = TOY.read_text(encoding="utf-8")
    more = tmp_path / "toy.toml"
    entry = '    { name = "Ủy ban nhân dân huyện Tân Lạc" },\n'
    assert entry in text
    more.write_text(text.replace(entry, entry + '    { name = "Ủy ban nhân dân huyện Yên Thủy" },\n'), encoding="utf-8")
    before, after = load_world(TOY, "1"), load_world(more, "1")
    assert len(after.agencies) == len(before.agencies) + 1
    by_id = {agency.id: agency for agency in after.agencies}
    new = (set(by_id) - {agency.id for agency in before.agencies}).pop()
    for agency in before.agencies:
        assert without_peers(by_id[agency.id]) == without_peers(agency)
        assert set(by_id[agency.id].peers) - set(agency.peers) <= {new}


def test_adding_an_agency_to_the_province_moves_only_listed_holders(tmp_path: Path, province: World) -> None:
    """The quota is cut at the end of the order, so of those who exchange nobody notices a newcomer."""
    text = files("scenarios.library").joinpath("hoa-binh-2021.toml").read_text(encoding="utf-8")
    last = next(line for line in text.splitlines() if '"Thanh tra tỉnh"' in line)
    newcomer = '    { number = 28, name = "Ban Thi đua - Khen thưởng tỉnh", abbreviation = "BTĐKT" },'
    more = tmp_path / "more.toml"
    more.write_text(text.replace(last, f"{last}\n{newcomer}"), encoding="utf-8")
    after = {agency.id: agency for agency in load_world(more, "1").agencies}
    assert len(after) == len(province.agencies) + 1
    changed = [agency for agency in province.agencies if without_peers(after[agency.id]) != without_peers(agency)]
    assert 0 < len(changed) < 30
    assert not any(agency.exchanges for agency in changed)


def without_peers(agency: Agency) -> tuple[object, ...]:
    return (agency.id, agency.name, agency.people, agency.volumes, agency.organisation_certificate, agency.software, agency.connected)


def test_certificates_break_and_expire_during_the_week(province: World) -> None:
    """Some tokens of people who exchange are revoked between Monday and Friday, never on the Thursday the reports count."""
    days = Counter(
        (person.certificate.revoked_at.date() - province.start).days
        for agency in province.agencies
        for person in agency.people
        if agency.exchanges and person.certificate is not None and person.certificate.revoked_at is not None
    )
    assert sum(days.values()) >= 3
    assert set(days) <= {0, 1, 2, 4}
    assert province.former
    assert all(left.certificate.revoked_at is not None for left in province.former)
    week = province.start + timedelta(days=5)
    assert all(left.certificate.revoked_at.date() < week for left in province.former if left.certificate.revoked_at)
