"""How Celery is set up, and why. The broker is a doorbell: a message lost, doubled or an hour late must make no difference."""

from __future__ import annotations

from typing import Any

QUEUE = "truc"
POLL_SECONDS = 1.0
"""A worker looks for work by itself so often; with a broker that is gone, this is what a document waits longer."""
SWEEP_SECONDS = 5.0
"""So often the schedule rings every bell, for what a missed one left."""
PULSE = "truc.beat"
"""The key by which the schedule shows that it is alive."""
PULSE_SECONDS = 15
"""It vanishes after so long: three rounds."""
PATROL_SECONDS = 10.0
"""Every child seals by itself so often: what it costs without a schedule."""
SEAL_SECONDS = 2.0
"""The schedule has one of them seal so often: what ten seconds leave keeps a child from its documents for a second, and senders waiting."""
TIDY_SECONDS = 3600.0
NICENESS = 5
"""Children let the API go first where both want the processor: a sender waits for its receipt, a document in a queue has seconds."""
_EXPIRES = 10
"""Seconds after which a bell is stale: whoever looks later looks by himself."""
_VISIBILITY = 30
"""Seconds after which Redis hands a message to another worker: tasks may run twice at once, and the rows' locks see to it."""

CELERY: dict[str, Any] = {
    # what stands in a queue is never work, only a name
    "task_default_queue": QUEUE,
    "task_ignore_result": True,
    "task_store_errors_even_if_ignored": False,
    "result_backend": None,
    "task_serializer": "json",
    "accept_content": ["json"],
    # a child that dies takes no bell with it; nothing is fetched that is not worked on (celery/celery#1628, #8967)
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    "worker_prefetch_multiplier": 1,
    # a parent that dies: Redis' own sweep, which by default scans every hundred seconds for what is an hour old (celery/celery#4976)
    "broker_transport_options": {
        "visibility_timeout": _VISIBILITY,
        "unacked_restore_interval": 1,
        "unacked_restore_throttle": 1,
        "unacked_mutex_expire": 5,
        "socket_timeout": 5,
        "socket_connect_timeout": 2,
        "socket_keepalive": True,
        "health_check_interval": 10,
        "retry_on_timeout": True,
    },
    "visibility_timeout": _VISIBILITY,
    # a broker that comes late or goes away is waited for, by the consumer alone: children look for themselves meanwhile
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
    "worker_cancel_long_running_tasks_on_connection_loss": False,
    # whoever rings does not wait for the broker
    "task_publish_retry": False,
    "broker_pool_limit": 2,
    # a stop lets the batch in hand be finished
    "worker_soft_shutdown_timeout": 10.0,
    "worker_hijack_root_logger": False,
    "worker_redirect_stdouts": False,
    "worker_send_task_events": False,
    "worker_enable_remote_control": False,
    "worker_proc_alive_timeout": 30.0,
    "enable_utc": True,
    "timezone": "UTC",
}


def entry(name: str, every: float) -> dict[str, Any]:
    """One line of the schedule."""
    return {"task": name, "schedule": every, "options": {"expires": max(every, 1.0), "ignore_result": True}}


EXPIRES = _EXPIRES
