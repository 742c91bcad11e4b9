"""What a run reads of its axis comes over HTTP as it stands, whatever the size of the pages; and only the axis' operator reads it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from exchange import observe
from exchange.axis import Axis
from exchange.driving import HttpDrivenAxis
from exchange.errors import Forbidden, Unauthenticated
from exchange.metering import Reported
from signing import add_document_timestamp
from tests.exchange.axis.field import DISTRICT, PROVINCE, TODAY, Doc, at, caller, letter, open_field, pki, secret, send
from tests.exchange.test_ledger_order import SENDERS, live
from tests.exchange.web.host import OPERATOR, hosting

READ = (
    "judgements_since", "letter_stamps_since", "refusals_since", "path_steps_since", "export_judgements", "export_deliveries",
    "negotiations", "checkpoints", "operations", "receipts", "depth",
)  # fmt: skip


@pytest.fixture(scope="module")
def axis() -> Iterator[Axis]:
    """An axis to which everything happened, some of it not sealed yet, and something waits."""
    opened = open_field(metering=Reported("here"))
    live(opened, SENDERS)
    stamped = add_document_timestamp(letter(PROVINCE, (DISTRICT,), "8", TODAY), lambda digest: pki().stamp(digest, at(-60)))
    send(opened, PROVINCE, Doc(PROVINCE, (DISTRICT,), "8", letter=stamped).package(), 400)
    opened.settle(at(400))
    send(opened, PROVINCE, Doc(PROVINCE, (DISTRICT,), "9").package(), 500)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def url(axis: Axis) -> Iterator[str]:
    with hosting(axis) as found:
        yield found


def told(axis: observe.Observed, name: str) -> object:
    found = getattr(axis, name)()
    return found if isinstance(found, int | dict) else list(found)


@pytest.mark.parametrize("size", [1, 2, 1000])
def test_every_record_comes_as_it_stands(axis: Axis, url: str, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observe, "PAGE", size)
    with HttpDrivenAxis(url, OPERATOR) as far:
        for name in READ:
            near = told(axis, name)
            assert near, name
            assert told(far, name) == near, name
        verdicts = far.judgements_since()
        half = sorted(one.cursor for one in verdicts)[len(verdicts) // 2]
        assert [one for one in verdicts if one.cursor > half] == list(far.judgements_since(half))


def test_members_of_another_seed_are_told_at_once(url: str) -> None:
    with HttpDrivenAxis(url, OPERATOR) as far:
        far.enrol_all({PROVINCE: secret(PROVINCE)})
        far.enrol_all({})
        with pytest.raises(Unauthenticated):
            far.enrol_all({PROVINCE: "of another seed"})


def test_only_the_operator_reads_them(url: str) -> None:
    with HttpDrivenAxis(url, caller(PROVINCE)) as far, pytest.raises(Forbidden):
        far.judgements_since()
