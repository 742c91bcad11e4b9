"""The roads as a table: facts in, road and cause out, one row a rule, and the order in which rules win."""

from __future__ import annotations

import pytest

from exchange.domain.organization import Bloc
from scenarios.channels import Circulation, Conditions, Hand, Recipient, Road, Sender, choose, circulate, hand_cause
from scenarios.trace import Cause, Channel

STATE, PARTY = Bloc.STATE, Bloc.PARTY
NO_COMPUTER, UNTRAINED = Hand(computer=False), Hand(trained=False)
ABLE = Sender(STATE)
THERE = Recipient(STATE)
DAY = Conditions()

ROADS = [
    ("everybody can", ABLE, THERE, DAY, Road(Channel.AXIS)),
    ("secret", ABLE, THERE, Conditions(secret=True), Road(Channel.COURIER, Cause.SECRET)),
    ("rule: paper alone", ABLE, THERE, Conditions(paper_only=True), Road(Channel.PAPER, Cause.RULE_DEMANDS_PAPER)),
    ("rule: paper too", ABLE, THERE, Conditions(paper_too=True), Road(Channel.AXIS, None, True, Cause.RULE_DEMANDS_PAPER)),
    ("no software", Sender(STATE, software=False), THERE, DAY, Road(Channel.PAPER, Cause.NO_SOFTWARE)),
    ("no seal", Sender(STATE, seal=False), THERE, DAY, Road(Channel.PAPER, Cause.NO_CERTIFICATE)),
    ("no key of the leader", Sender(STATE, signer_key=False), THERE, DAY, Road(Channel.PAPER, Cause.NO_CERTIFICATE)),
    ("drafter without computer", Sender(STATE, drafter=NO_COMPUTER), THERE, DAY, Road(Channel.PAPER, Cause.NO_COMPUTER)),
    ("leader without computer", Sender(STATE, signer=NO_COMPUTER), THERE, DAY, Road(Channel.PAPER, Cause.NO_COMPUTER)),
    ("clerk without computer", Sender(STATE, clerk=NO_COMPUTER), THERE, DAY, Road(Channel.PAPER, Cause.NO_COMPUTER)),
    ("drafter untrained", Sender(STATE, drafter=UNTRAINED), THERE, DAY, Road(Channel.PAPER, Cause.NOT_TRAINED)),
    ("leader untrained", Sender(STATE, signer=UNTRAINED), THERE, DAY, Road(Channel.PAPER, Cause.NOT_TRAINED)),
    ("sender not linked", Sender(STATE, connected=False), THERE, DAY, Road(Channel.PAPER, Cause.NO_SOFTWARE)),
    ("recipient not linked", ABLE, Recipient(STATE, connected=False), DAY, Road(Channel.PAPER, Cause.RECIPIENT_NOT_CONNECTED)),
    (
        "recipient with a mailbox only",
        ABLE,
        Recipient(STATE, connected=False, mailbox=True),
        DAY,
        Road(Channel.EMAIL, Cause.RECIPIENT_NOT_CONNECTED, True, Cause.RECIPIENT_NOT_CONNECTED),
    ),
    (
        "recipient's registry on paper",
        ABLE,
        Recipient(STATE, registry=UNTRAINED),
        DAY,
        Road(Channel.AXIS, None, True, Cause.RECIPIENT_ANSWERS_ON_PAPER),
    ),
    ("Party to Party", Sender(PARTY), Recipient(PARTY), DAY, Road(Channel.PARTY_NETWORK)),
    (
        "Party to a committee off the network",
        Sender(PARTY),
        Recipient(PARTY, connected=False, mailbox=True),
        DAY,
        Road(Channel.PAPER, Cause.RECIPIENT_NOT_CONNECTED),
    ),
    ("state to Party by the gateway", ABLE, Recipient(PARTY), DAY, Road(Channel.AXIS)),
    ("state to Party beyond the gateway", ABLE, Recipient(PARTY, gateway=False), DAY, Road(Channel.PAPER, Cause.OTHER_NETWORK)),
    ("Party to state beyond the gateway", Sender(PARTY), Recipient(STATE, gateway=False), DAY, Road(Channel.PAPER, Cause.OTHER_NETWORK)),
    ("outage too long", ABLE, THERE, Conditions(outage_seconds=7200, patience_seconds=3600), Road(Channel.PAPER, Cause.OUTAGE)),
    ("outage waited out", ABLE, THERE, Conditions(outage_seconds=3600, patience_seconds=3600), Road(Channel.AXIS)),
    (
        "an outage of the axis is nothing to the Party network",
        Sender(PARTY),
        Recipient(PARTY),
        Conditions(outage_seconds=9),
        Road(Channel.PARTY_NETWORK),
    ),
]
ORDER = [
    ("secret before everything", Sender(STATE, software=False), Conditions(secret=True, paper_only=True), Cause.SECRET),
    ("rule before capability", Sender(STATE, software=False), Conditions(paper_only=True), Cause.RULE_DEMANDS_PAPER),
    ("software before certificate", Sender(STATE, software=False, seal=False), DAY, Cause.NO_SOFTWARE),
    ("certificate before computer", Sender(STATE, seal=False, drafter=NO_COMPUTER), DAY, Cause.NO_CERTIFICATE),
    ("computer before training", Sender(STATE, drafter=UNTRAINED, signer=NO_COMPUTER), DAY, Cause.NO_COMPUTER),
    ("training before link", Sender(STATE, connected=False, signer=UNTRAINED), DAY, Cause.NOT_TRAINED),
]


