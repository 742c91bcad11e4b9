"""Which road a document takes to one recipient, and why: a pure function of what the agencies have and can.

Nothing here draws lots. The rules are tried in this order and the first that applies decides:

 1. secret                                          courier        secret               (Decision 28 Art. 1; Law 29/2018/QH14)
 2. a rule asks for paper alone                     paper          rule-demands-paper
 3. sender has no document software                 paper          no-software
 4. sender has no valid seal, signer no valid key   paper          no-certificate       (unsigned is for information, Art. 4)
 5. drafter, signer or clerk has no computer        paper          no-computer
 6. drafter, signer or clerk is not trained         paper          not-trained
 7. Party body to Party body                        Party network  when both are on it, else paper: recipient-not-connected
 8. across the blocs                                axis           when the gateway reaches the Party side, else paper: other-network
 9. recipient not linked to the axis                e-mail for information when it has a mailbox (paper follows), else paper
10. announced outage of a hop on the road           paper          when longer than the sender can wait
11. everything else                                 axis

On an electronic road paper may follow, each time for a cause: a rule asks for a copy too (Decision 28 Art. 7.2), or the registry there
works on paper.
"""

from __future__ import annotations

from dataclasses import dataclass

from exchange.domain.organization import Bloc
from scenarios.trace import Cause, Channel


@dataclass(frozen=True, slots=True)
class Hand:
    """What a person has and can at the moment. A missing person is written as one who can do everything: nobody is needed there."""

    computer: bool = True
    trained: bool = True

    @property
    def cause(self) -> Cause | None:
        """Why this person works on paper; ``None`` when on screen."""
        if not self.computer:
            return Cause.NO_COMPUTER
        return None if self.trained else Cause.NOT_TRAINED


@dataclass(frozen=True, slots=True)
class Sender:
    """What the sending agency has and can at the moment of deciding."""

    bloc: Bloc
    software: bool = True
    connected: bool = True
    seal: bool = True
    """A certificate of the organisation that is valid at the moment."""
    signer_key: bool = True
    """A certificate of the signing leader that is valid at the moment."""
    drafter: Hand = Hand()
    signer: Hand = Hand()
    clerk: Hand = Hand()


@dataclass(frozen=True, slots=True)
class Recipient:
    """What the sender's clerk knows of the recipient."""

    bloc: Bloc
    connected: bool = True
    """Has document software linked to the axis (state) or to the Party network (Party)."""
    mailbox: bool = False
    """Reached by official e-mail."""
    registry: Hand = Hand()
    """The recipient's clerk: who works on paper asks for paper."""
    gateway: bool = True
    """The Party gateway of the axis reaches it (of a state body: it may be reached by Party bodies)."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What holds for this document and this road."""

    secret: bool = False
    paper_only: bool = False
    """A rule of the world asks for paper alone."""
    paper_too: bool = False
    """A rule of the world asks for a paper copy as well."""
    outage_seconds: int = 0
    """Longest announced outage still ahead on the hops of the road, 0 for none."""
    patience_seconds: int = 0
    """How long the sender waits out an outage."""


@dataclass(frozen=True, slots=True)
class Road:
    """The decision: the road, why it is not the electronic one, and whether paper follows and why."""

    channel: Channel
    cause: Cause | None = None
    paper_too: bool = False
    paper_cause: Cause | None = None


def hand_cause(sender: Sender) -> Cause | None:
    """Why the sender cannot write and sign electronically (rules 3–6); ``None`` when it can."""
    if not sender.software:
        return Cause.NO_SOFTWARE
    if not (sender.seal and sender.signer_key):
        return Cause.NO_CERTIFICATE
    people = (sender.drafter, sender.signer, sender.clerk)
    if not all(person.computer for person in people):
        return Cause.NO_COMPUTER
    return None if all(person.trained for person in people) else Cause.NOT_TRAINED


def choose(sender: Sender, recipient: Recipient, conditions: Conditions) -> Road:
    """The road of one (document, recipient) by the rules of the module's docstring."""
    if conditions.secret:
        return Road(Channel.COURIER, Cause.SECRET)
    if conditions.paper_only:
        return Road(Channel.PAPER, Cause.RULE_DEMANDS_PAPER)
    by_hand = hand_cause(sender)
    if by_hand is not None:
        return Road(Channel.PAPER, by_hand)
    if sender.bloc is Bloc.PARTY and recipient.bloc is Bloc.PARTY:
        if sender.connected and recipient.connected:
            return _electronic(Channel.PARTY_NETWORK, recipient, conditions)
        return Road(Channel.PAPER, Cause.RECIPIENT_NOT_CONNECTED if sender.connected else Cause.NO_SOFTWARE)
    if sender.bloc is not recipient.bloc and not recipient.gateway:
        return Road(Channel.PAPER, Cause.OTHER_NETWORK)
    if not sender.connected:
        return Road(Channel.PAPER, Cause.NO_SOFTWARE)
    if not recipient.connected:
        if recipient.mailbox:
            return Road(Channel.EMAIL, Cause.RECIPIENT_NOT_CONNECTED, True, Cause.RECIPIENT_NOT_CONNECTED)
        return Road(Channel.PAPER, Cause.RECIPIENT_NOT_CONNECTED)
    if conditions.outage_seconds > conditions.patience_seconds:
        return Road(Channel.PAPER, Cause.OUTAGE)
    return _electronic(Channel.AXIS, recipient, conditions)


def _electronic(channel: Channel, recipient: Recipient, conditions: Conditions) -> Road:
    if conditions.paper_too:
        return Road(channel, None, True, Cause.RULE_DEMANDS_PAPER)
    if recipient.registry.cause is not None:
        return Road(channel, None, True, Cause.RECIPIENT_ANSWERS_ON_PAPER)
    return Road(channel)


@dataclass(frozen=True, slots=True)
class Circulation:
    """An internal document's way through the house, as far as it is known."""

    software: bool
    rule: bool
    """A rule of the world keeps this type of internal document on paper."""
    signing: Cause | None
    """Why it was signed by hand (from :func:`hand_cause`)."""
    readers: tuple[Hand, ...] = ()
    """Those it is circulated to."""


def circulate(facts: Circulation) -> Cause | None:
    """Why an internal document ends on paper; ``None`` when it stays on screen from first to last reader."""
    if not facts.software:
        return Cause.NO_SOFTWARE
    if facts.rule:
        return Cause.RULE_DEMANDS_PAPER
    if facts.signing is not None:
        return facts.signing
    return next((reader.cause for reader in facts.readers if reader.cause is not None), None)
