"""Structured logs on stderr: JSON unless a terminal; never values, tokens or bodies."""

import logging
import sys

import structlog

from syncd.redact import redact_event


def configure_logging(*, verbose: bool = False) -> None:
    """Set up structlog and route the libraries' own logs through it.

    Quiet by default: warnings and worse; ``verbose`` shows every step.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        redact_event,
    ]
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer()
        if sys.stderr.isatty()
        else structlog.processors.JSONRenderer()
    )
    level = logging.INFO if verbose else logging.WARNING
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # These two log request addresses, which carry query strings.
    for name in ("urllib3", "requests"):
        logging.getLogger(name).setLevel(logging.ERROR)
