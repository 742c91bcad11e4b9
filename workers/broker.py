"""Redis as Celery's broker, with one thing mended: a task whose acknowledgement found no broker gives its place free.

Kombu keeps such a task among those in hand, where it counts against how many a worker may fetch. When a broker dies while every child has
one, none is fetched any more: the worker asks for nothing, so that it never notices that its connection is gone, and stays deaf to bells
when the broker is back. A bell lost with its acknowledgement is rung again by Redis' own sweep, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, _transport_cache, redis, virtual


class _QoS(redis.QoS):
    def ack(self, delivery_tag: Any) -> None:
        with self._let_go(delivery_tag):
            super().ack(delivery_tag)  # type: ignore[no-untyped-call]

    def reject(self, delivery_tag: Any, requeue: bool = False) -> None:
        with self._let_go(delivery_tag):
            super().reject(delivery_tag, requeue)  # type: ignore[no-untyped-call]

    @contextmanager
    def _let_go(self, delivery_tag: Any) -> Iterator[None]:
        """Whatever went wrong with the broker, and it is raised: the task is in nobody's hand."""
        try:
            yield
        except Exception:
            virtual.QoS.ack(self, delivery_tag)  # type: ignore[no-untyped-call]
            raise


class _Channel(redis.Channel):
    QoS = _QoS


class Transport(redis.Transport):
    """What ``redis://`` and ``rediss://`` stand for, once :func:`take_over` was called."""

    Channel = _Channel


def take_over() -> None:
    """Let every connection to ``redis://…`` and ``rediss://…`` opened from now on be of this kind."""
    for alias in ("redis", "rediss"):
        TRANSPORT_ALIASES[alias] = f"{__name__}:Transport"
        _transport_cache.pop(alias, None)  # what it stood for, where somebody has asked already
