"""Telling workers that a job is due: its id goes through Redis, by dramatiq.

A message is only a hint. What gets lost on the way, as Redis is away or was restarted, is sent anew by a worker's relay
(server/job_worker.py), and a message too many does nothing. So dramatiq's own retries and dead letters stay out of use.
"""

import logging
import threading
import time

from dramatiq import Message
from dramatiq.brokers.redis import RedisBroker
from flask import current_app
from redis import ConnectionPool, Redis
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

NAMESPACE = "{jobs}"  # a hash tag: Redis Cluster keeps all its keys on one node
QUEUE = "jobs"
ACTOR = "run"
DEAD_LETTERS = 60_000  # milliseconds that dramatiq keeps what it could not hand over; we need none
PAUSE = 1.0  # seconds without sending, when Redis did not answer


class JobQueue:
    """The messages of one app; ``client`` makes no retries."""

    def __init__(self, client: Redis) -> None:
        self.client = client
        self.broker = RedisBroker(  # type: ignore[no-untyped-call]
            client=client,
            middleware=[],
            namespace=NAMESPACE,
            dead_message_ttl=DEAD_LETTERS,
            maintenance_chance=0,  # it runs KEYS over all of Redis; what a killed worker had, the relay sends anew
        )
        self._silent_until = 0.0

    def send(self, job_id: int) -> bool:
        """Tell the workers; False when Redis does not take it now."""
        if time.monotonic() < self._silent_until:
            return False
        try:
            self.broker.enqueue(Message(queue_name=QUEUE, actor_name=ACTOR, args=(job_id,), kwargs={}, options={}))
        except RedisError as error:
            self._silent_until = time.monotonic() + PAUSE
            log.warning("a job waits for the relay: Redis does not answer (%s)", type(error).__name__)
            return False
        return True

    def length(self) -> int:
        """Return how many messages wait.

        Raises:
            RedisError: Redis does not answer.
        """
        return int(self.client.llen(f"{NAMESPACE}:{QUEUE}"))


_lock = threading.Lock()


def queue() -> JobQueue:
    """Return the current app's."""
    pool: ConnectionPool = current_app.extensions["redis"].connection_pool
    found: JobQueue | None = current_app.extensions.get("job_queue")
    if found is None or found.client.connection_pool is not pool:  # Redis may have been bound anew
        with _lock:
            found = current_app.extensions["job_queue"] = JobQueue(Redis(connection_pool=pool))
    return found


def send(job_id: int) -> bool:
    """Tell the workers of the current app about a job; False when Redis does not take it now."""
    return queue().send(job_id)
