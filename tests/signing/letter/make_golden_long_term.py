"""Write the golden long-term letter of a release: ``python -m tests.signing.letter.make_golden_long_term 0.2.0``. Once written it stays.

One file holds every level, since each is the beginning of the next: a golden letter with time-stamp, store, time-stamp, and a renewal.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from functools import cache

from signing import Pki, PkiSpec
from signing.formats.artefacts import Artefacts
from signing.formats.claims import Level
from signing.formats.letter.augment import augment_letter
from tests.signing.formats.lab import Stamper, tsa
from tests.signing.letter import lab
from tests.signing.letter.make_golden import GOLDEN

SOURCE = GOLDEN / "0.1.0" / "cong-van.pdf"


@cache
def pki() -> Pki:
    """The PKI of the golden letters of 0.1.0, whose keys and certificates are functions of its seed."""
    return Pki.build(PkiSpec(seed="golden 0.1.0"))


def renewed() -> bytes:
    """The letter augmented to B-LTA a day after it was issued, and renewed four years later."""
    authority = tsa(world=pki)
    first, later = lab.AT + timedelta(days=1), lab.AT + timedelta(days=1461)
    chain = (authority.certificate_der, *authority.issuer_chain)
    data = augment_letter(SOURCE.read_bytes(), Level.LTA, Stamper(first, authority), Artefacts(chain, pki().crls(first)))
    return augment_letter(data, Level.LTA, Stamper(later, authority), Artefacts(crls=pki().crls(later)))


def main() -> None:
    """Write it into the release's folder."""
    folder = GOLDEN / sys.argv[1] / "long-term"
    folder.mkdir(parents=True)
    (folder / "cong-van.pdf").write_bytes(renewed())


if __name__ == "__main__":
    main()
