"""The schedule's sign of life: a key in the broker that vanishes by itself when nothing has been rung for some time."""

from __future__ import annotations

from redis import Redis
from redis.exceptions import RedisError

from workers.settings import PULSE, PULSE_SECONDS

_TIMEOUT = 2.0


class Pulse:
    """Says after each ring that the schedule is alive. A broker that does not answer is left alone: beat itself will try again."""

    def __init__(self, broker: str, name: str) -> None:
        self._client, self._name = _client(broker), name

    def __call__(self, **_: object) -> None:
        """Celery's signal: a ring has gone out."""
        try:
            self._client.set(PULSE, self._name, ex=PULSE_SECONDS)
        except RedisError:
            return


def last_pulse(broker: str) -> tuple[str, float] | None:
    """Who rang last, and how many seconds ago; ``None``: nobody for ``PULSE_SECONDS``. Raises :class:`redis.exceptions.RedisError`."""
    with _client(broker) as client:
        name, left = client.get(PULSE), client.pttl(PULSE)
    if not isinstance(name, bytes) or not isinstance(left, int) or left < 0:
        return None
    return name.decode("utf-8", "replace"), PULSE_SECONDS - left / 1000


def _client(broker: str) -> Redis:
    return Redis.from_url(broker, socket_timeout=_TIMEOUT, socket_connect_timeout=_TIMEOUT)
