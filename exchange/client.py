"""The axis over HTTP: the same four Protocols as :class:`exchange.axis.Axis`, and the same exceptions. One value for any number of threads.

Every call is safe to repeat (the same package is the same receipt, a confirmed line stays confirmed), so what was lost on the road is
asked again, for a while. Calls are plural as in :mod:`exchange.api`; over HTTP each package of a submission is a transaction of its own.
"""

from __future__ import annotations

import json
import re
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from threading import Lock
from typing import Any, BinaryIO, Self, TypeVar
from urllib.parse import quote, quote_plus

import httpx
from pydantic import BaseModel, ValidationError

from exchange.api import (
    Caller,
    Checkpoint,
    Consistency,
    DeliveryView,
    Envelope,
    Fetched,
    Inclusion,
    Package,
    PackageKind,
    Receipt,
    Rejection,
    Settled,
    Submission,
    Traffic,
)
from exchange.domain.calendar import VN
from exchange.domain.identifiers import OrganId
from exchange.domain.lifecycle import DeliveryState
from exchange.domain.organization import Organization
from exchange.errors import (
    AxisMisunderstood,
    AxisUnreachable,
    ExchangeError,
    InvalidOrganId,
    LockedOut,
    StoreUnavailable,
    TokenRefused,
    TooManyRequests,
    Unauthenticated,
    UnknownPackage,
)
from exchange.web import parcels, registers, wire
from exchange.web.parcels import EDXML
from exchange.web.problems import MEDIA_TYPE, error_of

