"""Run a world: assemble it, let it live for some working days, and give back what must be printed.

``bootstrap`` of the simulated side: the only file here that knows how the parts fit. Everything measured comes from the trace; what stands
in :class:`RunResult` are the checks on it: conservation, reconciliation, raw operations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

from exchange.domain.lifecycle import DeliveryState, MailState
from exchange.domain.organization import Level
from exchange.metering import Operations
from exchange.observe import DrivenAxis
from scenarios import roads
from scenarios.axisline import AxisLine
from scenarios.judgements import Judgements
from scenarios.kernel import DAY, Kernel, Process
from scenarios.memory import give_back, seldom
from scenarios.office import archive, incidents
from scenarios.office.keys import KeyRing
from scenarios.office.office import Office
from scenarios.office.registers import ARCHIVED, MAIL, OFFICES, Registers
from scenarios.office.services import Services
from scenarios.office.software import Software
from scenarios.people import counterpart, errands, life
from scenarios.places import DAYS_OF_LISTS, Embedded, Place
from scenarios.reconcile import Facts, reconcile
from scenarios.sealing import Sealing, Witness, witness_name
from scenarios.secrets import caller as software_of
from scenarios.survival import Standing, survival
from scenarios.systems.mailboxes import mailboxes
from scenarios.systems.party import PartyNetwork
from scenarios.systems.portal import Portal
from scenarios.systems.post import Post
from scenarios.systems.stamping import TimeStamping
from scenarios.tally import Tally
from scenarios.trace import AXIS, AgencyOpened, CertificatesIssued, CrlIssued, PathValidated, Record, Sink
from scenarios.world import pki
from scenarios.world.model import Agency, World
from scenarios.world.pki import WorldPki
from signing import METER, PathCache, PathStep, Purpose, SignatureLevel, TrustStore, Validator

Keep = Literal["all", "none"]
Counts = Mapping[str, Mapping[str, int]]
EMBEDDED = Embedded()


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands."""

    documents: int
    """Begun so far, official and internal ones."""
    moment: datetime
    fraction: float
    """Of the simulated time, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Operation:
    """Raw signature operations of one purpose: counted at the cryptography call, and implied by the trace alone.

    Counted are those of work that counts. What processes of a distributed axis did once more is in :attr:`RunResult.again`.
    """

    kind: Literal["signs", "verifies"]
    purpose: str
    """A :class:`signing.Purpose`; ``path`` for the links and revocation lists of certificate paths together."""
    metered: int
    implied: int


@dataclass(frozen=True, slots=True)
class Conservation:
    """One sum: pairs (document, recipient) as the senders' trace counts them, and per state as the store does, each by its own query."""

    sent: int
    states: tuple[tuple[str, int], ...]

    @property
    def counted(self) -> int:
        """Sum over the states."""
        return sum(count for _, count in self.states)

    @property
    def holds(self) -> bool:
        """Whether both sides are equal."""
        return self.sent == self.counted


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run leaves besides its trace."""

    days: int
    ended: datetime
    documents: int
    internal_documents: int
    records: int
    deliveries: Conservation
    """Pairs submitted to the axis."""
    outbox_pairs: int
    """Pairs issued for the axis that their senders' software has not handed over yet."""
    rejected_pairs: int
    """Pairs whose package the axis rejected at its door, leaving no row."""
    mail: Conservation
    """Pairs by e-mail, paper, courier and the Party network."""
    pairs: tuple[tuple[str, int], ...]
    """Pairs by road."""
    statuses: int
    disagreements: tuple[str, ...]
    """Trace against axis, record by record; empty when they agree."""
    reconciled: int
    """Facts compared."""
    checkpoints: int
    """Times the axis sealed its ledger; each checkpoint was looked at by four witnesses."""
    operations: tuple[Operation, ...]
    again: tuple[Operation, ...] = ()
    """Operations done for nothing (``metered``), which nothing implies: paths that more than one process worked out, work given up by one
    process and done by another, lists of authorities that each process simulates. A fact of the machines, not of the world.
    """
    in_flight: tuple[tuple[str, int], ...] = ()
    """What waits at the axis when the run ends, by stage and by hop."""
    archived: tuple[tuple[str, int], ...] = ()
    """Letters in the agencies' archives by the level of their copy."""
    survival: tuple[Standing, ...] = ()
    """Which of the letters kept would still be found valid at the world's control times, judged after the run."""

    @property
    def holds(self) -> bool:
        """Whether every sum and every comparison is exact."""
        exact = all(operation.metered == operation.implied for operation in self.operations)
        return exact and self.deliveries.holds and self.mail.holds and not self.disagreements