@pytest.mark.parametrize(("sender", "recipient", "conditions", "road"), [row[1:] for row in ROADS], ids=[row[0] for row in ROADS])
def test_roads(sender: Sender, recipient: Recipient, conditions: Conditions, road: Road) -> None:
    """Each row's facts lead to its road."""
    assert choose(sender, recipient, conditions) == road


@pytest.mark.parametrize(("sender", "conditions", "cause"), [row[1:] for row in ORDER], ids=[row[0] for row in ORDER])
def test_the_first_rule_wins(sender: Sender, conditions: Conditions, cause: Cause) -> None:
    """Where several rules apply, the documented order names the cause."""
    assert choose(sender, THERE, conditions).cause is cause


def test_every_paper_has_its_cause() -> None:
    """No row leaves the electronic road, or adds paper to it, without saying why."""
    for _, sender, recipient, conditions, _ in ROADS:
        road = choose(sender, recipient, conditions)
        assert (road.cause is None) == (road.channel in (Channel.AXIS, Channel.PARTY_NETWORK))
        assert road.paper_too == (road.paper_cause is not None)


def test_who_can_sign() -> None:
    """An able sender signs with keys; the recipient has no say in it."""
    assert hand_cause(ABLE) is None
    assert hand_cause(Sender(STATE, connected=False)) is None


INTERNAL = [
    ("on screen to the last reader", Circulation(True, False, None, (Hand(), Hand())), None),
    ("no software", Circulation(False, True, None), Cause.NO_SOFTWARE),
    ("a rule", Circulation(True, True, Cause.NO_COMPUTER), Cause.RULE_DEMANDS_PAPER),
    ("signed by hand", Circulation(True, False, Cause.NO_CERTIFICATE, (NO_COMPUTER,)), Cause.NO_CERTIFICATE),
    ("printed for one reader", Circulation(True, False, None, (Hand(), NO_COMPUTER, UNTRAINED)), Cause.NO_COMPUTER),
    ("printed for an untrained reader", Circulation(True, False, None, (UNTRAINED,)), Cause.NOT_TRAINED),
]


@pytest.mark.parametrize(("facts", "cause"), [row[1:] for row in INTERNAL], ids=[row[0] for row in INTERNAL])
def test_internal_documents_end(facts: Circulation, cause: Cause | None) -> None:
    """An internal document is on screen only if everybody on its way is."""
    assert circulate(facts) is cause
