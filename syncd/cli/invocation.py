"""What every command starts from: the options before its name."""

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncd.app import App
    from syncd.config.load import Config


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """The options that stand before a command; everything heavy is opened late."""

    config_path: Path | None
    verbose: bool

    def config(self) -> "Config":
        """The validated configuration.

        Raises:
            ConfigError: Every problem found.
        """
        from syncd.config.load import config_path, load_config  # noqa: PLC0415
        from syncd.log import configure_logging  # noqa: PLC0415

        configure_logging(verbose=self.verbose)
        return load_config(config_path(self.config_path))

    @contextmanager
    def app(self, *, may_write: bool = False, connect: bool = True) -> "Iterator[App]":
        """Store and connectors, closed again at the end.

        Args:
            may_write: Without it every connector refuses what is not a read.
            connect: Without it only the store is opened, no secret is resolved.
        """
        from syncd.wiring import open_app  # noqa: PLC0415

        with open_app(self.config(), may_write=may_write, connect=connect) as app:
            yield app
