"""How people work: every number of daily life that no source gives, labelled, in one place.

A world file may state any of these keys; what it does not state holds as written here. :func:`effective` lists what a run used, for the
report to print.
"""

from __future__ import annotations

from dataclasses import dataclass

from scenarios.world.model import Assumption, World

DEFAULTS: tuple[Assumption, ...] = (
    Assumption("draft_minutes", 45.0, "minutes an officer writes on an official document"),
    Assumption("internal_draft_minutes", 20.0, "minutes an officer writes on an internal document"),
    Assumption("initial_minutes", 4.0, "minutes a unit head reads a draft"),
    Assumption("sign_minutes", 2.0, "minutes a leader takes over one signature"),
    Assumption("issue_minutes", 3.0, "minutes a clerk takes to number, seal and register one document"),
    Assumption("receive_minutes", 1.5, "minutes a clerk takes to check and register one incoming document"),
    Assumption("assign_minutes", 1.0, "minutes a leader takes to write an instruction"),
    Assumption("handle_minutes", 60.0, "minutes an officer works on a document to be answered"),
    Assumption("read_minutes", 8.0, "minutes an officer takes over a document for information"),
    Assumption("clerk_sittings", 8.0, "times a day a clerk works off the queues"),
    Assumption("leader_sittings", 5.0, "times a day a leader signs and assigns"),
    Assumption("head_sittings", 6.0, "times a day a unit head looks through drafts"),
    Assumption("start_days", 1.0, "mean working days until an officer takes up an assigned document"),
    Assumption("answer_minutes_urgent", 10.0, "minutes until somebody called out of hours for an express document is at the desk"),
    Assumption("for_information_share", 0.55, "share of incoming documents that are only to be read"),
    Assumption("reply_share", 0.3, "share of documents to one recipient that are answered by a document"),
    Assumption("not_competent_share", 0.004, "share of incoming documents returned as not the agency's business"),
    Assumption("secret_share", 0.01, "share of official documents that are marked secret"),
    Assumption("annex_share", 0.2, "share of official documents with an annex in a file of its own"),
    Assumption("express_share", 0.1, "share of urgent documents that are express (hỏa tốc)"),
    Assumption("upward_share", 0.3, "share of documents that report or submit to the superior, where one is written to"),
    Assumption("central_share", 0.6, "share of documents leaving the province that go up to central bodies, where one is written to"),
    Assumption("peers_mean", 1.6, "mean number of recipients of a document that is not a broadcast"),
    Assumption("portal_hours", 24.0, "hours within which a directive counts as published"),
    Assumption("publish_minutes", 15.0, "minutes it takes to put a directive on the portal"),
    Assumption("sign_in_share", 0.85, "chance that somebody who works on a computer regularly opens the mailbox on a working day"),
    Assumption("sign_in_rare_share", 0.15, "the same for somebody who does not"),
    Assumption("messages_mean", 3.0, "mean messages sent by somebody who opened the mailbox"),
    Assumption("post_days", 2.0, "working days a letter is under way by post inside the province"),
    Assumption("post_days_outside", 4.0, "working days a letter is under way by post across the province's border"),
    Assumption("courier_hours", 6.0, "hours a courier takes with a secret document inside the province"),
    Assumption("courier_hours_outside", 30.0, "hours a courier takes across the province's border"),
    Assumption("email_seconds", 40.0, "seconds an e-mail is under way"),
    Assumption("party_latency_seconds", 90.0, "seconds a document is under way on the Party network"),
    Assumption("party_per_minute", 30.0, "documents the Party network carries a minute"),
    Assumption("outage_patience_hours", 4.0, "hours of announced outage waited out before turning to paper (urgent documents: none)"),
    Assumption("party_gateway_levels", 1.0, "1: state agencies reach only Party bodies of the province and the centre through the gateway"),
    Assumption("internal_readers_mean", 1.5, "mean number of units an internal document is circulated to"),
    Assumption("take_back_share", 0.002, "share of documents sent by the axis of which one recipient was a mistake: taken back"),
    Assumption("recall_share", 0.001, "share of documents sent by the axis that turn out void: recalled"),
    Assumption("update_share", 0.001, "share of documents sent by the axis whose metadata or recipients need correcting: updated"),
    Assumption("replace_share", 0.002, "share of documents sent by the axis whose text is wrong: replaced by a new document"),
    Assumption("notice_minutes", 60.0, "minutes of office time within which the clerk hears of such a mistake"),
    Assumption("counterpart_hours", 3.0, "mean hours until a counterpart outside the study registers what it received"),
)

STAMPING: tuple[Assumption, ...] = (
    Assumption("time_stamp_seconds_min", 2.0, "seconds the fastest time-stamp takes (measured by others: 2 to 131 s)"),
    Assumption("time_stamp_seconds_max", 131.0, "seconds the slowest time-stamp takes while the service works (the same measurement)"),
    Assumption("time_stamp_timeout_seconds", 180.0, "seconds after which signing software gives up waiting for a time-stamp"),
    Assumption("time_stamp_tries", 3.0, "times signing software asks for a time-stamp before a letter goes without"),
    Assumption("time_stamp_lost_share", 0.0, "share of requests for a time-stamp that get no answer although the service works"),
    Assumption(
        "archive_run_minutes", 30.0, "minutes after midnight, when the new revocation lists are out, at which archives do their work"
    ),
    Assumption(
        "archive_renewal_days", 365.0, "days before the proof of its newest time-stamp ends at which an archive renews a copy at B-LTA"
    ),
)
"""What is assumed besides where letters are made to last."""
FIELD_SHARES = ("first_generation_share", "leaf_only_share", "clock_ahead_share")
"""Shares of agencies that a world may state; without them there are none (:class:`scenarios.world.schema.FieldItem`)."""


@dataclass(frozen=True, slots=True)
class Habits:
    """The assumptions of one run by key."""

    values: dict[str, float]

    def __getitem__(self, key: str) -> float:
        return self.values[key]


def effective(world: World) -> tuple[Assumption, ...]:
    """Every assumption about people that a run of this world uses: the world's own where it states one, else the default."""
    stated = {item.key: item for item in world.assumptions}
    used = (*DEFAULTS, *STAMPING) if world.stamps else DEFAULTS
    return tuple(stated.get(item.key, item) for item in used)


def habits(world: World) -> Habits:
    """The effective assumptions, for looking up by key."""
    return Habits({item.key: item.value for item in effective(world)})
