"""The doorbell's Celery form: it sends the name of a task and nothing else, and needs no code of the workers to do so."""

from __future__ import annotations

from celery import Celery

from exchange.doorbell import GAP, Coalesced
from exchange.outbox import Stage
from workers.settings import CELERY, EXPIRES


def celery_bell(broker: str, gap: float = GAP) -> Coalesced:
    """A doorbell that rings through this broker (``redis://…``); nothing is connected before the first ring.

    ``gap``: seconds between two rings; a kernel, which waits for the answer to each, wants it short.
    """
    sender = Celery("truc-bell", set_as_current=False, broker=broker)
    sender.conf.update(CELERY)

    def send(stage: Stage) -> None:
        sender.send_task(f"truc.{stage}", expires=EXPIRES, ignore_result=True, retry=False)

    return Coalesced(send, gap)