_SMALL = 1 << 20
_PAGE = 100
"""Packages named in one address."""
_PACKAGE_ID = re.compile(wire.PACKAGE_ID[1:-1])
_LONGEST_PAUSE = 5.0
Read = TypeVar("Read", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class _Ticket:
    token: str
    renew_at: float


class HttpAxis:
    """An axis elsewhere. ``operator`` is who asks where a call names no caller: the organisation that runs the axis.

    ``driven``: a scenario's clock is sent with every call; otherwise the axis follows its own and ``at`` and ``until`` say nothing.
    ``patience``: seconds for which a call is repeated while the axis does not answer or has no room. Close it, or use it in ``with``.
    """

    def __init__(self, url: str, operator: Caller, *, driven: bool = True, patience: float = 30.0, settle_seconds: float = 330.0) -> None:
        self.url = url.rstrip("/")
        self._operator, self._driven, self._patience, self._settle = operator, driven, patience, settle_seconds
        limits = httpx.Limits(max_connections=64, max_keepalive_connections=64, keepalive_expiry=20)
        self._http = httpx.Client(
            base_url=self.url, timeout=httpx.Timeout(60, connect=5), limits=limits, follow_redirects=False, trust_env=False
        )
        self._tickets: dict[Caller, _Ticket] = {}
        self._turn = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    # --- Submit ---

    def submit(self, caller: Caller, submissions: Sequence[Submission], at: datetime) -> tuple[Receipt | Rejection, ...]:
        """See :meth:`exchange.api.Submit.submit`. A stream that cannot be rewound is sent once and not repeated."""
        return tuple(self._submit(caller, one.package, at) for one in submissions)

    def _submit(self, caller: Caller, package: bytes | BinaryIO, at: datetime) -> Receipt | Rejection:
        content: Callable[[], Any] = (lambda: package) if isinstance(package, bytes) else _rewound(package)
        found = self._ask(caller, "POST", "/v1/packages", at=at, content=content, headers={"Content-Type": EDXML})
        if isinstance(found, Rejection):
            return found
        return self._read(found, wire.ReceiptBody).receipt(stored=found.status_code == 200)

    # --- Receive ---

    def waiting(self, caller: Caller, at: datetime, limit: int = 100, wait: float = 0) -> tuple[Envelope, ...]:
        """See :meth:`exchange.api.Receive.waiting`; with ``wait``, the answer comes when there is something, or after so many seconds."""
        asked: dict[str, Any] = {"limit": limit, **({"wait": wait} if wait else {})}
        found = self._ask(caller, "GET", "/v1/mailbox", at=at, params=asked, timeout=60 + wait)
        return tuple(line.envelope() for line in self._read(self._answer(found), wire.MailboxBody).packages)

    def fetch(self, caller: Caller, package_ids: Sequence[str], at: datetime) -> tuple[Package, ...]:
        """See :meth:`exchange.api.Receive.fetch`. What is small comes with it; of what is large, each reading asks anew."""
        self._heard(caller, package_ids)
        return tuple(self._fetch(caller, name, at) for name in package_ids)

    def _fetch(self, caller: Caller, name: str, at: datetime) -> Package:
        self._known(caller, name)
        found = self._answer(self._ask(caller, "GET", f"/v1/mailbox/{name}", at=at, small=_SMALL))
        line = self._line(name, found.headers, found.headers.get("content-length", ""))
        if found.is_stream_consumed:
            return Package(line, partial(_whole, found.content))
        return Package(line, partial(self._chunks, caller, name, at))

    def _chunks(self, caller: Caller, name: str, at: datetime) -> Iterator[bytes]:
        found = self._answer(self._ask(caller, "GET", f"/v1/mailbox/{name}", at=at, small=0))
        try:
            yield from found.iter_raw()
        except httpx.TransportError as error:
            raise AxisUnreachable(self.url, str(error) or type(error).__name__) from None
        finally:
            found.close()

    def confirm(self, caller: Caller, outcomes: Sequence[Fetched], at: datetime) -> None:
        """See :meth:`exchange.api.Receive.confirm`; a thousand outcomes at a time are one transaction."""
        self._heard(caller, outcomes)
        for one in outcomes:
            self._known(caller, one.package_id)
        for start in range(0, len(outcomes), wire.MOST_CONFIRMED):
            said = _outcomes(outcomes[start : start + wire.MOST_CONFIRMED])
            self._answer(self._ask(caller, "POST", "/v1/mailbox/confirmations", at=at, json={"outcomes": said}))

    def collect(self, caller: Caller, outcomes: Sequence[Fetched], at: datetime, limit: int = 100, wait: float = 0) -> tuple[Package, ...]:
        """See :meth:`exchange.api.Receive.collect`; with ``wait``, the answer comes when there is something, or after so many seconds."""
        for one in outcomes:
            self._known(caller, one.package_id)
        last = outcomes[-wire.MOST_CONFIRMED :]
        if len(last) < len(outcomes):
            self.confirm(caller, outcomes[: -wire.MOST_CONFIRMED], at)
        said = {"outcomes": _outcomes(last), "limit": limit, "wait": wait}
        found = self._answer(self._ask(caller, "POST", "/v1/mailbox/collection", at=at, json=said, timeout=60 + wait))
        if found.status_code == 204:
            return ()
        try:
            parts = list(parcels.read(found.headers.get("content-type", ""), found.content))
        except ValueError as error:
            raise AxisMisunderstood(self.url, str(error)) from None
        return tuple(self._part(caller, headers, data, at) for headers, data in parts)

    def _part(self, caller: Caller, headers: Mapping[str, str], data: memoryview, at: datetime) -> Package:
        line = self._line(headers.get("truc-package", ""), headers, headers.get("truc-size", ""))
        if "content-location" in headers:
            return Package(line, partial(self._chunks, caller, line.package_id, at))
        return Package(line, partial(_whole, bytes(data)))

    # --- Audit ---

    def deliveries(self, caller: Caller, package_ids: Sequence[str]) -> tuple[DeliveryView, ...]:
        """See :meth:`exchange.api.Audit.deliveries`."""
        self._heard(caller, package_ids)
        for name in package_ids:
            self._known(caller, name)
        found: list[DeliveryView] = []
        for names in _pages(list(dict.fromkeys(package_ids))):
            answer = self._answer(self._ask(caller, "GET", "/v1/deliveries", params={"package": names}))
            found += [one.view() for one in self._read(answer, wire.DeliveriesBody).deliveries]
        return tuple(found)

    def receipts_of(self, caller: Caller, package_ids: Sequence[str]) -> tuple[Receipt, ...]:
        """See :meth:`exchange.api.Audit.receipts_of`."""
        self._heard(caller, package_ids)
        for name in package_ids:
            self._known(caller, name)
        found: dict[str, Receipt] = {}
        for names in _pages(list(dict.fromkeys(package_ids))):
            answer = self._answer(self._ask(caller, "GET", "/v1/receipts", params={"package": names}))
            found |= {one.package_id: one.receipt(stored=True) for one in self._read(answer, wire.ReceiptsBody).receipts}
        return tuple(found[name] for name in package_ids)

    def traffic(self, caller: Caller, since: datetime, until: datetime) -> tuple[Traffic, ...]:
        """See :meth:`exchange.api.Audit.traffic`."""
        asked = {"since": since.isoformat(), "until": until.isoformat()}
        answer = self._answer(self._ask(caller, "GET", "/v1/statistics", params=asked, timeout=self._settle))
        return tuple(one.traffic() for one in self._read(answer, registers.StatisticsBody).organizations)

    def organizations(self, caller: Caller, after: OrganId | None = None, limit: int = 1000) -> tuple[Organization, ...]:
        """See :meth:`exchange.api.Audit.organizations`."""
        asked = {"limit": limit} if after is None else {"limit": limit, "after": str(after)}
        answer = self._answer(self._ask(caller, "GET", "/v1/directory", params=asked))
        return tuple(one.organization() for one in self._read(answer, registers.DirectoryBody).organizations)

    def count(self, state: DeliveryState) -> int:
        """See :meth:`exchange.api.Audit.count`."""
        found = self._answer(self._ask(self._operator, "GET", "/v1/deliveries/count", params={"state": state.value}))
        return self._read(found, wire.CountBody).count

    def checkpoint(self) -> Checkpoint | None:
        """See :meth:`exchange.api.Audit.checkpoint`."""
        found = self._read(self._answer(self._ask(self._operator, "GET", "/v1/ledger/checkpoint")), wire.NewestBody).checkpoint
        return None if found is None else found.checkpoint()

    def inclusion(self, package_ids: Sequence[str]) -> tuple[Inclusion | None, ...]:
        """See :meth:`exchange.api.Audit.inclusion`."""
        proper = list(dict.fromkeys(name for name in package_ids if _PACKAGE_ID.fullmatch(name)))
        proofs: dict[str, Inclusion | None] = {}
        for names in _pages(proper):
            answer = self._answer(self._ask(self._operator, "GET", "/v1/ledger/inclusion", params={"package": names}))
            said = self._read(answer, wire.InclusionsBody).inclusions
            proofs |= {name: None if one is None else one.inclusion() for name, one in zip(names, said, strict=True)}
        return tuple(proofs.get(name) for name in package_ids)

    def consistency(self, first: int, second: int) -> Consistency:
        """See :meth:`exchange.api.Audit.consistency`."""
        found = self._ask(self._operator, "GET", "/v1/ledger/consistency", params={"first": first, "second": second})
        return self._read(self._answer(found), wire.ConsistencyBody).consistency()

    # --- Operate ---

    def settle(self, until: datetime) -> Settled:
        """See :meth:`exchange.api.Operate.settle`."""
        found = self._ask(self._operator, "POST", "/v1/operate/settle", at=until, timeout=self._settle)
        return self._read(self._answer(found), wire.SettledBody).settled()

    def seal(self, at: datetime) -> Checkpoint:
        """See :meth:`exchange.api.Operate.seal`."""
        found = self._ask(self._operator, "POST", "/v1/operate/seal", at=at, timeout=self._settle)
        return self._read(self._answer(found), wire.CheckpointBody).checkpoint()

    def stop_hop(self, hop: str, since: datetime, until: datetime) -> None:
        """See :meth:`exchange.api.Operate.stop_hop`."""
        said = {"since": since.isoformat(), "until": until.isoformat()}
        self._answer(self._ask(self._operator, "POST", f"/v1/operate/hops/{quote(hop, safe='')}/outages", json=said))

    def operate(self, name: str, kind: type[Read], asked: Mapping[str, Any] | None = None) -> Read:
        """What the route ``/v1/operate/name`` answers to a question."""
        return self._read(self._answer(self._ask(self._operator, "GET", f"/v1/operate/{name}", params=asked, timeout=self._settle)), kind)

    def authenticate(self, caller: Caller) -> None:
        """See that the axis knows a caller. Raises :class:`exchange.errors.Unauthenticated` and what every call does."""
        self._ask(caller, "GET", "/v1/directory", params={"limit": 1})

    # --- how it is asked ---

    def _ask(
        self, caller: Caller, method: str, path: str, *, at: datetime | None = None, small: int | None = None, **options: Any
    ) -> httpx.Response | Rejection:
        """The answer, after repetitions; a problem raises what it says. ``small``: leave a body that is longer unread.

        A new token that is refused comes of processes whose clocks disagree for a while: another one is asked for, and again.
        """
        renewed, gives_up = False, time.monotonic() + self._patience
        headers = options.pop("headers", {})
        content = options.pop("content", None)
        if at is not None and self._driven:
            headers["Truc-Instant"] = at.astimezone(VN).isoformat()
        pause = 0.05
        while True:
            failed: Exception
            try:
                token = self._token(caller)
                body = {} if content is None else {"content": content()}
                request = self._http.build_request(method, path, headers={**headers, "Authorization": f"Bearer {token}"}, **body, **options)
                response = self._http.send(request, stream=True)
                if response.is_success and small is not None and int(response.headers.get("content-length", "0")) > small:
                    if small:
                        response.close()
                    return response
                response.read()
                if response.is_success:
                    return response
                problem = self._problem(response)
                if isinstance(problem, Rejection):
                    return problem
                if isinstance(problem, TokenRefused):
                    self._tickets.pop(caller, None)
                    if not renewed:
                        renewed = True
                        continue
                elif response.status_code not in (429, 503):
                    raise problem
                failed = problem
                pause = max(pause, min(float(response.headers.get("retry-after", "0")), _LONGEST_PAUSE))
            except httpx.TransportError as error:
                failed = AxisUnreachable(self.url, str(error) or type(error).__name__)
            except (StoreUnavailable, TooManyRequests) as error:  # there was no token to be had yet
                failed = error
            except _OnlyOnce:
                raise failed from None
            if time.monotonic() + pause > gives_up:
                raise failed
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _token(self, caller: Caller) -> str:
        ticket = self._tickets.get(caller)
        if ticket is not None and time.monotonic() < ticket.renew_at:
            return ticket.token
        words = f"{quote_plus(str(caller.organ))}:{quote_plus(caller.secret, errors='surrogatepass')}"
        basic = b64encode(words.encode()).decode("ascii")
        response = self._http.post("/oauth2/token", data={"grant_type": "client_credentials"}, headers={"Authorization": f"Basic {basic}"})
        if response.status_code == 401:
            raise Unauthenticated(str(caller.organ))
        if response.status_code == 400:
            refused = self._read(response, wire.TokenErrorBody)
            if refused.error == "unauthorized_client":
                raise LockedOut(str(caller.organ), refused.error_description)
        if not response.is_success:
            raise self._problem(response)
        said = self._read(response, wire.TokenBody)
        with self._turn:
            self._tickets[caller] = _Ticket(said.access_token, time.monotonic() + 0.8 * said.expires_in)
        return said.access_token

    def _answer(self, found: httpx.Response | Rejection) -> httpx.Response:
        if isinstance(found, Rejection):
            raise AxisMisunderstood(self.url, found.detail)
        return found

    def _read(self, response: httpx.Response, kind: type[Read]) -> Read:
        try:
            return kind.model_validate_json(response.content)
        except ValidationError as error:
            raise AxisMisunderstood(self.url, f"{kind.__name__}: {error.errors()[0]['msg']}") from None

    def _problem(self, response: httpx.Response) -> Any:
        try:
            body = json.loads(response.content) if response.headers.get("content-type", "").startswith(MEDIA_TYPE) else None
        except ValueError:
            body = None
        found = error_of(body, self.url) if isinstance(body, dict) else None
        if found is not None:
            return found
        if response.status_code >= 500:
            return AxisUnreachable(self.url, f"HTTP {response.status_code}")
        return AxisMisunderstood(self.url, f"HTTP {response.status_code}")

    def _line(self, name: str, said: Mapping[str, str], size: str) -> Envelope:
        try:
            at = datetime.fromisoformat(said["truc-available-at"]).astimezone(VN)
            kind, sender = PackageKind(said["truc-kind"]), OrganId(said["truc-sender"])
            return Envelope(name, kind, sender, at, int(said["truc-priority"]), int(size))
        except (KeyError, ValueError, InvalidOrganId):
            raise AxisMisunderstood(self.url, "a package without its headers") from None

    def _heard(self, caller: Caller, named: Sequence[object]) -> None:
        """A call about nothing is a call all the same: whoever may not come in hears of it."""
        if not named:
            self._ask(caller, "GET", "/v1/directory", params={"limit": 1})

    def _known(self, caller: Caller, name: str) -> None:
        """A name that no package can have is not asked for."""
        if not _PACKAGE_ID.fullmatch(name):
            raise UnknownPackage(name, str(caller.organ))


class _OnlyOnce(ExchangeError):
    """A stream was sent and cannot be sent again."""


def _rewound(stream: BinaryIO) -> Callable[[], Iterator[bytes]]:
    """The stream from where it stands now, as often as it is asked for. Raises :class:`_OnlyOnce` when it cannot be rewound."""
    start = stream.tell() if stream.seekable() else None
    sent = False

    def content() -> Iterator[bytes]:
        nonlocal sent
        if sent:
            if start is None:
                raise _OnlyOnce
            stream.seek(start)
        sent = True
        return iter(partial(stream.read, 64 << 10), b"")

    return content


def _whole(data: bytes) -> Iterator[bytes]:
    yield data


def _outcomes(outcomes: Sequence[Fetched]) -> list[dict[str, Any]]:
    return [{"package_id": one.package_id, "ok": one.ok, "reason": one.reason} for one in outcomes]


def _pages(names: list[str]) -> Iterator[list[str]]:
    return (names[start : start + _PAGE] for start in range(0, len(names), _PAGE))
