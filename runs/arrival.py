"""How a worker receives our messages."""

from typing import Any

from celery.worker.request import Request


class AckOnArrival(Request):
    """Acknowledges its message when it arrives, not when a pool process is free to look at it.

    Every message only says "look", and the beat says it again. A message that waited unacknowledged behind long runs
    would be delivered once more by Redis after an hour, and would make RabbitMQ close the channel after half an hour.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.acknowledge()
