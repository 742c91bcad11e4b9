"""A PKI's services as one ASGI application: time-stamps, certificate status, revocation lists, authority certificates, at any moment.

    POST /tsa                      application/timestamp-query → application/timestamp-reply   RFC 3161 §3.4
    POST /ocsp, GET /ocsp/<base64> application/ocsp-request → application/ocsp-response        RFC 6960 appendix A
    GET  /crl/<authority>.crl      application/pkix-crl                                        RFC 5280 §4.2.1.13
    GET  /ca/<authority>.crt       application/pkix-cert                                       RFC 5280 §4.2.2.1
    GET  /                         what there is, as text

Certificates name their lists and issuers as ``/<authority>.crl`` and ``/<authority>.crt`` of hosts under ``.test``; these paths are
answered too, so that a name server which leads there makes the addresses in the certificates true.
"""

from __future__ import annotations

import asyncio
import binascii
from base64 import b64decode
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from signing.errors import SigningError
from signing.formats.timestamp import MAX_REQUEST as MAX_TIMESTAMP_REQUEST
from signing.pki.authorities import Authority
from signing.pki.behaviour import HONEST, Behaviour, Service, Wrong, spoil
from signing.pki.hierarchy import Pki
from signing.pki.ocsp import MAX_REQUEST as MAX_OCSP_REQUEST
from signing.services.http import (
    Answer,
    Message,
    Problem,
    Receive,
    Request,
    Send,
    allow,
    body_of,
    disconnected,
    request_of,
    send_answer,
    text,
)

Behaviours = Mapping[Service, Behaviour]
MOMENT_HEADER = "truc-moment"
"""Header by which a request sets the moment, where that is admitted: an ISO 8601 instant with its offset."""

_MAX_GET = 4 * 1024
_YEARS = range(1990, 2101)
_FILES = {".crl": Service.CRL, ".crt": Service.CA}
_FOLDERS = {Service.CRL: "crl", Service.CA: "ca"}


