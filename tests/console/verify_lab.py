"""Files an auditor meets, with what one would trust about them; made once and only read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from typer.testing import CliRunner, Result

from console.cli import app
from signing import Authority, CadesSigner, Evidence, HolderKind, HolderSpec, Pki, PkiSpec, Purpose, RevocationReason, Tree
from tests.signing.ades import lab as ades
from tests.signing.letter import lab

LETTER_AT = "2021-09-27T18:00"
CMS_AT = "2021-10-02"


def truc(*arguments: object) -> Result:
    """The command line, in English unless told otherwise."""
    words = [str(argument) for argument in arguments]
    return CliRunner().invoke(app, ["verify", *words, *([] if "--lang" in words else ["--lang", "en"])])


@cache
def world() -> ades.World:
    """One signer, whose key was compromised a day after signing."""
    return ades.World.make("verify", revoked_at=ades.AT + ades.DAY, reason=RevocationReason.KEY_COMPROMISE)


def write_trust(folder: Path, evidence: Evidence) -> Path:
    """Evidence laid out as ``--trust`` reads it."""
    kinds = (
        ("anchors", "der", evidence.anchors),
        ("timestamp-anchors", "der", evidence.timestamp_anchors),
        ("authorities", "der", evidence.certificates),
        ("crls", "crl", evidence.crls),
        ("ocsp", "ocsp", evidence.ocsps),
    )
    for name, suffix, artefacts in kinds:
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number, artefact in enumerate(artefacts):
            (folder / name / f"{number}.{suffix}").write_bytes(artefact)
    return folder


@cache
def short_lived() -> tuple[bytes, Evidence]:
    """A letter whose certificates ended with 2021, and lists from before and after that end."""
    owner = Pki.build(PkiSpec(seed="letter"))
    letter = _letter(owner, Authority.STATE)
    before, after = (owner.evidence(datetime(*day, 9, tzinfo=lab.VN)) for day in ((2021, 12, 31), (2023, 5, 1)))
    return letter, replace(after, crls=(*before.crls, *after.crls))


@cache
def public_letter() -> bytes:
    """A letter signed under a public authority, not under the Government's root."""
    return _letter(Pki.build(PkiSpec(seed="letter", trees=(Tree.G2, Tree.PUBLIC))), Authority.PUBLIC)


def _letter(owner: Pki, authority: Authority) -> bytes:
    def signer(kind: HolderKind, name: str) -> CadesSigner:
        start, end = datetime(2020, 1, 1, tzinfo=lab.VN), datetime(2022, 1, 1, tzinfo=lab.VN)
        return CadesSigner(owner.issue(HolderSpec(kind, name, authority, start, end, locality="Hòa Bình")), purpose=Purpose.LETTER)

    leader, seal = signer(HolderKind.PERSON, "Nguyễn Văn Ánh"), signer(HolderKind.ORGANISATION, "Ủy ban nhân dân tỉnh Hòa Bình")
    return lab.PRESS.issue(lab.PRESS.sign(lab.CONTENT, leader, at=lab.AT), "107", lab.DAY, seal, at=lab.AT)


@dataclass(frozen=True, slots=True)
class Desk:
    """A folder with signed files, and the folders of what is trusted about letters and about CMS files."""

    folder: Path
    trust: Path
    cms_trust: Path

    def path(self, name: str) -> Path:
        """A file of the folder."""
        return self.folder / name

    def letter(self, name: str, *more: object) -> Result:
        """``truc verify`` on a letter, with its trust at its time."""
        return truc(self.path(name), "--trust", self.trust, "--at", LETTER_AT, *more)

    def cms(self, name: str, *more: object) -> Result:
        """``truc verify`` on a CMS, with its trust after the revocation."""
        return truc(self.path(name), "--trust", self.cms_trust, "--at", CMS_AT, *more)


def lay_out(folder: Path) -> Desk:
    """Write everything."""
    whole = lab.whole()
    files = {
        "good.pdf": whole,
        "tampered.pdf": _flipped(whole, 2000),
        "unsealed.pdf": lab.half(),
        "appended.pdf": whole + b"\n% more\n",
        "cut-off.pdf": whole[:30_000],
        "public.pdf": public_letter(),
        "expired.pdf": short_lived()[0],
        "plan.xlsx": ades.CONTENT,
        "plan.xlsx.p7s": world().b(),
        "stamped.xlsx": ades.CONTENT,
        "stamped.xlsx.p7s": world().t(ades.AT),
        "kept.xlsx": ades.CONTENT,
        "kept.xlsx.p7s": world().lta(ades.AT),
        "alone.p7s": world().t(ades.AT),
        "trailing.xlsx": ades.CONTENT,
        "trailing.xlsx.p7s": world().t(ades.AT) + b"\0",
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    write_trust(folder / "trust-both", short_lived()[1])
    trust = write_trust(folder / "trust", lab.pki().evidence(lab.AT + timedelta(hours=8)))
    return Desk(folder, trust, write_trust(folder / "trust-cms", world().evidence(ades.AT + 5 * ades.DAY)))


def _flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
