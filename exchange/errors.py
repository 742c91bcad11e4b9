"""What can go wrong with the caller or the machine. Problems of one submission are answers (:class:`exchange.api.Rejection`), not these.

    ExchangeError
    ├── Unauthenticated          the caller's secret does not fit the organisation
    ├── LockedOut                the caller is who it says, and operators shut it out
    ├── UnknownMember            an operator named an organisation that is not enrolled
    ├── NotParked                an operator named a package that is no dead letter
    ├── NotResendable            an operator asked for mail again that is not there to be sent again
    ├── TokenRefused             an access token that is none of ours, or none any more
    ├── Forbidden                the caller is known and may not do this
    ├── TooManyRequests          the caller, or everybody together, asks for more than the axis gives
    │   └── Overloaded           more waits than may, or more of this caller's than its part
    ├── AxisUnreachable          an axis elsewhere does not answer
    ├── AxisMisunderstood        an axis elsewhere answers what this release does not understand
    ├── UnknownPackage           not in this caller's mailbox or archive
    ├── UnknownHop               no such leg of the road
    ├── UnknownLedgerSize        the ledger never had so many entries
    ├── SealedLater              the ledger was sealed as of a later instant
    ├── NotSettled               workers left work undone for too long
    ├── CheckpointUnreadable     a file that holds no checkpoint
    ├── ArchiveUnreadable        a file that is no archive, or a trust folder that is none
    ├── BundleUnreadable         a file that is no evidence bundle: place and rule
    ├── DomainError              a rule of exchange.domain was broken
    │   ├── InvalidOrganId       malformed organisation code
    │   ├── InvalidNumber        malformed document number or notation
    │   ├── UnknownDocumentType  not one of the 29 types
    │   ├── DuplicateOrgan       two organisations of a directory claim one code
    │   ├── IllegalTransition    the table of lifecycle.py has no such row
    │   └── NegotiationClosed    asked while a request is pending, or answered when none is
    ├── EdxmlError               a package that cannot be read: place and rule
    └── StoreError
        ├── StoreVersionMismatch a database made by another release
        ├── StoreUnavailable     full, read-only, locked or unreachable
        └── DamagedBlob          a stored attachment is not what was received

Each class rebuilds itself from its ``args``, so it survives pickling and SimPy.
"""

from __future__ import annotations


class ExchangeError(Exception):
    """Root of the tree."""


class Unauthenticated(ExchangeError):
    """The caller is not who it says it is; nothing was done."""

    def __init__(self, organ: str) -> None:
        super().__init__(organ)
        self.organ = organ

    def __str__(self) -> str:
        return f"{self.organ} is not registered with the axis under this secret"


class LockedOut(ExchangeError):
    """The caller is who it says, and operators of the axis shut it out; nothing was done."""

    def __init__(self, organ: str, reason: str) -> None:
        super().__init__(organ, reason)
        self.organ, self.reason = organ, reason

    def __str__(self) -> str:
        return f"{self.organ} is locked out by the operators of the axis: {self.reason}"


class UnknownMember(ExchangeError):
    """No organisation is enrolled under this code."""

    def __init__(self, organ: str) -> None:
        super().__init__(organ)
        self.organ = organ

    def __str__(self) -> str:
        return f"{self.organ} is no member of this axis"


class NotParked(ExchangeError):
    """An operator named a package that is not among the dead letters; nothing was done."""

    def __init__(self, package_id: str) -> None:
        super().__init__(package_id)
        self.package_id = package_id

    def __str__(self) -> str:
        return f"package {self.package_id} is not among the dead letters"


class NotResendable(ExchangeError):
    """Mail that an operator asked for again is not there, lies in the mailbox still, or was given up by the recipient."""

    def __init__(self, package_id: str, organ: str, rule: str) -> None:
        super().__init__(package_id, organ, rule)
        self.package_id, self.organ, self.rule = package_id, organ, rule

    def __str__(self) -> str:
        return f"package {self.package_id} cannot be sent to {self.organ} again: {self.rule}"


