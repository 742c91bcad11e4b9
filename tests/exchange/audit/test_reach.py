"""What a compromised key changes: who stands, who falls, and that one verdict for many is the verdict of each."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from exchange.audit.answers import answers_of
from exchange.audit.dossier import open_dossier
from exchange.audit.holdings import Holdings
from exchange.audit.reach import Index, Question, Reach, find_certificate
from signing import Purpose, SubIndication, describe_certificate, load_policy
from tests.exchange.audit import shelf
from tests.exchange.audit.shelf import OTHER, SENDER, Shelf, at


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    return shelf.build(tmp_path_factory.mktemp("shelf") / "axis.db")


def index(kept: Shelf, since: datetime, *, outside: bool = False) -> Index:
    checkpoints = (kept.early,) if outside else ()
    return Index(kept.path, Question(since, load_policy(), outside=checkpoints, fingerprints=(kept.root,)))


def fallen(kept: Shelf, reach: Reach) -> set[str]:
    names = {package: name for name, package in kept.packages.items()}
    return {names[one.package_id] for one in reach.documents}


def test_what_the_axis_took_in_before_stands_and_what_came_after_falls(kept: Shelf) -> None:
    """Documents 1 to 4 of the leader came at 5, 10, 15 minutes and a day later; the axis refused two of them for their form."""
    leader = kept.field.offices[SENDER].leader.certificate_der
    found = index(kept, at(12)).reach(leader)
    assert not found.axis
    assert fallen(kept, found) == {"stamped", "unsealed"}
    assert {(one.before.sub_indication, one.after.sub_indication) for one in found.fallen} == {(None, SubIndication.REVOKED_NO_POE)}
    assert found.agencies == {str(SENDER): 2}
    assert found.depending[Purpose.LETTER] == 3, "the letter at B-LTA was refused unread and is judged by nobody"
    assert found.standing[Purpose.LETTER] == 1
    assert found.words == {}


def test_a_key_nobody_used_changes_nothing(kept: Shelf) -> None:
    found = index(kept, at(0)).reach(kept.field.offices[shelf.RECIPIENTS[0]].leader.certificate_der)
    assert (found.fallen, found.documents, found.depending, found.judged) == ((), (), {}, 0)


def test_a_key_already_revoked_changes_only_what_was_signed_before(kept: Shelf) -> None:
    found = index(kept, at(18)).reach(kept.field.offices[OTHER].leader.certificate_der)
    assert fallen(kept, found) == {"in-time"}, "the late one had fallen without the question"


def test_with_the_axis_key_its_word_falls_and_with_it_what_it_proved(kept: Shelf) -> None:
    axis = kept.field.signer.holder.certificate_der
    found = index(kept, at(24 * 60 + 30)).reach(axis)
    assert found.axis
    assert found.words[Purpose.CHECKPOINT] == 2
    assert found.words[Purpose.RECEIPT] == found.depending[Purpose.RECEIPT]
    assert "in-time" in fallen(kept, found), "its leader's certificate is revoked since, and only the receipt told that the letter is older"
    assert "good" not in fallen(kept, found)


def test_a_checkpoint_kept_outside_saves_what_is_in_it(kept: Shelf) -> None:
    axis = kept.field.signer.holder.certificate_der
    since = at(24 * 60 + 30)
    alone, helped = (index(kept, since, outside=outside).reach(axis) for outside in (False, True))
    assert fallen(kept, helped) < fallen(kept, alone)
    assert "in-time" not in fallen(kept, helped)
    early = sum(len(one.uses) for one in helped.fallen if one.kind.purpose is Purpose.RECEIPT and one.kind.kept == 0)
    assert early == 0, "receipts that the checkpoint speaks of are proven by it"
    assert helped.words[Purpose.RECEIPT] < alone.words[Purpose.RECEIPT]


def test_a_checkpoint_kept_only_since_later_proves_no_more_than_its_own_time(kept: Shelf) -> None:
    """Kept since minute 26: the key was lost at minute 20, so no receipt is proven to be older; a letter is, if its key was lost later."""
    axis = kept.field.signer.holder.certificate_der
    alone, late = (index(kept, at(20), outside=outside).reach(axis) for outside in (False, True))
    assert late.words == alone.words
    assert fallen(kept, alone) - fallen(kept, late) == {"in-time"}


def test_with_the_root_everything_falls(kept: Shelf) -> None:
    found = index(kept, at(1)).reach(kept.field.pki.root.certificate_der)
    assert fallen(kept, found) >= {"good", "in-time", "stamped", "unsealed"}
    assert {one.after.sub_indication for one in found.fallen} == {SubIndication.NO_CERTIFICATE_CHAIN_FOUND_NO_POE}


def test_one_verdict_for_a_kind_is_the_verdict_of_each(kept: Shelf) -> None:
    """The index judges one signature of each kind; here every signature is judged by itself, before and after."""
    leader = kept.field.offices[SENDER].leader.certificate_der
    asked = index(kept, at(12))
    found = asked.reach(leader)
    changed = {(one.package_id, purpose, name) for one in found.documents for purpose, name, *_ in one.changes}
    with Holdings(kept.path, fingerprints=[kept.root]) as holdings:
        for name in ("good", "stamped", "unsealed", "in-time"):
            (row,) = holdings.find(kept.packages[name])
            dossier = open_dossier(holdings, row, load_policy(), asked.at)
            for place, answer in enumerate(answers_of(dossier).signatures[:2]):
                before = answer.verdicts[0]
                mine = before.chain is not None and before.chain.chain[0] == leader
                falls = mine and before.passed and row.admitted_at >= at(12)
                assert ((row.package_id, Purpose.LETTER, str(place)) in changed) is falls, (name, place)


def test_certificates_are_found_by_what_an_auditor_has(kept: Shelf) -> None:
    known = index(kept, at(1)).certificates
    leader = kept.field.offices[SENDER].leader.certificate_der
    words = describe_certificate(leader)
    assert words is not None
    colons = ":".join(words.sha256.hex()[n : n + 2] for n in range(0, 64, 2)).upper()
    for wanted in (words.sha256.hex(), colons, words.serial, str(int(words.serial, 16)), "nguyễn văn h28,"):
        assert find_certificate(known, wanted) == [leader], wanted
    assert len(find_certificate(known, "Nguyễn Văn")) == 2
    assert find_certificate(known, "nobody") == find_certificate(known, "0" * 64) == []


def test_as_of_another_moment(kept: Shelf, tmp_path: Path) -> None:
    leader = kept.field.offices[SENDER].leader.certificate_der
    question = Question(at(12), load_policy(), at=at(24 * 60 * 400), fingerprints=(kept.root,))
    found = Index(kept.path, question).reach(leader)
    assert found.at - at(12) > timedelta(days=399)
    assert "good" not in fallen(kept, found)
