"""OpenSSL and pyHanko say of every vector what its entry says they say; where they differ from us, the entry has the reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from signing import FAULT_SEED, Fault, FaultForm, every_fault, fault_words
from tests.judges import needs_openssl, needs_pyhanko
from tests.signing.faults.judges import openssl_accepts, pyhanko_accepts_cms, pyhanko_accepts_pdf

OPENSSL = [fault for fault in every_fault() if fault.peers.openssl is not None]
PYHANKO = [fault for fault in every_fault() if fault.peers.pyhanko is not None]


def named(fault: Fault) -> str:
    return fault.name


@needs_openssl
@pytest.mark.parametrize("fault", OPENSSL, ids=named)
def test_openssl_says_what_the_entry_says(fault: Fault, tmp_path: Path) -> None:
    assert (openssl_accepts(fault.build(FAULT_SEED), tmp_path),) == fault.peers.openssl


@needs_pyhanko
@pytest.mark.parametrize("fault", PYHANKO, ids=named)
@pytest.mark.filterwarnings("ignore")  # pyHanko warns of what it then refuses or lets pass
def test_pyhanko_says_what_the_entry_says(fault: Fault) -> None:
    case = fault.build(FAULT_SEED)
    said = (pyhanko_accepts_cms(case),) if fault.form is FaultForm.CMS else pyhanko_accepts_pdf(case)
    assert said == fault.peers.pyhanko


@pytest.mark.parametrize("fault", every_fault(), ids=named)
def test_each_difference_has_its_reason_and_no_reason_is_idle(fault: Fault) -> None:
    each = () if fault.expected.refused else tuple(one is None for one in fault.expected.signatures)
    whole = (bool(each) and all(each),)
    ours = whole if fault.form is FaultForm.CMS else each
    differs = [said for said in (fault.peers.openssl,) if said not in (None, whole)]
    differs += [said for said in (fault.peers.pyhanko,) if said not in (None, ours)]
    for lang in ("en", "vi"):
        assert bool(fault_words(fault.name, lang).difference) == bool(differs)