class TokenRefused(ExchangeError):
    """An access token that opens nothing: ``rule`` says why in a few words, and nothing of the token itself."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule

    def __str__(self) -> str:
        return f"the access token {self.rule}"


class Forbidden(ExchangeError):
    """The caller is who it says it is, and may not do this; nothing was done."""

    def __init__(self, organ: str, scope: str) -> None:
        super().__init__(organ, scope)
        self.organ, self.scope = organ, scope

    def __str__(self) -> str:
        return f"{self.organ} may not {self.scope} here"


_WHY_NOT = {
    "above-capacity": "what is of this urgency already waits too long",
    "above-share": "this organisation has more in line than its part",
    "agency-rate": "this organisation asks too often",
    "agency-waits": "this organisation waits at its mailbox too often at once",
    "closing": "this process is about to end",
    "no-room": "too much is being sent at once",
    "no-thread": "too much is being asked at once",
    "too-late": "the answer did not come in the time a caller waits",
}
"""In words."""


class TooManyRequests(ExchangeError):
    """More than the axis gives now: to be asked again after so many seconds; nothing was done."""

    def __init__(self, seconds: int, rule: str) -> None:
        super().__init__(seconds, rule)
        self.seconds, self.rule = seconds, rule

    def __str__(self) -> str:
        return f"the axis takes no more of this now: {_WHY_NOT.get(self.rule, self.rule)}; ask again in {self.seconds} s"


class Overloaded(TooManyRequests):
    """More waits than may; nothing was done.

    ``rule``: ``above-capacity`` (everybody of this urgency waits too long), ``above-share`` (this organisation has more in line than its
    part), ``too-late`` (the answer did not come in the time a caller waits) or ``closing`` (the process is about to end); of one API
    process ``agency-rate`` and ``agency-waits`` (this organisation asks, or waits at its mailbox, too often), ``no-thread`` and ``no-room``
    (too much is asked, or sent, at once).
    """


class AxisUnreachable(ExchangeError):
    """An axis elsewhere does not answer, or has been out of order for longer than one waits."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(url, reason)
        self.url, self.reason = url, reason

    def __str__(self) -> str:
        return f"the axis at {self.url} cannot be reached: {self.reason}"


class AxisMisunderstood(ExchangeError):
    """An answer of an axis elsewhere that is not what this release expects: another release, or no axis at all."""

    def __init__(self, url: str, answer: str) -> None:
        super().__init__(url, answer)
        self.url, self.answer = url, answer

    def __str__(self) -> str:
        return f"{self.url} answers what is not understood: {self.answer}"


class UnknownPackage(ExchangeError):
    """The caller asked for a package that is not its own."""

    def __init__(self, package_id: str, organ: str) -> None:
        super().__init__(package_id, organ)
        self.package_id, self.organ = package_id, organ

    def __str__(self) -> str:
        return f"package {self.package_id} is not in the mailbox of {self.organ}"


class UnknownHop(ExchangeError):
    """A leg of the road that the axis was not opened with."""

    def __init__(self, hop: str) -> None:
        super().__init__(hop)
        self.hop = hop

    def __str__(self) -> str:
        return f"there is no hop {self.hop}"


class UnknownLedgerSize(ExchangeError):
    """A proof was asked for between sizes that the ledger never had."""

    def __init__(self, first: int, second: int, size: int) -> None:
        super().__init__(first, second, size)
        self.first, self.second, self.size = first, second, size

    def __str__(self) -> str:
        return (
            f"the ledger has {self.size} {'entry' if self.size == 1 else 'entries'}: there is no proof from {self.first} to {self.second}"
        )


class SealedLater(ExchangeError):
    """The ledger was to be sealed as of an instant before its newest checkpoint (both ISO 8601): it goes forwards only."""

    def __init__(self, sealed: str, asked: str) -> None:
        super().__init__(sealed, asked)
        self.sealed, self.asked = sealed, asked

    def __str__(self) -> str:
        return f"the ledger was sealed at {self.sealed} and cannot be sealed as of {self.asked}"


class NotSettled(ExchangeError):
    """Workers did not do what was due: none is there, or none gets on."""

    def __init__(self, rows: int, seconds: int) -> None:
        super().__init__(rows, seconds)
        self.rows, self.seconds = rows, seconds

    def __str__(self) -> str:
        waiting = "1 package still waits" if self.rows == 1 else f"{self.rows} packages still wait"
        return f"after {self.seconds} s {waiting} for a worker: is one running on this database?"


