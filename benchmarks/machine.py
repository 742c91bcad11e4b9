"""On what a measurement was made: commit, processor, versions."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import ssl
import subprocess
from collections.abc import Mapping
from pathlib import Path

from benchmarks import openssl_peer

ROOT = Path(__file__).resolve().parent.parent
LIBRARIES = ("cryptography", "sqlalchemy", "simpy", "pyhanko", "pyhanko-certvalidator", "asn1crypto")


def describe() -> Mapping[str, str]:
    """Name → value, for the head of a table."""
    return {
        "commit": commit(),
        "processor": f"{_processor()}, {os.cpu_count()} logical cores",
        "load before": ", ".join(f"{load:.2f}" for load in os.getloadavg()),
        "system": platform.platform(),
        "python": platform.python_version(),
        "openssl": f"{ssl.OPENSSL_VERSION} (Python's); {_bundled_openssl()} (cryptography's); {_peer_openssl()} (as peer)",
        **{name: _version(name) for name in LIBRARIES},
    }


def commit() -> str:
    """The commit measured, marked when the tree differs from it."""
    try:
        head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
        changed = subprocess.run(["git", "status", "--porcelain", "-uno"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return "not a git checkout"
    return f"{head} with local changes" if changed.strip() else head


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _bundled_openssl() -> str:
    from cryptography.hazmat.backends.openssl import backend

    return backend.openssl_version_text()


def _peer_openssl() -> str:
    return openssl_peer.ABSENT or openssl_peer.version().strip()


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
