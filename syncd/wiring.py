"""The composition root: the one place that picks real adapters."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

from syncd import clock, plugins
from syncd.app import App
from syncd.config.load import Config
from syncd.config.policy import load_policy
from syncd.db.damage import refuse_damaged_pages
from syncd.errors import AuthError, ConfigError, GuardError, Problem
from syncd.kit.session import GuardedSession, build_session
from syncd.mapping.load import load_mappings
from syncd.ports.connector import Connector, ConnectorContext, ConnectorSpec
from syncd.store import open_store

_T = TypeVar("_T")


class _Problems:
    """Runs several loaders and gathers the problems of all of them."""

    def __init__(self) -> None:
        self.found: list[Problem] = []

    def load(self, loader: Callable[[], _T]) -> _T | None:
        """The loaded value; None when it has problems."""
        try:
            return loader()
        except ConfigError as error:
            self.found.extend(error.problems)
            return None

    def check(self) -> None:
        """Raise everything found so far."""
        if self.found:
            raise ConfigError(self.found)


@contextmanager
def open_app(
    config: Config, *, may_write: bool = False, connect: bool = True
) -> Iterator[App]:
    """Open the store and, unless told otherwise, the connectors.

    Args:
        config: A valid configuration.
        may_write: Let sessions send writes; without it a dry run is dry whatever
            the code above does.
        connect: Resolve the connectors' secrets and build them.

    Raises:
        ConfigError: Every problem of policy, mappings and secrets at once.
        StoreError: The store cannot be opened.
    """
    problems = _Problems()
    rules = plugins.rules()
    policy = problems.load(lambda: load_policy(config.policy_path, rules))
    mappings = problems.load(lambda: load_mappings(config.mappings_path))
    key = problems.load(
        lambda: config.secret(
            config.settings.store.encryption_key, key="store.encryption_key"
        )
    )
    wanted = config.configured if connect else ()
    sections = {
        system: problems.load(partial(config.connector_settings, system))
        for system in wanted
    }
    problems.check()
    if policy is None or mappings is None:
        message = "a loader gave neither a value nor a problem"
        raise RuntimeError(message)
    with ExitStack() as stack:
        store = open_store(
            config.store_url, base=config.base, encryption_key=key or None
        )
        stack.callback(store.close)
        if may_write:
            refuse_damaged_pages(store.engine)
        connectors: dict[str, Connector] = {}
        sessions: dict[str, GuardedSession] = {}
        for system, settings in sections.items():
            spec = plugins.connectors()[system]
            session = _session(spec, config=config, may_write=may_write)
            stack.callback(session.close)
            context = ConnectorContext(
                settings=settings or {},
                session=session,
                vault=store.vault,
                now=clock.now,
            )
            built = problems.load(partial(_built, spec, context, path=config.path))
            if built is not None:
                stack.callback(built.close)
                connectors[system] = built
                sessions[system] = session
        problems.check()
        yield App(
            config=config,
            policy=policy,
            rules=rules,
            mappings=mappings,
            store=store,
            may_write=may_write,
            connectors=connectors,
            sessions=sessions,
        )


def _built(spec: ConnectorSpec, context: ConnectorContext, *, path: Path) -> Connector:
    """The connector.

    Raises:
        ConfigError: A secret is not of the kind that it must be.
    """
    try:
        return spec.build(context)
    except AuthError as error:
        problem = Problem(
            where=f"{path}: {spec.system}",
            what=f"{error.code}: {error.detail}" if error.detail else error.code,
            remedy=f"see docs/connectors/{spec.system}.md",
        )
        raise ConfigError([problem]) from None


def _session(spec: ConnectorSpec, *, config: Config, may_write: bool) -> GuardedSession:
    def refuse_when_stopped() -> None:
        if config.stop_path.exists():
            raise GuardError(
                Problem(
                    where=str(config.stop_path),
                    what="the stop file forbids every write",
                    remedy="read why it is there, then remove it",
                )
            )

    return build_session(
        spec.system,
        reads=spec.reads,
        dry_run=not may_write,
        before_write=refuse_when_stopped,
    )