class CheckpointUnreadable(ExchangeError):
    """A file or text that holds no checkpoint; ``rule`` says what is wrong with it."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule

    def __str__(self) -> str:
        return f"not a checkpoint: {self.rule}"


class ArchiveUnreadable(ExchangeError):
    """Nothing can be audited: the file is no archive of this release, or what was brought along to judge it cannot be read."""

    def __init__(self, path: str, rule: str) -> None:
        super().__init__(path, rule)
        self.path, self.rule = path, rule

    def __str__(self) -> str:
        return f"{self.path}: {self.rule}"


class BundleUnreadable(ExchangeError):
    """A file that is no evidence bundle, or not one that may be opened: ``place`` is an entry of the zip, or ``zip`` for the whole."""

    def __init__(self, place: str, rule: str) -> None:
        super().__init__(place, rule)
        self.place, self.rule = place, rule

    def __str__(self) -> str:
        return f"not an evidence bundle: {self.place} {self.rule}"


class DomainError(ExchangeError):
    """A rule of the field was broken; the class says which family, the text which rule."""


class InvalidOrganId(DomainError):
    """An organisation code that fits neither code style. ``rule`` names what is broken."""

    def __init__(self, value: str, rule: str) -> None:
        super().__init__(value, rule)
        self.value, self.rule = value, rule

    def __str__(self) -> str:
        return f"organisation code {self.value!r}: {self.rule}"


class InvalidNumber(DomainError):
    """A document number or notation that Decree 30/2020 Art. 15 and Annex I do not allow."""

    def __init__(self, value: str, rule: str) -> None:
        super().__init__(value, rule)
        self.value, self.rule = value, rule

    def __str__(self) -> str:
        return f"number or notation {self.value!r}: {self.rule}"


class UnknownDocumentType(DomainError):
    """Not one of the 29 document types of Decree 30/2020 Art. 7."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code

    def __str__(self) -> str:
        return f"{self.code!r} is not one of the 29 document types"


class DuplicateOrgan(DomainError):
    """Two organisations of one directory claim the same code or alias."""

    def __init__(self, organ: str) -> None:
        super().__init__(organ)
        self.organ = organ

    def __str__(self) -> str:
        return f"the directory holds {self.organ} twice"


class IllegalTransition(DomainError):
    """No row of the table allows this event in this state."""

    def __init__(self, state: str, event: str) -> None:
        super().__init__(state, event)
        self.state, self.event = state, event

    def __str__(self) -> str:
        return f"{self.event} is not allowed in state {self.state}"


class NegotiationClosed(DomainError):
    """A request while another is pending, or an answer to a request that is not open."""

    def __init__(self, kind: str, rule: str) -> None:
        super().__init__(kind, rule)
        self.kind, self.rule = kind, rule

    def __str__(self) -> str:
        return f"{self.kind}: {self.rule}"


class EdxmlError(ExchangeError):
    """A package the reader refuses. ``place`` is an element path or ``byte N``, ``rule`` a stable kebab-case name."""

    def __init__(self, place: str, rule: str, detail: str = "") -> None:
        super().__init__(place, rule, detail)
        self.place, self.rule, self.detail = place, rule, detail

    def __str__(self) -> str:
        return f"{self.place}: {self.rule}" + (f" ({self.detail})" if self.detail else "")


class StoreError(ExchangeError):
    """The database cannot serve; what was accepted before stays whole."""


class StoreVersionMismatch(StoreError):
    """The database was made by another release."""

    def __init__(self, found: str, expected: str) -> None:
        super().__init__(found, expected)
        self.found, self.expected = found, expected

    def __str__(self) -> str:
        return f"the database is at schema {self.found or 'none'}, this release needs {self.expected}"


class StoreUnavailable(StoreError):
    """Full, read-only, locked or unreachable; ``reason`` is the engine's own sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"the database cannot be used: {self.reason}"


class DamagedBlob(StoreError):
    """A stored attachment does not come back as it was received; ``sha256`` (hex) is what it should be."""

    def __init__(self, sha256: str) -> None:
        super().__init__(sha256)
        self.sha256 = sha256

    def __str__(self) -> str:
        return f"the stored attachment {self.sha256} does not come back as it was received"
