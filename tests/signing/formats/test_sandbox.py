"""The child that parses: what crosses the border is plain, and nothing it does costs the parent more than the limit."""

from __future__ import annotations

import os
import pickle
import threading
import time
from collections.abc import Iterator

import pytest

from signing import FormatFailure
from signing.formats import sandbox as module
from signing.formats.sandbox import Sandbox, _answer, _plain


def echo(*arguments: object) -> object:
    """What it was given."""
    return list(arguments)


def sleep() -> None:
    """Never in time."""
    time.sleep(600)


def spin() -> None:
    """Busy without end."""
    while True:
        pass


def burst() -> int:
    """More memory than there is."""
    return len(bytearray(1 << 40))


def die() -> None:
    """As a crash in native code."""
    os._exit(139)


def fail() -> None:
    """An exception of any kind."""
    raise KeyError("of the parser")


def refuse() -> None:
    """A refusal of our own."""
    raise FormatFailure("place", "rule")


def smuggle() -> object:
    """A value that is not plain."""
    return threading.Lock


def deep() -> None:
    """Recursion without end."""
    deep()


HERE = "signing.formats.sandbox_probe"


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox whose child may call this file, under a name inside ``signing``."""
    folder = tmp_path_factory.mktemp("probe")
    (folder / "sitecustomize.py").write_text(
        "import importlib, sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {HERE!r}:\n"
        f"            from importlib.util import spec_from_file_location\n            return spec_from_file_location(name, {__file__!r})\n"
        "sys.meta_path.insert(0, Finder())\n"
    )
    import sys

    sys.path.insert(0, str(folder))
    try:
        with Sandbox(seconds=1.5, patience=3.0) as sandbox:
            yield sandbox
    finally:
        sys.path.remove(str(folder))


def test_plain_values_cross_both_ways(box: Sandbox) -> None:
    sent = (1, "hai", b"ba", [4, None], {"five": (6.0, True)})
    assert box.call(f"{HERE}:echo", *sent) == list(sent)


@pytest.mark.parametrize(
    ("function", "rule"),
    [
        ("sleep", "within 1.5 seconds"),
        ("spin", "within 1.5 seconds"),
        ("burst", "too much memory"),
        ("die", "ended the process"),
        ("fail", "KeyError: 'of the parser'"),
        ("refuse", "place: rule"),
        ("smuggle", "unreadable"),
        ("deep", "RecursionError"),
        ("absent", "AttributeError"),
    ],
)
def test_whatever_happens_in_the_child_is_a_format_failure_and_the_next_call_works(function: str, rule: str, box: Sandbox) -> None:
    with pytest.raises(FormatFailure, match=rule):
        box.call(f"{HERE}:{function}")
    assert box.call(f"{HERE}:echo", 1) == [1]


def test_a_child_that_only_waits_is_ended_by_the_clock(box: Sandbox) -> None:
    box.call(f"{HERE}:echo")
    began = time.monotonic()
    with pytest.raises(FormatFailure, match="seconds"):
        box.call(f"{HERE}:sleep")
    assert 2.9 < time.monotonic() - began < 10


def test_only_functions_of_signing_are_called() -> None:
    assert pickle.loads(_answer("os:getcwd", ())) == ("failure", "os:getcwd: is no function of signing")


def test_threads_share_one_child(box: Sandbox) -> None:
    answers: list[object] = []
    threads = [threading.Thread(target=lambda n=n: answers.append(box.call(f"{HERE}:echo", n))) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers, key=str) == [[n] for n in range(8)]


def test_a_subverted_child_cannot_make_the_parent_call_anything() -> None:
    with pytest.raises(ValueError, match="not a plain value"):
        _plain(pickle.dumps(os.getcwd))
    with pytest.raises(ValueError, match="not a plain value"):
        _plain(b"cos\nsystem\n(S'true'\ntR.")


def test_a_child_that_does_not_start_is_a_format_failure() -> None:
    with Sandbox() as sandbox, pytest.raises(FormatFailure, match="does not start"):
        sandbox.call("signing.formats.nowhere:function")


def test_closing_ends_the_child_and_a_later_call_starts_another(box: Sandbox) -> None:
    assert box.call(f"{HERE}:echo") == []
    child = box._child
    assert child is not None
    box.close()
    assert child.process.returncode is not None
    assert box.call(f"{HERE}:echo") == []


def test_limits_are_what_the_house_promises() -> None:
    assert module.SECONDS <= 2
    assert module.MEMORY <= 1 << 30
