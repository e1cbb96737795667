"""How a log line looks: JSON for machines, colours for a developer."""

from typing import Any

import structlog


def line_formatter(*, colours: bool = False) -> structlog.stdlib.ProcessorFormatter:
    """Build the one formatter that Django, Celery and our own loggers share."""
    renderer = structlog.dev.ConsoleRenderer() if colours else structlog.processors.JSONRenderer(ensure_ascii=False)
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )
