"""A letter made to last: at every level of PAdES and renewed, with a time-stamp authority of the letter's own lab."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache

from signing import Holder
from signing.formats.artefacts import Artefacts
from signing.formats.claims import Level
from signing.formats.letter.augment import augment_letter
from tests.signing.formats.lab import Stamper, tsa
from tests.signing.letter import lab

LATER = lab.AT + timedelta(days=400)


def authority() -> Holder:
    """The time-stamp authority."""
    return tsa(world=lab.pki)


def stamper(at: datetime) -> Stamper:
    """Its service at a moment."""
    return Stamper(at, authority())


@cache
def artefacts(at: datetime = lab.AT) -> Artefacts:
    """Chains of signers and time-stamps, and the lists of a day; kept, for the shared PKI grows with the tests."""
    return Artefacts((authority().certificate_der, *authority().issuer_chain), lab.pki().crls(at))


@cache
def levels() -> dict[str, bytes]:
    """The letter at each level, each made from the one before."""
    stamped = augment_letter(lab.whole(), Level.T, stamper(lab.AT + timedelta(minutes=1)))
    stored = augment_letter(stamped, Level.LT, stamper(lab.AT), artefacts())
    archived = augment_letter(stored, Level.LTA, stamper(lab.AT + timedelta(days=1)), artefacts())
    renewed = augment_letter(archived, Level.LTA, stamper(LATER), artefacts(LATER))
    return {"B-B": lab.whole(), "B-T": stamped, "B-LT": stored, "B-LTA": archived, "renewed": renewed}
