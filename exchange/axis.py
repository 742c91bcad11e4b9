"""The axis in process: the four Protocols of :mod:`exchange.api` over one store. A thin assembly: each method is one use case elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import insert

from exchange import outbox
from exchange.administration import Administration
from exchange.admission import Admissions
from exchange.api import (
    Bearer,
    Caller,
    Checkpoint,
    Consistency,
    Credential,
    DeliveryView,
    Envelope,
    Fetched,
    Inclusion,
    Package,
    Receipt,
    Rejection,
    Scope,
    Settled,
    Submission,
    Token,
    Traffic,
)
from exchange.audit import DeliveryRecord, JudgementRecord, NegotiationRecord, Records, RefusalRecord
from exchange.audit.traffic import traffic
from exchange.counts import Counts
from exchange.dispatch import Dispatcher, machine_fraction
from exchange.domain.identifiers import OrganId
from exchange.domain.lifecycle import DeliveryState
from exchange.domain.organization import Directory, Organization
from exchange.doorbell import Doorbell
from exchange.errors import ExchangeError, Forbidden, StoreUnavailable, UnknownHop
from exchange.ledger import Ledger
from exchange.mailbox import PAGE_BYTES, Mailboxes
from exchange.members import Members
from exchange.metering import Operations, StepRecord, operations, steps
from exchange.observe import Observed
from exchange.outbox import Parked
from exchange.settings import AxisSettings
from exchange.stages.desk import Desk
from exchange.stages.mail import instant
from exchange.stages.seal import seal
from exchange.stamps import LetterStampRecord, letter_stamps
from exchange.standing import Standing, standing
from exchange.store import blobs
from exchange.store.admissions import Admission
from exchange.store.blobs import Budget
from exchange.store.tables import outage
from exchange.tokens import Tokens


class Axis(Observed):
    """One axis. Open it with :func:`exchange.bootstrap.open_axis`."""

    def __init__(self, desk: Desk, dispatcher: Dispatcher, doorbell: Doorbell, tokens: Tokens) -> None:
        self._desk = desk
        self._dispatcher = dispatcher
        self._store = desk.store
        self._members = Members(desk.store, desk.directory, tokens, desk.settings.organ)
        self._admissions = Admissions(desk, self._members.canonical, doorbell)
        self._mailboxes = Mailboxes(desk.store)
        self._records = Records(desk.store)
        self._ledger = Ledger(desk.store)
        self.administration = Administration(desk.store, self._members.forget)
        """What operators do by hand."""

    @property
    def settings(self) -> AxisSettings:
        """What it was told."""
        return self._desk.settings

    @property
    def directory(self) -> Directory:
        """The organisations it knows."""
        return self._desk.directory

    def enrol(self, organ: OrganId, secret: str) -> None:
        """Make an organisation a member, or give it a new secret."""
        self._members.enrol(organ, secret)

    def enrol_all(self, secrets: Mapping[OrganId, str]) -> None:
        """Make many organisations members in one transaction."""
        self._members.enrol_all(dict(secrets))

    def enrol_new(self, secrets: Mapping[OrganId, str]) -> None:
        """Make those members that are none yet; a secret that was given before, or replaced, stays."""
        self._members.enrol_new(dict(secrets))

    # --- Who calls ---

    def token(self, caller: Caller, scopes: frozenset[Scope] = frozenset()) -> Token:
        """An access token for some scopes, or for all the caller has. Raises :class:`Unauthenticated`, :class:`Forbidden`."""
        return self._members.token(caller, scopes)

    def authorize(self, credential: Credential, scope: Scope | None) -> OrganId:
        """The caller's own code, if it may do this; without a scope, any will do.

        Raises :class:`Unauthenticated`, :class:`TokenRefused`, :class:`Forbidden`.
        Calls that name their caller ask it by themselves; whoever serves the others to strangers asks it before each.
        """
        return self._members.authenticate(credential, scope)

    def recall(self, bearer: Bearer, scope: Scope | None) -> OrganId | None:
        """As :meth:`authorize`, from memory alone; ``None`` when the database has to be asked."""
        return self._members.recall(bearer, scope)

    # --- Submit ---

    def submit(self, caller: Credential, submissions: Sequence[Submission], at: datetime) -> tuple[Receipt | Rejection, ...]:
        """See :meth:`exchange.api.Submit.submit`."""
        organ = self._members.authenticate(caller, Scope.SUBMIT)
        return self._admissions.submit(organ, self._members.codes(organ), submissions, at)

    def read_in(self, caller: Credential, submission: Submission, at: datetime, budget: Budget) -> Admission | Rejection:
        """The first half of a submission, which needs no transaction of its own: authenticate and parse. ``budget``: see there.

        Raises what :meth:`submit` does, and :class:`exchange.errors.Overloaded`.
        """
        organ = self._members.authenticate(caller, Scope.SUBMIT)
        return self._admissions.read(organ, self._members.codes(organ), submission, at, budget)

    def admit(self, admissions: Sequence[Admission]) -> list[Receipt | Rejection]:
        """The second half, for many callers at once: one transaction, the answers in order."""
        return self._admissions.admit(admissions)

    def abandon(self, admissions: Sequence[Admission]) -> None:
        """What was read in will not be admitted: what was staged for it goes."""
        self._admissions.abandon(admissions)

    # --- Receive ---

    def waiting(self, caller: Credential, at: datetime, limit: int = 100) -> tuple[Envelope, ...]:
        """See :meth:`exchange.api.Receive.waiting`."""
        return self._mailboxes.waiting(self._members.authenticate(caller, Scope.RECEIVE), at, limit)

    def fetch(self, caller: Credential, package_ids: Sequence[str], at: datetime) -> tuple[Package, ...]:
        """See :meth:`exchange.api.Receive.fetch`."""
        return self._mailboxes.fetch(self._members.authenticate(caller, Scope.RECEIVE), package_ids, at)

    def confirm(self, caller: Credential, outcomes: Sequence[Fetched], at: datetime) -> None:
        """See :meth:`exchange.api.Receive.confirm`."""
        self._mailboxes.confirm(self._members.authenticate(caller, Scope.RECEIVE), outcomes, at)

    def collect(self, caller: Credential, outcomes: Sequence[Fetched], at: datetime, limit: int = 100) -> tuple[Package, ...]:
        """See :meth:`exchange.api.Receive.collect`."""
        organ = self._members.authenticate(caller, Scope.RECEIVE)
        self._mailboxes.confirm(organ, outcomes, at)
        (page,) = self._mailboxes.pages([(organ, limit)], at, PAGE_BYTES)
        return page or ()

    def confirm_all(self, said: Sequence[tuple[Credential, Sequence[Fetched]]], at: datetime) -> list[ExchangeError | None]:
        """:meth:`confirm` for many callers in one transaction: each gets its own error, or none, in order."""
        organs = [self._let_in(caller) for caller, _ in said]
        let_in = [(organ, outcomes) for organ, (_, outcomes) in zip(organs, said, strict=True) if isinstance(organ, OrganId)]
        done = iter(self._mailboxes.confirm_all(let_in, at))
        return [next(done) if isinstance(organ, OrganId) else organ for organ in organs]

    def pages(
        self, asked: Sequence[tuple[Credential, int]], at: datetime, most: int = PAGE_BYTES
    ) -> list[tuple[Package, ...] | ExchangeError | None]:
        """The second half of :meth:`collect` for many callers at once; see :meth:`exchange.mailbox.Mailboxes.pages`."""
        organs = [self._let_in(caller) for caller, _ in asked]
        let_in = [(organ, limit) for organ, (_, limit) in zip(organs, asked, strict=True) if isinstance(organ, OrganId)]
        done = iter(self._mailboxes.pages(let_in, at, most))
        return [next(done) if isinstance(organ, OrganId) else organ for organ in organs]

    def _let_in(self, caller: Credential) -> OrganId | ExchangeError:
        try:
            return self._members.authenticate(caller, Scope.RECEIVE)
        except StoreUnavailable:
            raise
        except ExchangeError as error:
            return error

    def with_mail(self, organs: Sequence[OrganId], at: datetime) -> dict[OrganId, int]:
        """Those in whose mailboxes something waits, and the rank of its first line: for whoever has let their owners in before."""
        return self._mailboxes.with_mail(organs, at)

    # --- Audit ---

    def deliveries(self, caller: Credential, package_ids: Sequence[str]) -> tuple[DeliveryView, ...]:
        """See :meth:`exchange.api.Audit.deliveries`."""
        return self._records.views(self._members.authenticate(caller, Scope.AUDIT), package_ids)

    def receipts_of(self, caller: Credential, package_ids: Sequence[str]) -> tuple[Receipt, ...]:
        """See :meth:`exchange.api.Audit.receipts_of`."""
        return self._records.receipts_of(self._members.authenticate(caller, Scope.AUDIT), package_ids)

    def traffic(self, caller: Credential, since: datetime, until: datetime) -> tuple[Traffic, ...]:
        """See :meth:`exchange.api.Audit.traffic`."""
        organ = self._members.authenticate(caller, Scope.AUDIT)
        return traffic(self._store, None if self._members.operates(organ) else self._desk.directory.beneath(organ), since, until)

    def organizations(self, caller: Credential, after: OrganId | None = None, limit: int = 1000) -> tuple[Organization, ...]:
        """See :meth:`exchange.api.Audit.organizations`."""
        self._members.authenticate(caller, None)
        return self._desk.directory.page(after, limit)

    def count(self, state: DeliveryState) -> int:
        """See :meth:`exchange.api.Audit.count`."""
        return self._records.count(state)

    def overview(self, caller: Credential, state: DeliveryState) -> int:
        """As :meth:`count`, for the organisation that runs the axis. Raises :class:`Forbidden` for every other."""
        organ = self._members.authenticate(caller, Scope.AUDIT)
        if not self._members.operates(organ):
            raise Forbidden(str(organ), "see the whole axis")
        return self._records.count(state)

    def checkpoint(self) -> Checkpoint | None:
        """See :meth:`exchange.api.Audit.checkpoint`."""
        return self._ledger.checkpoint()

    def inclusion(self, package_ids: Sequence[str]) -> tuple[Inclusion | None, ...]:
        """See :meth:`exchange.api.Audit.inclusion`."""
        return self._ledger.inclusion(package_ids)

    def consistency(self, first: int, second: int) -> Consistency:
        """See :meth:`exchange.api.Audit.consistency`."""
        return self._ledger.consistency(first, second)

    def checkpoints(self) -> tuple[Checkpoint, ...]:
        """Every checkpoint, oldest first."""
        return self._ledger.checkpoints()

    # --- what whoever drives it reads (exchange.observe) ---

    def judgement_page(self, after: int, limit: int) -> Sequence[JudgementRecord]:
        """See :class:`exchange.observe.Observed`."""
        return self._records.judgements(after, limit)

    def letter_stamp_page(self, after: int, limit: int) -> Sequence[LetterStampRecord]:
        """See :class:`exchange.observe.Observed`."""
        return letter_stamps(self._store, after, limit)

    def refusal_page(self, after: int, limit: int) -> Sequence[RefusalRecord]:
        """See :class:`exchange.observe.Observed`."""
        return self._records.refusals(after, limit)

    def path_step_page(self, after: int, limit: int) -> Sequence[StepRecord]:
        """See :class:`exchange.observe.Observed`."""
        return steps(self._store, after, limit)

    def delivery_page(self, after: int, limit: int) -> Sequence[DeliveryRecord]:
        """See :class:`exchange.observe.Observed`."""
        return self._records.deliveries(after, limit)

    def negotiation_page(self, after: int, limit: int) -> Sequence[NegotiationRecord]:
        """See :class:`exchange.observe.Observed`."""
        return self._records.negotiations(after, limit)

    def checkpoint_page(self, after: int, limit: int) -> Sequence[Checkpoint]:
        """Checkpoints after the one of this number."""
        return self._ledger.checkpoints_after(after, limit)

    def operations(self) -> tuple[Operations, ...]:
        """See :class:`exchange.observe.Observed`."""
        return operations(self._store)

    def history(self, package_id: str, recipient: OrganId) -> tuple[tuple[DeliveryState, datetime], ...]:
        """The states one (document, recipient) went through."""
        return self._records.history(package_id, recipient)

    def receipts(self) -> int:
        """How many receipts were signed."""
        return self._records.receipts()

    # --- Operate ---

    def settle(self, until: datetime) -> Settled:
        """See :meth:`exchange.api.Operate.settle`; by whom is the dispatcher's affair.

        A package that leaves its last hop by ``until`` is in its mailbox with its arrival instant, which may be later.
        """
        mail, due = self._dispatcher.settle(round(until.timestamp()))
        first: dict[str, int] = {}
        for one in mail:
            first[one.organ] = min(one.at, first.get(one.organ, one.at))
        arrivals = sorted(first.items(), key=lambda pair: (pair[1], pair[0]))
        return Settled(tuple((OrganId.parse(organ), instant(at)) for organ, at in arrivals), None if due is None else instant(due))

    def seal(self, at: datetime) -> Checkpoint:
        """See :meth:`exchange.api.Operate.seal`."""
        return seal(self._desk, at)

    def stop_hop(self, hop: str, since: datetime, until: datetime) -> None:
        """See :meth:`exchange.api.Operate.stop_hop`. Raises :class:`UnknownHop`, ``ValueError`` when it ends before it begins."""
        if hop not in self._desk.hops:
            raise UnknownHop(hop)
        if until <= since:
            raise ValueError(f"an outage of {hop} must end after it begins")
        with self._store.writing() as work:
            work.run(insert(outage), {"hop": hop, "since": round(since.timestamp()), "until": round(until.timestamp())})

    def machine_seconds(self) -> float:
        """The database's clock, epoch seconds with their fraction: one clock for all processes of an axis."""
        return machine_fraction(self._store)

    def standing(self) -> Standing:
        """How the queues, the hops and the ledger stand now."""
        return standing(self._store)

    @property
    def counts(self) -> Counts:
        """What this process counted since it began."""
        return self._admissions.counts

    def depth(self) -> Mapping[str, int]:
        """Rows waiting per stage (``verify``, ``route``) and packages per hop: what is in flight, counted."""
        with self._store.reading() as work:
            stages = {stage.value: open_rows for stage, open_rows in outbox.depth(work).items()}
        return stages | self._records.hop_depth()

    def parked(self) -> tuple[Parked, ...]:
        """Rows set aside after too many attempts."""
        return outbox.parked(self._store)

    def release_parked(self) -> int:
        """Put parked rows back to work; gives how many."""
        with self._store.writing() as work:
            return outbox.release(work)

    def sweep(self, idle_seconds: int = 3600) -> int:
        """Remove attachments that were staged and never adopted; gives how many."""
        return blobs.sweep(self._store, idle_seconds)

    def close(self) -> None:
        """Give the database back."""
        self._store.close()