def run(
    world: World,
    *,
    days: int,
    sink: Sink,
    workdir: Path,
    progress: Callable[[Progress], None] | None = None,
    keep: Keep = "all",
    place: Place = EMBEDDED,
) -> RunResult:
    """Live ``days`` working days of a world, to the midnight after the last; databases are written to ``workdir`` (must be empty of them).

    Same world and seed, same records, whichever ``place`` the axis is at; the records of fewer days are the beginning of those of more.
    """
    with seldom() as set_aside:
        return _live(world, days, sink, workdir, progress, place, keep=keep == "all", assembled=set_aside)


def _live(
    world: World,
    days: int,
    sink: Sink,
    workdir: Path,
    progress: Callable[[Progress], None] | None,
    place: Place,
    *,
    keep: bool,
    assembled: Callable[[], None],
) -> RunResult:
    """``assembled`` is called when everything that lives as long as the run is there."""
    before = METER.snapshot()
    registers = Registers(workdir / OFFICES)
    try:
        facts = Facts(registers)
        tally = Tally(sink)

        def record(fact: Record) -> None:
            facts.note(fact)
            tally(fact)

        kernel = Kernel(world, record)
        issued = pki.build(world, workdir / "keys")
        with _Assembly(kernel, issued, registers, workdir, place, keep=keep) as assembly:
            assembled()
            end = kernel.working_day_end(days)
            kernel.start_process(_tidy(kernel))
            if progress is not None:
                kernel.start_process(_tell(kernel, tally, progress, end))
            kernel.env.run(until=end)
            disagreements = reconcile(facts, assembly.axis, kernel, assembly.line.settled_at)
            registers.flush()
            result = _result(kernel, days, tally, disagreements, assembly, registers, before)
            return replace(result, survival=survival(issued, registers, world.control_times))
    finally:
        registers.close()


class _Assembly:
    """The parts put together: axis, offices, people, neighbours. A context manager, for the axis holds a file open."""

    def __init__(self, kernel: Kernel, issued: WorldPki, registers: Registers, workdir: Path, place: Place, *, keep: bool) -> None:
        world = kernel.world
        trust = issued.pki.trust_store()
        paths = PathCache(trust, issued.policy, snapshots=DAYS_OF_LISTS)
        self._kernel, self._issued = kernel, issued
        _opening(kernel, issued)
        self.axis: DrivenAxis = place.open(world, issued, workdir)
        services = Services(
            kernel=kernel,
            agencies={agency.id: agency for agency in world.agencies},
            directory=issued.directory,
            keys=KeyRing(issued.organisations, issued.persons, world.field.leaf_only, {**issued.tokens, **issued.lent}),
            registers=registers,
            outage_ahead=roads.Outages(kernel, issued.directory).ahead,
            trust=trust,
            paths=paths,
            keep=keep,
            policy=issued.policy,
            stamper=TimeStamping(kernel, issued.pki) if world.stamps else None,
            incidents=incidents.waiting(kernel, world.incidents),
        )
        post = Post(services)
        services.join(post, PartyNetwork(services), Portal(kernel))
        self._open_offices(services)
        self._connect(services)
        self._witness(trust, paths, workdir)

    def __enter__(self) -> _Assembly:
        return self

    def __exit__(self, *_: object) -> None:
        self.axis.close()

    def _open_offices(self, services: Services) -> None:
        kernel = self._kernel
        kernel.start_process(_revocation_lists(kernel, self._issued))
        for agency in kernel.world.agencies:
            if not agency.exchanges or not agency.people:
                continue
            office = services.offices[agency.id] = Office.open(agency, services)
            kernel.start_process(errands.errands(office))
            if kernel.world.preserves:
                kernel.start_process(archive.nightly(office))
            if agency.simulated:
                kernel.start_process(mailboxes(office))
            live = life.person if agency.simulated else counterpart.desk
            for person in agency.people:
                kernel.start_process(live(office, person))

    def _connect(self, services: Services) -> None:
        softwares, secrets, kernel_seed = {}, {}, self._kernel.seed
        for organ, office in services.offices.items():
            caller = software_of(kernel_seed, organ)
            secrets[organ] = caller.secret
            softwares[organ] = Software(office, self.axis, caller, self._issued.axis.certificate_der)
        self.axis.enrol_all(secrets)
        self.judgements = Judgements(services, self.axis)
        self.line = AxisLine(self._kernel, softwares, self.axis.settle, self.judgements.write)
        services.wake = self.line.wake
        self._kernel.start_process(self.line.run())

    def _witness(self, trust: TrustStore, paths: PathCache, folder: Path) -> None:
        """A witness for each of the four levels, and the hours in which the axis seals."""
        kernel, certificate = self._kernel, self._issued.axis.certificate_der

        def witness(level: Level) -> Witness:
            def watched(_: str, steps: tuple[PathStep, ...]) -> None:
                for step in steps:
                    kernel.record(PathValidated(kernel.now, witness_name(level), step.subject, step.verifies))

            return Witness(level, Validator(trust, self._issued.policy, cache=paths, on_path=watched), certificate, folder)

        sealing = Sealing(kernel, self.axis, [witness(level) for level in Level], AXIS, lambda: self.line.settled_at)
        kernel.start_process(sealing.run())


