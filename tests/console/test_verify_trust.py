"""What ``--trust`` and ``--anchor`` read: a folder by its folders' names, a flat folder by content, or a scenario's PKI."""

from __future__ import annotations

import base64
import json
from hashlib import sha256
from pathlib import Path

import pytest

from console.locale import catalogue
from console.outcome import Unusable
from console.verify import trust as module
from console.verify.trust import read_trust
from signing import Evidence
from tests.console.verify_lab import LETTER_AT, Desk, truc, write_trust
from tests.signing.letter import lab

TEXT = catalogue("en")
AT = lab.AT


def evidence() -> Evidence:
    return lab.pki().evidence(AT)


def test_a_folder_gives_back_what_was_laid_out(tmp_path: Path) -> None:
    given = evidence()
    found = read_trust(str(write_trust(tmp_path, given)), (), AT, TEXT)
    assert found.source == str(tmp_path)
    assert found.untrusted_roots == ()
    assert (set(found.evidence.anchors), set(found.evidence.timestamp_anchors)) == (set(given.anchors), set(given.timestamp_anchors))
    assert (set(found.evidence.certificates), set(found.evidence.crls)) == (set(given.certificates), set(given.crls))


def flat(folder: Path) -> str:
    """Everything in one folder, the root among it; gives the root's fingerprint."""
    given = evidence()
    for number, one in enumerate((*given.anchors, *given.certificates)):
        (folder / f"{number}.crt").write_bytes(one)
    lines = [b"-----BEGIN X509 CRL-----\n" + base64.encodebytes(crl) + b"-----END X509 CRL-----\n" for crl in given.crls]
    (folder / "lists.pem").write_bytes(b"".join(lines))
    (folder / "README.txt").write_text("what lies here")
    return sha256(given.anchors[0]).hexdigest()


def test_in_a_flat_folder_a_root_is_trusted_only_when_it_is_named(desk: Desk, tmp_path: Path) -> None:
    fingerprint = flat(tmp_path)
    unnamed = truc(desk.path("good.pdf"), "--trust", tmp_path, "--at", LETTER_AT, "--json")
    assert unnamed.exit_code == 1
    (root,) = json.loads(unnamed.stdout)["trust"]["untrusted-roots"]
    assert root["sha256"] == fingerprint
    words = " ".join(truc(desk.path("good.pdf"), "--trust", tmp_path, "--at", LETTER_AT).stdout.split())
    assert f"from elsewhere, then give --anchor {fingerprint}" in words
    assert "what is missing is your trust in it" in words
    assert "What is missing: the certificate of" not in words
    assert "Give the roots you trust" not in words, "which one was said in the sentence before"
    assert "If the signer's authority is not one of yours, the signature is not one for you to accept." in words
    spaced = ":".join(fingerprint[at : at + 2] for at in range(0, 64, 2)).upper()
    for named in (fingerprint, spaced):
        assert truc(desk.path("good.pdf"), "--trust", tmp_path, "--at", LETTER_AT, "--anchor", named).exit_code == 0


def test_a_scenario_lends_its_pki_as_of_the_control_time(desk: Desk) -> None:
    answer = truc(desk.path("good.pdf"), "--trust", "first-day:7", "--at", LETTER_AT, "--json")
    assert answer.exit_code == 1, "another seed's root is another root"
    told = json.loads(answer.stdout)["trust"]
    assert told["source"] == "first-day:7"
    assert len(told["anchors"]) == 1
    assert told["crls"] == 3


def refused(folder: Path, *anchors: str) -> str:
    with pytest.raises(Unusable) as caught:
        read_trust(str(folder), anchors, AT, TEXT)
    return str(caught.value)


def test_what_lies_in_a_folder_of_evidence_and_is_none_is_named(tmp_path: Path) -> None:
    write_trust(tmp_path, evidence())
    (tmp_path / "crls" / "note").write_text("not a list")
    assert str(tmp_path / "crls" / "note") in refused(tmp_path)


def test_a_list_is_no_anchor(tmp_path: Path) -> None:
    write_trust(tmp_path, evidence())
    (tmp_path / "anchors" / "list.crl").write_bytes(evidence().crls[0])
    assert "holds certificates only" in refused(tmp_path)


def test_an_anchor_that_is_not_there_is_said(tmp_path: Path) -> None:
    flat(tmp_path)
    assert "no certificate in" in refused(tmp_path, "ab" * 32)


def test_a_folder_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_trust(tmp_path, evidence())
    monkeypatch.setattr(module, "MAX_FILES", 3)
    assert "at most 3 files" in refused(tmp_path)
    monkeypatch.setattr(module, "MAX_FILES", 100)
    monkeypatch.setattr(module, "MAX_ARTEFACT_FILE", 100)
    assert "at most 100 bytes" in refused(tmp_path)


def test_a_file_is_no_trust(tmp_path: Path) -> None:
    (tmp_path / "root.der").write_bytes(evidence().anchors[0])
    assert "is a file" in refused(tmp_path / "root.der")


def test_a_place_that_cannot_be_looked_at_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match=r"^a+ cannot be read: File name too long\.$"):
        read_trust("a" * 300, (), AT, TEXT)
