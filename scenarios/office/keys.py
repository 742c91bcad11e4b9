"""Signing tokens as the offices hold them: one signer per holder and purpose, opened on first use."""

from __future__ import annotations

from collections.abc import Mapping

from exchange.domain.identifiers import OrganId
from scenarios.office.cases import Planned
from scenarios.world.model import Person
from signing import CadesSigner, Holder, Purpose

_KEPT = 512
"""Signers kept open, the last used: each holds the constant bytes of its signatures (some 5 KB)."""


class KeyRing:
    """The tokens of all agencies. A clerk reaches the agency's, a person the own one (Decree 30 Art. 32)."""

    def __init__(
        self,
        organisations: Mapping[OrganId, Holder | None],
        persons: Mapping[str, Holder],
        leaf_only: frozenset[OrganId] = frozenset(),
        tokens: Mapping[tuple[int, str], Holder] | None = None,
    ) -> None:
        """``leaf_only``: agencies whose tools embed the signer's certificate alone; ``tokens``: see :class:`WorldPki`."""
        self._tokens = tokens or {}
        self._leaf_only = frozenset(map(str, leaf_only))
        self._organisations = organisations
        self._persons = persons
        self._signers: dict[tuple[str, Purpose], CadesSigner] = {}

    def seal(self, organ: OrganId, purpose: Purpose = Purpose.LETTER) -> CadesSigner | None:
        """The organisation's signer for letters or annexes; ``None`` when it has no certificate."""
        return self._signer(str(organ), self._organisations.get(organ), purpose)

    def personal(self, person: Person) -> CadesSigner | None:
        """A person's signer; ``None`` without a certificate."""
        return self._signer(person.id, self._persons.get(person.id), Purpose.LETTER)

    def befallen_seal(self, organ: OrganId, planned: Planned) -> CadesSigner | None:
        """The organisation's signer for the one letter an incident befalls."""
        return self._befallen(str(organ), self._organisations.get(organ), planned)

    def befallen(self, person: Person, planned: Planned) -> CadesSigner | None:
        """A person's signer for the one letter an incident befalls."""
        return self._befallen(person.id, self._persons.get(person.id), planned)

    def _befallen(self, name: str, holder: Holder | None, planned: Planned) -> CadesSigner | None:
        """With the certificate and the tool that the incident gives; opened for one signature and not kept."""
        holder = self._tokens.get((planned.number, name), holder)
        if holder is None:
            return None
        leaf_only = planned.incident.leaf_only or name.partition("/")[0] in self._leaf_only
        return CadesSigner(holder, leaf_only=leaf_only, purpose=Purpose.LETTER)

    def _signer(self, name: str, holder: Holder | None, purpose: Purpose) -> CadesSigner | None:
        if holder is None:
            return None
        key = (name, purpose)
        signer = self._signers.pop(key, None)
        if signer is None:
            signer = CadesSigner(holder, leaf_only=name.partition("/")[0] in self._leaf_only, purpose=purpose)
        self._signers[key] = signer
        if len(self._signers) > _KEPT:
            del self._signers[next(iter(self._signers))]
        return signer