def _opening(kernel: Kernel, issued: WorldPki) -> None:
    """Facts of the first instant: who there is, and which certificates were made."""
    for agency in kernel.world.agencies:
        kernel.record(_opened(agency))
    made = issued.issued_by_agency()
    kernel.record(CertificatesIssued(0, AXIS, len(issued.pki.authorities()) + 1))
    for organ in sorted(made):
        kernel.record(CertificatesIssued(0, str(organ), made[organ]))


def _opened(agency: Agency) -> AgencyOpened:
    return AgencyOpened(
        at=0,
        agency=str(agency.id),
        name=agency.name,
        level=agency.level.value,
        bloc=agency.bloc.value,
        province=agency.province,
        exchanges=agency.exchanges,
        organisation_certificates=int(agency.organisation_certificate is not None),
        person_certificates=sum(person.certificate is not None for person in agency.people),
        staff=len(agency.people),
        mailboxes=sum(person.mailbox for person in agency.people),
    )


def _revocation_lists(kernel: Kernel, issued: WorldPki) -> Process:
    """Every midnight the authorities publish their lists."""
    day = 0
    while True:
        for _ in issued.pki.crls(kernel.moment):
            kernel.record(CrlIssued(kernel.now, AXIS, day))
        day += 1
        yield kernel.until(day * DAY)


def _tidy(kernel: Kernel) -> Process:
    """Every five minutes of the province; no fact depends on it."""
    bytes_kept = give_back()
    while True:
        yield kernel.sleep(300)
        bytes_kept = give_back(bytes_kept)


def _tell(kernel: Kernel, tally: Tally, progress: Callable[[Progress], None], end: int) -> Process:
    while True:
        progress(Progress(tally.documents + tally.internal, kernel.moment, min(1.0, kernel.now / end)))
        yield kernel.sleep(1800)


def _result(
    kernel: Kernel,
    days: int,
    tally: Tally,
    compared: tuple[tuple[str, ...], int],
    assembly: _Assembly,
    registers: Registers,
    before: Counts,
) -> RunResult:
    axis, axis_pairs = assembly.axis, tally.pairs["axis"]
    reported, repeated = axis.operations(), assembly.judgements.repeated
    return RunResult(
        days=days,
        ended=kernel.moment,
        documents=tally.documents,
        internal_documents=tally.internal,
        records=tally.records,
        deliveries=Conservation(tally.submitted_pairs, tuple((state.value, axis.count(state)) for state in DeliveryState)),
        outbox_pairs=tally.outbox_pairs,
        rejected_pairs=tally.rejected_pairs,
        mail=Conservation(
            sum(tally.pairs.values()) - axis_pairs, tuple((state.value, registers.count(MAIL, state=state.value)) for state in MailState)
        ),
        pairs=tuple(sorted(tally.pairs.items())),
        statuses=tally.receipts["status"],
        disagreements=compared[0],
        reconciled=compared[1],
        checkpoints=tally.signs["checkpoint"],
        operations=_operations(tally, before, reported, repeated),
        again=_again(reported, repeated),
        in_flight=tuple(axis.depth().items()),
        archived=tuple((level.value, count) for level in SignatureLevel if (count := registers.count(ARCHIVED, level=level.value))),
    )


def _operations(tally: Tally, before: Counts, reported: Sequence[Operations], repeated: int) -> tuple[Operation, ...]:
    """This process's count and what others report, without path steps done once more, beside what the trace implies."""
    after, settled = METER.snapshot(), {(one.kind, one.purpose): one.settled for one in reported}

    def metered(kind: str, purpose: Purpose) -> int:
        return after[kind][purpose] - before[kind][purpose] + settled.get((kind, purpose), 0)

    rows = [Operation("signs", purpose.value, metered("signs", purpose), tally.signs[purpose.value]) for purpose in Purpose]
    rows += [
        Operation("verifies", purpose.value, metered("verifies", purpose), tally.verifies[purpose.value])
        for purpose in Purpose
        if purpose not in _OF_PATHS
    ]
    path = sum(metered("verifies", purpose) for purpose in _OF_PATHS) - repeated
    return (*rows, Operation("verifies", "path", path, tally.verifies["path"]))


def _again(reported: Sequence[Operations], repeated: int) -> tuple[Operation, ...]:
    paths = repeated + sum(one.again for one in reported if one.kind == "verifies" and one.purpose in _OF_PATHS)
    others = [one for one in reported if one.again and not (one.kind == "verifies" and one.purpose in _OF_PATHS)]
    rows = [Operation("signs" if one.kind == "signs" else "verifies", one.purpose, one.again, 0) for one in others]
    return (*rows, Operation("verifies", "path", paths, 0)) if paths else tuple(rows)


_OF_PATHS = (Purpose.CERTIFICATE, Purpose.CRL)
