"""Signed PDFs that show what they like, and parsers made to work without end."""

from __future__ import annotations

from collections.abc import Iterator
from time import perf_counter

import pytest

from signing import FormatFailure, load_policy
from signing.formats.pdf import read_pdf
from signing.formats.sandbox import Sandbox
from tests.judges import needs_pyhanko
from tests.signing.attacks import pdfs
from tests.signing.formats import foreign_pdfs

pytestmark = needs_pyhanko
SCRIPT = b"/S/JavaScript/JS(this.getField\\('one'\\).value = 'paid')"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as box:
        yield box


@pytest.mark.parametrize(
    ("kind", "build"),
    [
        ("/JavaScript", lambda: pdfs.empty_page(catalog=b"/OpenAction<<%b>>" % SCRIPT)),
        ("/JavaScript", lambda: pdfs.empty_page(catalog=b"/AA<</WP<</S/GoTo/D[3 0 R/Fit]/Next[<<%b>>]>>>>" % SCRIPT)),
        ("/JavaScript", lambda: pdfs.empty_page(page=b"/AA<</O 5 0 R>>", more=(b"<<%b>>" % SCRIPT,))),
        ("/JavaScript", lambda: pdfs.empty_page(catalog=b"/Names<</JavaScript<</Names[(a)<<%b>>]>>>>" % SCRIPT)),
        ("/Launch", lambda: pdfs.empty_page(page=b"/AA<</O<</S/Launch/F(calc)>>>>")),
    ],
)
def test_a_file_that_runs_when_it_is_opened(kind: str, build: object, sandbox: Sandbox) -> None:
    """The script is signed with the rest, and shows another sum to the reader than to the signer (ISO 32000-1 §12.8.5, table 259)."""
    reading = read_pdf(foreign_pdfs.sign(build()), sandbox)  # type: ignore[operator]
    ((rule, clause),) = [item for item in reading.findings if "can change what it shows" in item[0]]
    assert kind in rule
    assert load_policy("field").cost_of_finding(rule, clause) == "FAIL"
    assert load_policy("etsi-baseline").cost_of_finding(rule, clause) == "WARN"


@pytest.mark.parametrize(
    "catalog",
    [b"/OpenAction<</S/GoTo/Next 6 0 R>>", b"/Names 6 0 R", b"/AA 6 0 R", b"/OpenAction[3 0 R/Fit]"],
)
def test_actions_that_lead_nowhere_and_round_in_circles(catalog: bytes, sandbox: Sandbox) -> None:
    """An action that is its own successor must not be followed for ever; one that only moves the page is none of ours."""
    data = foreign_pdfs.sign(pdfs.empty_page(catalog=catalog, more=(b"null", b"<</S/GoTo/Next 6 0 R/Kids[6 0 R]>>")))
    began = perf_counter()
    assert not any("can change" in rule for rule, _ in read_pdf(data, sandbox).findings)
    assert perf_counter() - began < 2


@pytest.mark.parametrize(
    "encrypt",
    [b"<</Filter/Standard/V 1/R 2/O(%b)/U(%b)/P -4>>" % (b"o" * 32, b"u" * 32), b"<</Filter/Other>>", b"5 0 R"],
)
def test_an_encrypted_file_is_refused(encrypt: bytes, sandbox: Sandbox) -> None:
    """With a wrong key the signed strings are others than the reader shows; nothing official is encrypted (ISO 32000-1 §7.6)."""
    data = foreign_pdfs.signed().replace(b"/Root", b"/Encrypt %b /Root" % encrypt)
    with pytest.raises(FormatFailure):
        read_pdf(data, sandbox)
