"""Letters of every release verify for ever, from their bytes and the trust that stood beside them then."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import pytest
from cryptography.x509 import load_der_x509_crl

from signing import TrustStore, Validator, pack_letter, unpack_letter, verify_letter
from signing.formats.letter.template import CURRENT, known_templates, load_template
from tests.signing.letter import lab
from tests.signing.letter.make_golden import GOLDEN, LETTERS

_LETTERS = sorted(GOLDEN.glob("*/*.pdf"))


def trust(release: Path) -> TrustStore:
    """The release's root, authorities and CRLs."""
    crls = {load_der_x509_crl(path.read_bytes()).issuer.public_bytes(): path.read_bytes() for path in release.glob("*.crl")}

    def source(issuer: bytes, at: datetime) -> bytes | None:
        return crls.get(issuer)

    known = tuple((release / f"{name}.der").read_bytes() for name in ("state", "party"))
    return TrustStore(((release / "root.der").read_bytes(),), known, source)


@pytest.mark.parametrize("path", _LETTERS, ids=[f"{path.parent.name}/{path.stem}" for path in _LETTERS])
def test_golden_letter_verifies_and_packs(path: Path) -> None:
    data = path.read_bytes()
    report = verify_letter(data, Validator(trust(path.parent)), lab.AT)
    assert report.passed, report
    packed = pack_letter(data)
    assert packed is not None
    assert unpack_letter(packed) == data


def test_each_release_has_its_letters() -> None:
    assert len(_LETTERS) >= len(LETTERS)
    by_release = {path.parent.name for path in _LETTERS}
    assert "0.1.0" in by_release


def test_golden_letters_say_what_was_written() -> None:
    letters = {path.stem: path.read_bytes() for path in (GOLDEN / "0.1.0").glob("*.pdf")}
    for name, content, number in LETTERS:
        report = verify_letter(letters[name], Validator(trust(GOLDEN / "0.1.0")), lab.AT)
        assert report.letter is not None
        assert (report.letter.content, report.letter.number, report.letter.day) == (content, number, lab.DAY)


def test_template_files_bear_their_own_hash() -> None:
    for name in known_templates():
        data = (files("signing.formats.letter") / "templates" / f"{name}.template").read_bytes()
        assert sha256(data).hexdigest() == name
    assert CURRENT in known_templates()
    with pytest.raises(KeyError):
        load_template("0" * 64)
