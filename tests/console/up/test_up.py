"""``truc up`` for real: PostgreSQL, Valkey, axis, a worker, beat and PKI as processes, used over HTTP, hurt, and ended by Ctrl-C."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from console.up.secrets import with_password
from console.up.services import POSTGRES_SETTINGS, VALKEY_SETTINGS
from exchange.api import Fetched, Receipt, Submission
from exchange.client import HttpAxis
from exchange.domain.calendar import VN
from exchange.domain.lifecycle import DeliveryState
from exchange.store.engine import open_engine
from scenarios.secrets import caller
from tests.console.up.today import DEPARTMENT, DISTRICT, PROVINCE, ROOT, package, world_file
from tests.judges import needs_postgres, needs_valkey

SEED = "7"
ENTRY = "import sys; sys.argv[0] = 'truc'; from console.cli import main; main()"


@dataclass
class Up:
    """A running ``truc up``."""

    process: subprocess.Popen[str]
    said: dict[str, Any]
    world: Path
    log: Path

    @property
    def database(self) -> str:
        return with_password(self.said["addresses"]["database"], "F", {"F": f"{self.said['secrets']}/database"})

    def axis(self, organ: Any) -> HttpAxis:
        return HttpAxis(self.said["addresses"]["axis"], caller(SEED, organ), driven=False)


def start(folder: Path, world: Path) -> Up:
    log = folder / "up.err"
    command = [
        sys.executable, "-c", ENTRY, "up", str(world), "--seed", SEED, "--data", str(folder / "data"), "--port", "0", "--pki-port", "0",
        "--children", "1", "--json", "--lang", "en",
    ]  # fmt: skip
    with log.open("ab") as errors:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
            start_new_session=True,
        )  # fmt: skip
    assert process.stdout is not None
    with process.stdout:
        line = process.stdout.readline()  # it says no more than this one there
    assert line, log.read_text()
    return Up(process, json.loads(line), world, log)


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not pytest's own: PostgreSQL, which will not run as root, must be able to enter it."""
    made = Path(tempfile.mkdtemp(prefix="truc-up-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


def until(holds: Callable[[], Any], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def receive(up: Up, organ: Any) -> list[bytes]:
    """Everything waiting for an agency, fetched and confirmed."""
    now = datetime.now(VN).replace(microsecond=0) + timedelta(seconds=1)
    with up.axis(organ) as axis:
        names = [line.package_id for line in axis.waiting(caller(SEED, organ), now)]
        found = [one.read() for one in axis.fetch(caller(SEED, organ), names, now)]
        axis.confirm(caller(SEED, organ), [Fetched(name, True) for name in names], now)
    return found


def _submit(up: Up, axis: HttpAxis, data: bytes) -> Receipt:
    (answer,) = axis.submit(caller(SEED, PROVINCE), [Submission(data)], datetime.now(VN).replace(microsecond=0))
    assert isinstance(answer, Receipt), answer
    return answer


def _secrets(up: Up) -> list[bytes]:
    return [(Path(up.said["secrets"]) / name).read_text().split()[-1].encode() for name in ("database", "broker")]


def no_secret_is_on_a_command_line_or_in_an_environment(up: Up) -> None:
    for name, pid in up.said["processes"].items():
        for file in ("cmdline", "environ"):
            found = Path(f"/proc/{pid}/{file}").read_bytes()
            assert not [secret for secret in _secrets(up) if secret in found], (name, file)


def the_settings_are_those_of_the_table(up: Up) -> None:
    from redis import Redis

    engine = open_engine(up.database)
    with engine.connect() as connection:
        found = {name: connection.exec_driver_sql(f"SHOW {name}").scalar_one() for name in (*POSTGRES_SETTINGS, "data_checksums")}
    engine.dispose()
    assert found == {**POSTGRES_SETTINGS, "data_checksums": "on"}
    with Redis.from_url(with_password(up.said["addresses"]["broker"], "F", {"F": f"{up.said['secrets']}/broker"})) as client:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": VALKEY_SETTINGS["maxmemory-policy"]}
        assert client.config_get("appendonly") == {"appendonly": VALKEY_SETTINGS["appendonly"]}


def its_pki_is_as_of_now(up: Up) -> None:
    with urlopen(f"{up.said['addresses']['pki']}/") as answer:
        page = answer.read().decode()
    (said,) = re.findall(r"^moment: (\S+)$", page, re.MULTILINE)
    assert abs((datetime.now(VN) - datetime.fromisoformat(said)).total_seconds()) < 60


def the_folder_is_taken_once(up: Up) -> None:
    command = [sys.executable, "-c", ENTRY, "up", "--data", str(Path(up.said["secrets"]).parent), "--lang", "en"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)
    assert (done.returncode, done.stderr.endswith("another `truc up` runs on this folder.\n")) == (2, True)


def documents_pass_whatever_dies(up: Up, sent: list[bytes]) -> list[Receipt]:
    """Submitted over HTTP, judged and routed by the worker, polled by their recipients; a worker and the axis are killed meanwhile."""
    with up.axis(PROVINCE) as axis:
        receipts = [_submit(up, axis, data) for data in sent[:3]]
        os.kill(up.said["processes"]["worker-1"], signal.SIGKILL)
        receipts.append(_submit(up, axis, sent[3]))
        os.kill(up.said["processes"]["axis"], signal.SIGKILL)
        receipts.append(_submit(up, axis, sent[4]))  # the client asks again until it is there again
        names = [one.package_id for one in receipts]
        until(lambda: {one.state for one in axis.deliveries(caller(SEED, PROVINCE), names)} == {DeliveryState.WAITING}, 40)
    for organ in (DEPARTMENT, DISTRICT):
        assert sorted(receive(up, organ)) == sorted(sent[:5])
    until(lambda: all(f"{name} runs again" in up.log.read_text() for name in ("worker-1", "axis")))
    return receipts


def everything_ends_in_order(up: Up) -> None:
    pids = list(up.said["processes"].values())
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(60) == 0, up.log.read_text()
    order = [line.split()[1] for line in up.log.read_text().splitlines() if line.startswith("Ending ")]
    assert order == ["pki", "beat", "worker-1", "axis", "valkey", "postgres"]
    assert not [pid for pid in pids if alive(pid)]


def everything_ends_with_it(up: Up) -> None:
    pids = list(up.said["processes"].values())
    up.process.kill()
    up.process.wait()
    until(lambda: not [pid for pid in pids if alive(pid)], 30)


@needs_postgres
@needs_valkey
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_it_serves_whatever_dies_ends_in_order_and_loses_nothing(folder: Path) -> None:
    world = world_file(folder)
    sent = [package(world, SEED, str(number), (DEPARTMENT, DISTRICT)) for number in range(10, 16)]
    up = start(folder, world)
    try:
        no_secret_is_on_a_command_line_or_in_an_environment(up)
        the_settings_are_those_of_the_table(up)
        its_pki_is_as_of_now(up)
        the_folder_is_taken_once(up)
        receipts = documents_pass_whatever_dies(up, sent)
        with up.axis(PROVINCE) as axis:
            _submit(up, axis, sent[5])  # perhaps not judged yet when the end comes
        everything_ends_in_order(up)
        up = start(folder, world)
        until(lambda: receive(up, DEPARTMENT) == [sent[5]], 40)
        with up.axis(PROVINCE) as axis:
            assert _submit(up, axis, sent[0]) == receipts[0]
        everything_ends_with_it(up)
        said = b"".join(path.read_bytes() for path in (up.log, *(folder / "data" / "logs").iterdir()))
        assert not [secret for secret in _secrets(up) if secret in said]
    finally:
        up.process.kill()
        up.process.wait()
