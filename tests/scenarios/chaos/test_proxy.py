"""A wire carries everything, and slow, cut or silent it is what it is said to be."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from scenarios.chaos.proxy import Wire


@pytest.fixture
def echo() -> Iterator[int]:
    """A server that says again whatever it is told; its port."""
    listening = socket.create_server(("127.0.0.1", 0))

    def answer(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            while data := connection.recv(65_536):
                connection.sendall(data)

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield listening.getsockname()[1]
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()


@pytest.fixture
def wire(echo: int) -> Iterator[Wire]:
    with Wire("127.0.0.1", echo) as made:
        yield made


def connect(wire: Wire) -> socket.socket:
    return socket.create_connection(("127.0.0.1", wire.port), timeout=5)


def said_again(connection: socket.socket, words: bytes) -> float:
    """Seconds until it comes back."""
    began = time.monotonic()
    connection.sendall(words)
    back = b""
    while len(back) < len(words):
        piece = connection.recv(65_536)
        assert piece, "the connection ended"
        back += piece
    assert back == words
    return time.monotonic() - began


def test_it_carries_what_comes_byte_for_byte(wire: Wire) -> None:
    words = bytes(range(256)) * 2000
    with connect(wire) as one, connect(wire) as other:
        said_again(one, words)
        said_again(other, words[::-1])
        one.shutdown(socket.SHUT_WR)
        assert one.recv(1) == b"", "an end is passed on"
    assert wire.carried == 4 * len(words)


def test_slow_is_slow_in_both_directions_until_mended(wire: Wire) -> None:
    with connect(wire) as one:
        wire.slow(0.1)
        assert said_again(one, b"x") >= 0.2
        wire.mend()
        assert said_again(one, b"x") < 0.2


def test_cut_ends_what_there_is_and_refuses_what_comes(wire: Wire) -> None:
    with connect(wire) as one:
        said_again(one, b"x")
        wire.cut()
        with pytest.raises((ConnectionError, AssertionError)):
            said_again(one, b"y")
        with pytest.raises((ConnectionError, AssertionError)), connect(wire) as other:
            said_again(other, b"y")
        wire.mend()
        with connect(wire) as third:
            said_again(third, b"z")


def test_silent_loses_nothing_and_says_it_later(wire: Wire) -> None:
    with connect(wire) as one:
        said_again(one, b"x")
        wire.silence()
        one.sendall(b"held")
        one.settimeout(0.3)
        with pytest.raises(TimeoutError):
            one.recv(4)
        one.settimeout(5)
        wire.mend()
        assert one.recv(4) == b"held"


def test_where_nobody_listens_the_connection_ends() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with Wire("127.0.0.1", port) as wire, connect(wire) as one, suppress(ConnectionError):
        assert one.recv(1) == b""
