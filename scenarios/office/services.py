"""What every office uses and none owns: the clock, the registers' file, keys, the directory, the roads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from exchange.domain.identifiers import OrganId
from exchange.domain.organization import Directory
from exchange.edxml.model import EdocHeader
from scenarios.kernel import Kernel
from scenarios.office.cases import Planned
from scenarios.office.keys import KeyRing
from scenarios.office.registers import Registers
from scenarios.office.witness import Witness
from scenarios.trace import PathValidated
from scenarios.world.model import Agency
from signing import DEFAULT, AlgorithmPolicy, PackedLetter, PathCache, PathStep, TrustStore, Validator, pack_letter, unpack_letter

if TYPE_CHECKING:
    from scenarios.office.office import Office
    from scenarios.systems.party import PartyNetwork
    from scenarios.systems.portal import Portal
    from scenarios.systems.post import Post
    from scenarios.systems.stamping import TimeStamping

T = TypeVar("T")


class Shelf:
    """Files of fetched packages until their clerks have checked them. One that many fetched lies there once; each reads it for itself.

    Letters lie there packed, a thirtieth of their size: what waits for clerks would else be the largest thing in a run's memory.
    """

    def __init__(self) -> None:
        self._files: dict[str, tuple[int, bytes | PackedLetter]] = {}
        self._headers: dict[str, tuple[int, EdocHeader]] = {}

    def put(self, digest: str, data: bytes) -> str:
        """Lay a file down under the digest its reader worked out; gives that."""
        count, held = self._files.get(digest) or (0, pack_letter(data) or data)
        self._files[digest] = (count + 1, held)
        return digest

    def take(self, digest: str) -> bytes:
        """The file's bytes; gone after the last who put it took it. Raises KeyError when it was never put."""
        held = self.drop(digest)
        return unpack_letter(held) if isinstance(held, PackedLetter) else held

    def drop(self, digest: str) -> bytes | PackedLetter:
        """As :meth:`take`, for who does not want to read it: as it lay there."""
        count, held = self._files.pop(digest)
        if count > 1:
            self._files[digest] = (count - 1, held)
        return held

    def put_header(self, package: str, header: EdocHeader) -> EdocHeader:
        """Lay down what somebody read in a package; gives the equal value that lies there already, held once. Raises RuntimeError."""
        count, held = self._headers.get(package, (0, header))
        if held != header:
            raise RuntimeError(f"two readers of package {package} read different headers in the same bytes")
        self._headers[package] = (count + 1, held)
        return held

    def drop_header(self, package: str) -> None:
        """Somebody who put it needs it no more."""
        count, held = self._headers.pop(package)
        if count > 1:
            self._headers[package] = (count - 1, held)

    def __len__(self) -> int:
        return len(self._files) + len(self._headers)


@dataclass(slots=True)
class Services:
    """Shared by the offices of one run."""

    kernel: Kernel
    agencies: Mapping[OrganId, Agency]
    directory: Directory
    keys: KeyRing
    registers: Registers
    outage_ahead: Callable[[Agency, Agency], int]
    """Longest announced outage (seconds) still ahead on the hops between two agencies."""
    trust: TrustStore
    paths: PathCache
    """Paths worked out so far, shared by all; signature results never are."""
    keep: bool = True
    """Whether finished internal letters are kept in the offices' database."""
    policy: AlgorithmPolicy = DEFAULT
    """Which algorithms the offices' validators accept; the one ``paths`` were made for."""
    stamper: TimeStamping | None = None
    """The time-stamping service, where letters are time-stamped."""
    offices: dict[OrganId, Office] = field(default_factory=dict)
    witness: Witness = field(init=False)
    shelf: Shelf = field(default_factory=Shelf)
    incidents: dict[OrganId, list[Planned]] = field(default_factory=dict)
    """Faults that wait for a letter, by agency, in the order of their moments."""
    unjudged: dict[str, str] = field(default_factory=dict)
    """Packages the axis holds and has not judged yet, with their documents; for the trace alone."""
    _validators: dict[OrganId, Validator] = field(default_factory=dict)
    _post: Post | None = None
    _party: PartyNetwork | None = None
    _portal: Portal | None = None
    wake: Callable[[OrganId], None] = lambda _organ: None
    """Tell the kernel's axis line that an office has something in its outbox."""

    def __post_init__(self) -> None:
        self.witness = Witness(self.registers)

    @property
    def post(self) -> Post:
        """Post, couriers and e-mail."""
        return _there(self._post, "post")

    @property
    def time_stamping(self) -> TimeStamping:
        """The time-stamping service."""
        return _there(self.stamper, "time-stamping service")

    @property
    def archives(self) -> bool:
        """Whether agencies keep a copy of every letter they register: to make it last, or because somebody will ask for it."""
        return self.kernel.world.preserves or bool(self.kernel.world.control_times)

    @property
    def party(self) -> PartyNetwork:
        """The Party's own network."""
        return _there(self._party, "Party network")

    @property
    def portal(self) -> Portal:
        """The portal directives are published on."""
        return _there(self._portal, "portal")

    def validator(self, organ: OrganId) -> Validator:
        """The agency's own validator; a path it has to work out is written down under its name."""
        found = self._validators.get(organ)
        if found is None:
            name, kernel = str(organ), self.kernel

            def on_path(_: str, steps: tuple[PathStep, ...]) -> None:
                for step in steps:
                    kernel.record(PathValidated(kernel.now, name, step.subject, step.verifies))

            found = self._validators[organ] = Validator(self.trust, self.policy, cache=self.paths, on_path=on_path)
        return found

    def join(self, post: Post, party: PartyNetwork, portal: Portal) -> None:
        """Put the neighbouring systems in place; they need the offices and the offices need them."""
        self._post, self._party, self._portal = post, party, portal


def _there(value: T | None, name: str) -> T:
    if value is None:
        raise RuntimeError(f"the {name} was used before the run was assembled")
    return value
