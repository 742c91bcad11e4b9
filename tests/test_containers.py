"""docker-compose.yml and the Dockerfile: valid by the Compose Specification, and the same as the table that `truc up` follows.

No container is built or started here: a machine with Docker has to show that (docs/operation.md says how).
"""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from console.up.services import CONTAINERS, INITDB, POSTGRES_SETTINGS, SECRETS, SERVICES, VALKEY_SETTINGS, Image, Service, service
from tests.judges import needs_compose

ROOT = Path(__file__).resolve().parent.parent
ONLY_NAMES = [one.name for one in SERVICES]


@cache
def compose() -> dict[str, Any]:
    import yaml

    found: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    return found


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions in order, comments left out."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text("utf-8"), flags=re.MULTILINE).replace("\\\n", " ")
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in text.splitlines() if line.strip()]


def escaped(words: tuple[str, ...]) -> list[str]:
    """As the file has to write them: Compose reads a single dollar sign as a variable of its own."""
    return list(CONTAINERS.fill(tuple(word.replace("$", "$$") for word in words)))


def fault_of(tree: dict[str, Any]) -> str:
    from jsonschema import Draft202012Validator

    schema = json.loads((ROOT / "tests" / "vectors" / "compose" / "compose-spec.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    return "; ".join(f"{error.json_path}: {error.message[:200]}" for error in Draft202012Validator(schema).iter_errors(tree))


@needs_compose
def test_the_compose_file_is_valid_by_the_compose_specification() -> None:
    assert fault_of(compose()) == ""


@needs_compose
@pytest.mark.parametrize(
    "change",
    [
        {"services": {"axis": {"comand": ["truc"]}}},
        {"services": {"axis": {"depends_on": {"migrate": {"condition": "done"}}}}},
        {"service": {}},
        {"services": {"axis": {"healthcheck": {"interval": 10}}}},
    ],
)
def test_the_schema_refuses_what_is_wrong(change: dict[str, Any]) -> None:
    assert fault_of(change)


@needs_compose
def test_there_are_the_same_services_in_the_same_order() -> None:
    assert list(compose()["services"]) == ONLY_NAMES


@needs_compose
@pytest.mark.parametrize("name", ONLY_NAMES)
def test_a_container_runs_what_the_table_says(name: str) -> None:
    table, there = service(name), compose()["services"][name]
    assert there["image"] == table.image
    assert there["command"] == escaped(table.command)
    assert there.get("environment", {}) == CONTAINERS.settings(table.environment)
    assert tuple(there.get("secrets", ())) == table.secrets
    assert {other: said["condition"] for other, said in there.get("depends_on", {}).items()} == dict(table.after)
    assert there["stop_signal"] == table.stop.name
    assert there["stop_grace_period"] == f"{table.grace}s"
    assert there["restart"] == ("no" if table.once else "unless-stopped")
    assert ("replicas" in there["deploy"]) == table.many
    assert there.get("healthcheck") == health(table)


def health(table: Service) -> dict[str, Any] | None:
    if table.health is None:
        return None
    return {
        "test": ["CMD", *escaped(table.health.command)], "interval": f"{table.health.every}s", "timeout": f"{table.health.patience}s",
        "retries": table.health.retries, "start_period": f"{table.health.start}s",
    }  # fmt: skip


@needs_compose
@pytest.mark.parametrize("name", ONLY_NAMES)
def test_a_container_can_do_no_more_than_it_must(name: str) -> None:
    there = compose()["services"][name]
    assert there["read_only"] is True
    assert there["cap_drop"] == ["ALL"]
    assert "cap_add" not in there
    assert "no-new-privileges:true" in there["security_opt"]
    assert not there.get("privileged")
    user, _, group = there["user"].partition(":")
    assert int(user) > 0 < int(group)
    assert all(one.startswith(("/tmp:", "/var/run/postgresql:")) for one in there["tmpfs"])
    assert there["deploy"]["resources"]["limits"].keys() == {"cpus", "memory", "pids"}
    assert re.fullmatch(r"[\w/]+:\d+\.\d+(\.\d+)?(-\w+)?", there["image"])
    assert all(port.startswith("127.0.0.1:") for port in there.get("ports", ()))
    exposed = {"axis": ["8080"], "pki": ["3161"]}
    assert [port.rsplit(":", 1)[1] for port in there.get("ports", ())] == exposed.get(name, [])


@needs_compose
def test_only_what_serves_strangers_is_on_the_outer_network() -> None:
    file = compose()
    assert file["networks"]["back"] == {"internal": True}
    assert {name for name, one in file["services"].items() if "front" in one["networks"]} == {"axis", "pki"}


@needs_compose
def test_secrets_stand_in_files_alone() -> None:
    file = compose()
    assert file["secrets"] == {name: {"file": f"./secrets/{name}"} for name in SECRETS}
    values = [value for one in file["services"].values() for value in one.get("environment", {}).values()]
    assert not [value for value in values if re.search(r"//\w*:\w+@", value)]


@needs_compose
def test_what_must_last_is_on_a_volume() -> None:
    file = compose()
    mounts = {name: one["volumes"] for name, one in file["services"].items() if "volumes" in one}
    assert mounts == {
        "postgres": ["postgres:/var/lib/postgresql/data"], "valkey": ["valkey:/data"], "axis": ["spool:/var/lib/truc/spool"],
    }  # fmt: skip
    assert set(file["volumes"]) == {"postgres", "valkey", "spool"}


def test_the_settings_keep_what_was_acknowledged() -> None:
    assert {POSTGRES_SETTINGS[name] for name in ("fsync", "full_page_writes", "synchronous_commit")} == {"on"}
    assert (VALKEY_SETTINGS["appendonly"], VALKEY_SETTINGS["maxmemory-policy"]) == ("yes", "noeviction")
    assert "--data-checksums" in INITDB


def test_the_image_is_built_in_stages_and_runs_as_nobody_in_particular() -> None:
    steps = instructions()
    bases = [words.split(" ")[0] for verb, words in steps if verb == "FROM"]
    assert bases == ["python:3.11.14-slim-bookworm"] * 2
    oldest = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["requires-python"]
    assert oldest == ">=3.11"
    last = steps[max(index for index, (verb, _) in enumerate(steps) if verb == "FROM") :]
    verbs = dict(last)
    user = verbs["USER"]
    assert user == "10001:10001"
    assert f"--uid {user.partition(':')[0]} --gid {user.partition(':')[2]} " in next(words for verb, words in last if verb == "RUN")
    assert "ENTRYPOINT" not in verbs  # a command of the table is the whole command
    assert json.loads(verbs["CMD"])[0] == "truc"
    assert verbs["STOPSIGNAL"] == "SIGTERM"
    assert verbs["COPY"] == "--from=build /opt/truc /opt/truc"
    assert CONTAINERS.values["spool"] in " ".join(words for verb, words in last if verb == "RUN")


@needs_compose
def test_the_image_and_the_compose_file_mean_the_same_user() -> None:
    users = {one["user"] for one in compose()["services"].values() if one["image"] == Image.TRUC}
    assert users == {dict(instructions())["USER"]}


def test_every_package_of_the_image_is_checked_by_its_hash() -> None:
    runs = [shlex.split(words) for verb, words in instructions() if verb == "RUN"]
    downloads = [words for words in runs if words[:2] == ["pip", "download"]]
    assert len(downloads) == 1
    assert "--require-hashes" in downloads[0]
    installs = [words for words in runs if words[1:2] == ["install"] and "pip" in words[0]]
    assert installs
    assert all("--no-index" in words for words in installs)


def test_the_image_carries_every_package_of_the_project() -> None:
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    copied = {words.split(" ")[0] for verb, words in instructions() if verb == "COPY"}
    assert set(packages) <= copied
    allowed = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert allowed[0] == "*"
    assert {f"!{name}" for name in packages} <= set(allowed)
