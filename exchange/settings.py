"""What the axis can be told. Values only; :mod:`exchange.bootstrap` reads them once."""

from __future__ import annotations

from dataclasses import dataclass

from exchange.domain.identifiers import OrganId

_OPERATOR = OrganId("G22")
"""The Government Office runs the national axis (domain.md §2.1)."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """How much may wait before callers are told to come later (:mod:`exchange.capacity`).

    ``rows``: what may wait in all before ordinary packages are turned away; khẩn at twice as many, thượng khẩn at three times, hỏa tốc at
    four times. From half of that on no organisation may have more in line than its part.
    """

    rows: int = 20_000
    seconds: int = 60
    """How long one of this urgency may wait, as the middle one of the organisations in line sees it."""
    least_share: int = 100
    """Rows any organisation may have in line, however many others there are."""


@dataclass(frozen=True, slots=True)
class AxisSettings:
    """How one axis is set up.

    ``database_url``: ``sqlite://`` (memory), ``sqlite:///path/to/file`` or ``postgresql+psycopg://…``.
    ``organ``: the code under which the axis' own refusals stand in a mailbox.
    """

    database_url: str = "sqlite://"
    organ: OrganId = _OPERATOR
    origin: str = "axis.truc.test"
    """Name of the ledger, in every checkpoint."""
    seal_size: int = 2000
    """Ledger entries written in one transaction: a writer waits for no more than these."""
    claim_size: int = 256
    """Rows a stage claims in one transaction."""
    lease_seconds: int = 6
    """Machine seconds a claim holds before another worker may take it over; whoever works on it renews it."""
    document_seconds: int = 20
    """Machine seconds a worker gives to judging one document; after twice as long, in two attempts, it is refused."""
    token_seconds: int = 600
    """Machine seconds an access token holds."""
    settle_seconds: int = 300
    """Machine seconds a settling waits for workers."""
    max_attempts: int = 5
    """Attempts after which a row is parked, visible and never dropped."""
    max_package_bytes: int = 1 << 30
    max_attachment_bytes: int = 512 << 20
    memory_bytes: int = 4 << 20
    """Attachments of one call that may wait in memory for the admission transaction; what exceeds it is staged in the database."""
    capacity: Capacity | None = None
    """How much may wait for workers, where submissions come at the machine's time; ``None``: whatever comes, as a kernel needs it."""
    expire_days: int | None = None
    """Days of business time after which a document that nobody fetched expires; ``None``: it waits for ever."""
    accept_secret: bool = False
    """Whether letters marked secret may travel (training worlds only; Decision 28/2018 Art. 1 says never)."""
    accept_sealed_files: bool = False
    """Whether a document may be a file under its sender's detached seal instead of a letter signed twice (measured worlds only: such a seal
    does not cover number, date and recipients)."""
    expect_time_stamps: bool = False
    """Whether a letter that no time-stamp dates is a finding: where senders have letters time-stamped before they send them."""
