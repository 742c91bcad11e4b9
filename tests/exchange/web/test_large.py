"""A 200 MB attachment over HTTP, in and out: the server's private memory, seen from outside, stays bounded."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from exchange.api import Receipt, Submission
from exchange.client import HttpAxis
from tests.exchange.axis.field import DEPARTMENT, PROVINCE, Doc, at, caller, send, take
from tests.exchange.axis.test_large import ALLOWED, ROOT, Package, collect, private_kilobytes
from tests.exchange.web.host import OPERATOR

SERVER = """
import sys
from exchange.web.app import make_app
from exchange.web.guard import Service
from exchange.web.server import listen, make_server
from tests.exchange.axis.field import open_field
from tests.exchange.web.host import DRIVEN, OPERATOR
axis = open_field(sys.argv[1])
axis.enrol(OPERATOR.organ, OPERATOR.secret)
service = Service(axis, DRIVEN)
listening = listen("127.0.0.1", 0)
print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
make_server(make_app(service), DRIVEN, service.stop_waiting).run(sockets=[listening])
"""


def carry(url: str) -> None:
    """Send it, have it judged and delivered, and fetch it."""
    with HttpAxis(url, OPERATOR, settle_seconds=600) as axis:
        stream = Package()
        (receipt,) = axis.submit(caller(PROVINCE), [Submission(stream)], at(100))  # type: ignore[arg-type]
        assert isinstance(receipt, Receipt), receipt
        axis.settle(at(200))
        collect(axis, stream, receipt)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(sys.platform != "linux", reason="private memory is read from /proc")
def test_200_megabytes_pass_over_http_with_less_than_64_of_private_memory(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SERVER, f"sqlite:///{tmp_path / 'axis.db'}"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    failed: list[BaseException] = []

    def work() -> None:
        try:
            carry(url)
        except BaseException as error:
            failed.append(error)

    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, env=environment, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        with HttpAxis(url, OPERATOR) as axis:
            send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "14", annexes=(b"x" * 1_000_000,)).package(), 0)  # type: ignore[arg-type]
            axis.settle(at(60))
            take(axis, DEPARTMENT, 60)  # type: ignore[arg-type]
        peak = idle = private_kilobytes(process.pid)
        worker = threading.Thread(target=work)
        worker.start()
        while worker.is_alive():
            peak = max(peak, private_kilobytes(process.pid))
            worker.join(0.02)
        process.terminate()
    assert not failed, failed
    assert peak - idle < ALLOWED, f"{(peak - idle) / 1024:.1f} MB above idle"
    print(f"peak {(peak - idle) / 1024:.1f} MB above idle")
