"""Another syncd on the same store: an operator's own command beside the service."""

from syncd.config.load import Config
from syncd.errors import SyncdError
from syncd.pipeline.apply import Selection
from syncd.wiring import open_app
from tests.simulation.wire import Wire


def reconcile(config: Config, wire: Wire) -> str:
    """What ``syncd reconcile`` does; what came of it, in a few words.

    One system after the other, because threads would not follow the seed.
    """
    try:
        with open_app(config, may_write=True) as app:
            wire.carry(app)
            for system in sorted(app.connectors):
                app.poll(only=system)
            run = app.apply(app.plan(), Selection(), kind="reconcile")
    except SyncdError as error:
        return f"{type(error).__name__} {error}"
    return f"{len(run.items)} changes"