class TrustServices:
    """The ASGI application.

    ``moment`` gives the business instant of each request. ``moment_from_header`` lets a request set its own (``Truc-Moment``); it is
    refused otherwise. ``behaviours`` makes services slow, silent or wrong: always, or as it says for a request's moment. ``pause`` waits a
    number of seconds.
    """

    def __init__(
        self,
        pki: Pki,
        moment: Callable[[], datetime],
        *,
        behaviours: Behaviours | Callable[[datetime], Behaviours] | None = None,
        moment_from_header: bool = False,
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._pki = pki
        self._moment = moment
        always: Behaviours = {} if behaviours is None or callable(behaviours) else behaviours
        self._behaviours = behaviours if callable(behaviours) else lambda _: always
        self._moment_from_header = moment_from_header
        self._pause = pause
        for service, behaviour in always.items():
            behaviour.check(service)
        for id in pki.authorities():
            pki.authority(id)  # a key that cannot be made is to be heard of at the start

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI 3); start and end of the server need nothing done."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        if scope["type"] != "http":
            return
        request = request_of(scope)
        try:
            answer = await self._answer(request, receive)
        except Problem as problem:
            answer = problem.answer()
        except SigningError as error:
            answer = Problem(500, f"The service cannot answer: {error}.").answer()
        if answer is not None:
            await send_answer(answer, send, head_only=request.method == "HEAD")

    async def _answer(self, request: Request, receive: Receive) -> Answer | None:
        """The response; ``None`` after a silent service was waited for in vain."""
        at = self._moment_of(request)
        if request.path == "/":
            allow(request, "GET", "HEAD")
            return text(self._index(at))
        service = _service_of(request.path)
        if service is None:
            raise Problem(404, "Nothing is here; GET / lists what there is.")
        behaviour = self._behaviour(service, at)
        if behaviour.silent:
            await disconnected(receive)
            return None
        answer = await self._honour(service, behaviour, request, receive, at)
        if behaviour.delay_seconds:
            await self._pause(behaviour.delay_seconds)
        return answer

    def _behaviour(self, service: Service, at: datetime) -> Behaviour:
        behaviour = self._behaviours(at).get(service, HONEST)
        behaviour.check(service)
        return behaviour

    async def _honour(self, service: Service, behaviour: Behaviour, request: Request, receive: Receive, at: datetime) -> Answer:
        if service is Service.TSA:
            allow(request, "POST")
            query = await _posted(request, receive, "application/timestamp-query", MAX_TIMESTAMP_REQUEST)
            return Answer(self._pki.timestamp(query, at, behaviour), "application/timestamp-reply")
        if service is Service.OCSP:
            return Answer(self._pki.ocsp(await _ocsp_request(request, receive), at, behaviour), "application/ocsp-response")
        allow(request, "GET", "HEAD")
        if behaviour.wrong is Wrong.UNAVAILABLE:
            raise Problem(503, "The service cannot answer now.")
        id = _authority_of(request.path)
        if id is None or id not in self._pki.authorities():
            raise Problem(404, "No such authority is here; GET / lists those there are.")
        body, media_type = self._published(service, id, behaviour.knows(at))
        return Answer(spoil(body) if behaviour.wrong is Wrong.SIGNATURE else body, media_type)

    def _published(self, service: Service, id: Authority, at: datetime) -> tuple[bytes, str]:
        """An authority's list or certificate as it was published at a moment, and its media type."""
        if service is Service.CA:
            authority = self._pki.authority(id)
            if at < authority.not_before:
                raise Problem(404, f"The authority {id} does not exist yet at this moment.")
            return authority.certificate_der, "application/pkix-cert"
        crl = self._pki.crl(id, at)
        if crl is None:
            raise Problem(404, f"The authority {id} has not published a list yet at this moment.")
        return crl, "application/pkix-crl"

    def _moment_of(self, request: Request) -> datetime:
        given = request.headers.get(MOMENT_HEADER)
        if given is None:
            return self._moment()
        if not self._moment_from_header:
            raise Problem(403, "This server does not let a request set its moment.")
        try:
            at = datetime.fromisoformat(given)
        except ValueError:
            at = None
        if at is None or at.tzinfo is None or at.year not in _YEARS:
            raise Problem(400, f"Truc-Moment must be an ISO 8601 instant with offset, of the years {_YEARS[0]} to {_YEARS[-1]}.")
        return at

    def _index(self, at: datetime) -> str:
        lines = [
            "TEST: a simulated PKI. Nothing it signs proves anything outside.",
            f"moment: {at.isoformat()}" + (" (a request may set its own: Truc-Moment)" if self._moment_from_header else ""),
            "POST /tsa",
            "POST /ocsp",
            "GET /ocsp/<base64>",
        ]
        for id in self._pki.authorities():
            lines += [f"GET /{_FOLDERS[service]}/{id}{ending}" for ending, service in _FILES.items()]
        for service in Service:
            if (behaviour := self._behaviour(service, at)) != HONEST:
                lines.append(f"fault: {service}: {behaviour}")
        return "\n".join(lines) + "\n"


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def _service_of(path: str) -> Service | None:
    """Which service an address belongs to."""
    if path == "/tsa":
        return Service.TSA
    if path == "/ocsp" or path.startswith("/ocsp/"):
        return Service.OCSP
    folder, _, name = path.removeprefix("/").rpartition("/")
    service = _FILES.get(name[-4:])
    return service if service is not None and folder in ("", _FOLDERS[service]) else None


def _authority_of(path: str) -> Authority | None:
    name = path.rpartition("/")[2][:-4]
    return next((authority for authority in Authority if authority == name), None)


async def _posted(request: Request, receive: Receive, media_type: str, limit: int) -> bytes:
    if request.media_type != media_type:
        raise Problem(415, f"The request must be of type {media_type}.")
    return await body_of(request, receive, limit)


async def _ocsp_request(request: Request, receive: Receive) -> bytes:
    """The DER of a request sent by POST, or by GET as base64 in the path (RFC 6960 appendix A.1)."""
    if request.path == "/ocsp":
        allow(request, "POST")
        return await _posted(request, receive, "application/ocsp-request", MAX_OCSP_REQUEST)
    allow(request, "GET", "HEAD")
    encoded = request.path.removeprefix("/ocsp/")
    if len(encoded) > _MAX_GET:
        raise Problem(414, "The request is too long for an address; send it by POST.")
    try:
        return b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise Problem(400, "After /ocsp/ the request stands in base64 (RFC 6960 appendix A.1).") from None
