"""What verdicts stand on is written down once for each change, and comes back as it was."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from exchange.bootstrap import open_axis
from exchange.domain.organization import Directory
from exchange.settings import AxisSettings
from exchange.store.tables import evidence, trust
from exchange.trust import Terms, read_register, write_register
from tests.exchange.axis.field import DEPARTMENT, HOPS, PROVINCE, Doc, at, axis_signer, directory, file_url, open_field, pki, send


def test_a_register_comes_back_as_it_was() -> None:
    found = read_register(write_register(directory()))
    assert found.organizations() == directory().organizations()
    for one in directory().organizations():
        for organ in (one.id, *one.aliases):
            assert found.lookup(organ) == directory().lookup(organ)
            assert found.signers(organ) == directory().signers(organ)
    for entry in directory().entitled().values():
        for subject in (*entry.organisation, *entry.persons):
            assert found.owner(subject) == directory().owner(subject)
    assert write_register(found) == write_register(directory())


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"organisations":[{}],"signers":[]}', b"\xff", b"[" * 100_000,
                                  b'{"organisations":[{"id":"nobody","name":1}],"signers":[]}'])  # fmt: skip
def test_what_is_no_register_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"register|decode|codec|Expecting|recursion"):
        read_register(data)


@pytest.mark.parametrize(
    ("text", "why"), [("\ud800", "surrogates"), ("a" + "\u0301\u0323" * 100_000, "combining marks")], ids=["half", "marks"]
)
@pytest.mark.parametrize("part", ["name", "position", "subject", "seals", "province"])
def test_what_no_report_can_say_and_no_comparison_reads_in_time_is_no_text_of_a_register(part: str, text: str, why: str) -> None:
    said = json.loads(write_register(directory()))
    if part == "seals":
        said["signers"][0]["seals"] = [text]
    else:
        (said["organisations"][0] if part == "province" else said["signers"][0]["persons"][0])[part] = text
    with pytest.raises(ValueError, match=why):
        read_register(json.dumps(said).encode())


digests = st.binary(min_size=32, max_size=32)


some = st.lists(digests, max_size=3)
names = st.text(max_size=9)


@given(some, some, digests, digests, names, names, st.booleans())
def test_terms_come_back_as_they_were(
    anchors: list[bytes], authorities: list[bytes], axis: bytes, register: bytes, operator: str, origin: str, secret: bool
) -> None:
    terms = Terms(tuple(anchors), tuple(authorities), axis, register, operator, origin, secret)
    again = Terms.read(terms.statement())
    assert again.statement() == terms.statement()
    assert (again.anchors, again.authorities, again.axis, again.register, again.accept_secret) == (
        tuple(anchors), tuple(authorities), axis, register, secret,
    )  # fmt: skip


@given(st.one_of(st.binary(max_size=80), st.just(b"5"), st.just(b'{"anchors":5}')))
def test_what_are_no_terms_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever sentence the JSON reader has for them
        Terms.read(data)


def rows(axis, table):  # type: ignore[no-untyped-def]
    with axis._store.reading() as work:
        return work.all(select(table).order_by(table.c.id))


def test_terms_are_written_at_the_first_opening_and_whenever_they_change(tmp_path: Path) -> None:
    """The same again writes nothing; a changed register comes into force with the verdicts after it."""
    url = file_url(tmp_path / "axis.db")
    open_field(url).close()
    axis = open_field(url)
    assert [row.after for row in rows(axis, trust)] == [0]
    send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "1").package(), 0)
    axis.settle(at(60))
    axis.close()
    fewer = Directory([one for one in directory().organizations() if one.id != DEPARTMENT], directory().entitled())
    axis = open_axis(
        AxisSettings(database_url=url), directory=fewer, trust=pki().trust_store(), signer=axis_signer(), hops=HOPS
    )  # fmt: skip
    assert [row.after for row in rows(axis, trust)] == [0, 1]
    kinds = [row.kind for row in rows(axis, evidence)]
    assert kinds == ["anchor", "authority", "authority", "axis", "register", "register"]
    assert all(row.sha256 == sha256(row.data).digest() for row in rows(axis, evidence))
    axis.close()


def test_lists_are_kept_once_for_every_day_on_which_something_was_sealed(store_url: str) -> None:
    axis = open_field(store_url)
    for number, day in enumerate((0, 0, 1, 3), 10):
        midnight = day * 86_400
        send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), str(number), day=at(midnight).date()).package(), midnight)
        axis.settle(at(midnight + 60))
        axis.seal(at(midnight + 60))
    assert [row.kind for row in rows(axis, evidence)].count("crl") == 9  # three issuers, three days
    axis.close()
