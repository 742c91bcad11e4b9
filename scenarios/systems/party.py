"""The Party's own network: Party bodies exchange packages there, apart from the state's axis, with its own queue and latency.

The packages are the same edXML with the same twice-signed letters; recipients read the bytes and verify for themselves. There are no status
packages on it (its mail system shows the sender nothing but delivery), so a pair's state is kept as for the other roads.
"""

from __future__ import annotations

from functools import partial
from hashlib import sha256

from exchange.domain.identifiers import OrganId
from exchange.domain.lifecycle import MailState
from scenarios.office import incoming, wire
from scenarios.office.cases import Draft
from scenarios.office.office import Office
from scenarios.office.services import Services
from scenarios.trace import Arrived, Channel


class PartyNetwork:
    """One queue for the province's Party network: so many documents a minute, then the latency."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._free_at = 0.0
        habits = services.kernel.habits
        self._gap = 60.0 / habits["party_per_minute"]
        self._latency = habits["party_latency_seconds"]

    def send(self, office: Office, item: Draft, organs: tuple[OrganId, ...], data: bytes) -> None:
        """Queue one package for each of its recipients."""
        kernel = self._services.kernel
        for organ in organs:
            self._services.post.entered(item.id, str(organ), Channel.PARTY_NETWORK)
            self._free_at = max(float(kernel.now), self._free_at) + self._gap
            kernel.at(int(self._free_at + self._latency) + 1, partial(self._bring, data, organ))

    def _bring(self, data: bytes, organ: OrganId) -> None:
        kernel, services = self._services.kernel, self._services
        package = sha256(data).hexdigest()[:24]
        item = wire.read_document(services, data, package, Channel.PARTY_NETWORK)
        signed_at, sent_at = services.witness.of(item.document, 0)
        kernel.record(Arrived(kernel.now, str(organ), item.document, package, str(item.sender), signed_at, sent_at))
        services.post.moved(item.document, str(organ), MailState.ARRIVED)
        office = services.offices.get(organ)
        if office is not None:
            incoming.queue(office, item)
