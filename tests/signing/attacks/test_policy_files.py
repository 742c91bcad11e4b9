"""Policy files meant to hang, to crash or to deceive whoever loads them; what is wrong is one sentence with its place."""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path
from time import perf_counter

import pytest

from signing import PolicyFileError, load_policy
from signing.validation.ades.policy_file import read_policy
from tests.pace import at_most

FIELD = files("signing").joinpath("policies", "field.toml").read_bytes()
END = b"2031-01-01T00:00:00Z"

FILES = {
    "a number of 900 digits": FIELD.replace(b"signatures = 2", b"signatures = " + b"9" * 900),
    "a number that Python does not write": FIELD.replace(b"signatures = 2", b"signatures = 0x" + b"f" * 1000),
    "a number over several lines": FIELD + b"\nx = [\n" + b"9" * 1000 + b",\n" * 60,
    "an end before the calendar": FIELD.replace(END, b"0001-01-01T00:00:00+14:00"),
    "an end after the calendar": FIELD.replace(END, b"9999-12-31T23:59:59-14:00"),
    "an end without a zone": FIELD.replace(END, b"2031-01-01T00:00:00"),
    "an end that is a day": FIELD.replace(END, b"2031-01-01"),
    "an end of half a second": FIELD.replace(END, b"2031-01-01T00:00:00.5Z"),
    "arrays thirty thousand deep": FIELD + b"\nx = " + b"[\n" * 30_000,
    "tables thirty thousand deep": FIELD + b"\n" + b"a." * 30_000 + b"b = 1\n",
    "many keys of five hundred parts": FIELD + b"".join(b"\n" + b"a." * 480 + b"b%d = 1" % number for number in range(60)),
    "a tolerance that is no number": FIELD.replace(b"tolerance_seconds = 0", b"tolerance_seconds = nan"),
    "a count that is true": FIELD.replace(b"signatures = 2", b"signatures = true"),
    "a check in other letters": FIELD.replace(b"algorithm-protection =", b"Algorithm-Protection ="),
    "a check twice": FIELD.replace(b"[deviations]", b'key-usage = "IGNORE"\n[deviations]'),
    "a severity in other letters": FIELD.replace(b'level = "FAIL"', b'level = "fail"'),
    "an unknown section": FIELD + b'\n[check]\nlevel = "IGNORE"\n',
    "a sunset of no anchor": FIELD + b"\n[anchor_sunsets]\nzz = 2031-01-01T00:00:00Z\n",
    "no text at all": b"\xff\xfe" + FIELD,
    "a line of a megabyte": b"#" * 1_000_000,
}


@pytest.mark.parametrize("case", sorted(FILES))
def test_a_file_that_is_wrong_is_one_sentence_at_once(case: str) -> None:
    """Sixty thousand bytes of dotted keys took the parser fifty seconds; great numbers and early instants raised past it."""
    with at_most(), pytest.raises(PolicyFileError) as raised:
        read_policy("policy.toml", FILES[case])
    assert len(str(raised.value)) < 1000


def test_policies_that_invoke_each_other(tmp_path: Path) -> None:
    """Two files each of which names the other, and one that names itself by its path, to recurse without end.

    A signature invokes one policy (EN 319 102-1 §5.2.4), so what that one says of further policies is not followed.
    """
    for name, other in (("one", "other"), ("other", "one"), ("self", "self")):
        renamed = FIELD.replace(b'name = "field"', b'name = "%b"' % name.encode())
        table = f'\n[signature_policies]\n"1.2.3" = "{tmp_path / other}.toml"\n'
        (tmp_path / f"{name}.toml").write_bytes(renamed + table.encode())
    for name, other in (("one", "other"), ("self", "self")):
        invoked = load_policy(tmp_path / f"{name}.toml").signature_policies["1.2.3"]
        assert not isinstance(invoked, str)
        assert (invoked.name, invoked.signature_policies) == (other, {})


def test_paths_that_are_no_plain_small_file(tmp_path: Path) -> None:
    """A pipe that never ends, a folder, a file of three gigabytes, a name with a zero: nothing is waited for or read whole."""
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "folder.toml").mkdir()
    with (tmp_path / "great.toml").open("wb") as file:
        file.truncate(3 * 10**9)
    began = perf_counter()
    for name in ("pipe", "folder", "great", "absent", "ze\0ro"):
        with pytest.raises(PolicyFileError):
            load_policy(f"{tmp_path}/{name}.toml")
    assert perf_counter() - began < 2
