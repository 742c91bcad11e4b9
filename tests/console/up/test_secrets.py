"""Secrets stand in files, complete addresses, and are seen nowhere else."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from console.cli import app
from console.up.secrets import SecretUnreadable, make_secrets, read_secret, with_password

DATABASE = "postgresql+psycopg://truc@db:5432/truc"


def test_missing_secrets_are_made_once(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    assert make_secrets(folder) == ("database", "broker")
    before = {name: (folder / name).read_bytes() for name in ("database", "broker")}
    assert make_secrets(folder) == ()
    (folder / "broker").unlink()
    assert make_secrets(folder) == ("broker",)
    assert (folder / "database").read_bytes() == before["database"]
    assert (folder / "broker").read_bytes() != before["broker"]
    assert len(read_secret(folder / "database")) >= 43
    assert (folder / "broker").read_text().startswith("requirepass ")


def test_only_their_owner_can_enter_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir(mode=0o777)
    make_secrets(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE((folder / name).stat().st_mode) for name in ("database", "broker")} == {0o444}


def test_an_address_gets_its_password_from_the_file(tmp_path: Path) -> None:
    (tmp_path / "p").write_text("requirepass a/b:c@d\n")
    said = {"P": str(tmp_path / "p")}
    assert with_password(DATABASE, "P", said) == "postgresql+psycopg://truc:a%2Fb%3Ac%40d@db:5432/truc"
    assert with_password("redis://broker:6379/0", "P", said) == "redis://:a%2Fb%3Ac%40d@broker:6379/0"
    for url in ("sqlite:///x.db", "sqlite://", "redis://:own@broker/0", "postgresql+psycopg://truc:own@db/truc", ""):
        assert with_password(url, "P", said) == url
    assert with_password(DATABASE, "P", {}) == DATABASE


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff\xfe"])
def test_a_file_without_a_secret_is_named(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "p").write_bytes(content)
    with pytest.raises(SecretUnreadable, match=str(tmp_path / "p")):
        with_password(DATABASE, "P", {"P": str(tmp_path / "p")})


COMMANDS = {
    "migrate": ["migrate", "--database", "ADDRESS"],
    "audit": ["audit", "ADDRESS"],
    "evidence": ["evidence", "1/CV", "--out", "e.zip", "--db", "ADDRESS"],
    "blast-radius": ["blast-radius", "x.cer", "--since", "2021-09-27", "--db", "ADDRESS"],
}


def told(name: str, address: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, [*(address if word == "ADDRESS" else word for word in COMMANDS[name]), "--lang", "en"])
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done.exit_code, done.output


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_says_which_file_it_cannot_read(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUC_DATABASE_PASSWORD_FILE", str(tmp_path / "none"))
    assert told(name, DATABASE) == (2, f"TRUC_DATABASE_PASSWORD_FILE: {tmp_path / 'none'}: No such file or directory\n")


@pytest.mark.parametrize("name", COMMANDS)
def test_an_address_nobody_can_read_is_named_by_who_would_open_it(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "p").write_text("secret\n")
    monkeypatch.setenv("TRUC_DATABASE_PASSWORD_FILE", str(tmp_path / "p"))
    code, said = told(name, "oracle://[x")
    assert (code, said.count("\n")) == (2, 1)
    assert "postgresql+psycopg://USER@HOST/NAME" in said


def test_the_command_makes_them_and_prints_none(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["secrets", str(tmp_path / "s"), "--lang", "en"])
    assert done.exit_code == 0
    assert done.output == f"Secrets in {tmp_path / 's'}; made now: database, broker.\n"
    assert read_secret(tmp_path / "s" / "database") not in done.output
    (tmp_path / "file").write_text("x")
    assert CliRunner().invoke(app, ["secrets", str(tmp_path / "file"), "--lang", "en"]).exit_code == 2
