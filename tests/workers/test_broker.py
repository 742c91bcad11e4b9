"""What is mended in Celery's way to Redis, against a real broker that is killed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.judges import needs_valkey
from tests.servers import Valkey


def free_again(valkey: Valkey, transport: str) -> Any:
    """Whether a channel with two messages in hand, of which it may have two, asks for more when neither could be acknowledged."""
    import kombu

    assert valkey.program is not None
    with kombu.Connection(valkey.url, transport=transport) as connection:
        queue = kombu.Queue("in-hand", channel=connection.channel(), durable=False)
        queue.declare()
        got: list[Any] = []
        with kombu.Consumer(connection.default_channel, [queue], on_message=got.append, prefetch_count=2) as one:
            for _ in range(2):
                kombu.Producer(connection.default_channel).publish("bell", routing_key="in-hand")
            while len(got) < 2:
                connection.drain_events(timeout=5)
            channel = one.channel
            assert not channel.qos.can_consume()
            valkey.program.kill()
            for message in got:
                message.ack_log_error(_Silent, (Exception,))
            valkey.program.start()
            valkey.wait()
            return channel.qos.can_consume()


class _Silent:
    @staticmethod
    def critical(*_: object, **__: object) -> None:
        """Kombu says that it could not."""


@needs_valkey
def test_every_address_of_a_broker_stands_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from kombu.transport import TRANSPORT_ALIASES, _transport_cache, get_transport_cls

    from workers import broker

    for alias in ("redis", "rediss"):
        monkeypatch.setitem(TRANSPORT_ALIASES, alias, "kombu.transport.redis:Transport")
        monkeypatch.delitem(_transport_cache, alias, raising=False)
    assert get_transport_cls("redis") is not broker.Transport, "asked for before, and remembered"
    broker.take_over()
    assert {get_transport_cls(alias) for alias in ("redis", "rediss")} == {broker.Transport}


@needs_valkey
def test_what_could_not_be_acknowledged_is_in_nobodys_hand(valkey: Valkey) -> None:
    if valkey.program is None:
        return  # somebody else's broker is not ours to stop
    assert free_again(valkey, "workers.broker:Transport")
    assert not free_again(valkey, "kombu.transport.redis:Transport"), "kombu gives them free itself: workers/broker.py can go"
