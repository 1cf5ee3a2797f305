"""``syncd demo``."""

import tempfile
import time
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from syncd.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from syncd.sandbox.run import RunningSandbox


def demo(
    keep: Annotated[
        Path | None,
        typer.Option("--keep", metavar="DIR", help="Keep files and reports here."),
    ] = None,
    accounts: Annotated[
        int, typer.Option(metavar="N", min=1, help="Size of the company.")
    ] = 60,
    *,
    serve: Annotated[
        bool, typer.Option("--serve", help="Leave the services running.")
    ] = False,
) -> ExitCode:
    """Show the whole job on a generated company. Writes to its services only.

    Needs no account anywhere and no network.

    Examples: ``syncd demo``, ``syncd demo --keep ./demo --serve``
    """
    from syncd.sandbox.run import start  # noqa: PLC0415

    folder = keep or Path(tempfile.mkdtemp(prefix="syncd-demo-"))
    with ExitStack() as stack:
        running = start(accounts=accounts)
        stack.callback(running.close)
        path = running.write_config(folder)
        code = _show(running, path)
        if serve:
            print(f"the services go on; try: syncd --config {path} status")
            print("stop with Ctrl-C")
            try:
                time.sleep(10**8)  # noqa: TID251 - a person ends it
            except KeyboardInterrupt:
                return code
    return code


def _show(running: "RunningSandbox", path: Path) -> ExitCode:
    from syncd.cli.outcomes import finish_run, print_polls  # noqa: PLC0415
    from syncd.cli.output import progress_bars  # noqa: PLC0415
    from syncd.config.load import load_config  # noqa: PLC0415
    from syncd.log import configure_logging  # noqa: PLC0415
    from syncd.pipeline.apply import Selection  # noqa: PLC0415
    from syncd.plugins import reports  # noqa: PLC0415
    from syncd.reports.as_text import as_summary  # noqa: PLC0415
    from syncd.wiring import open_app  # noqa: PLC0415

    configure_logging()
    config = load_config(path)
    print("1. the dry run: polls the services over HTTP and writes nothing\n")
    with open_app(config) as app, progress_bars() as progress:
        print_polls(app.poll(progress=progress))
        began = time.monotonic()
        plan = app.plan(progress=progress)
        took_s = time.monotonic() - began
    print(as_summary(plan))
    sent = sum(recorder.write_calls for recorder in running.recorders.values())
    print(f"planned in {took_s:.1f} s; write requests sent so far: {sent}")
    for form in ("html", "json", "markdown", "csv"):
        if form in reports():
            report = path.parent / f"report.{form}"
            report.write_text(reports()[form](plan), encoding="utf-8")
    print(f"the HTML report: {path.parent / 'report.html'}\n")

    print("2. applying the automatic changes\n")
    with open_app(config, may_write=True) as app, progress_bars() as progress:
        run = app.apply(plan, Selection())
        code = finish_run(run, as_json=False)
        sent = sum(recorder.write_calls for recorder in running.recorders.values())
        print(f"write requests sent: {sent}\n")
        print("3. a minute later: polling and planning once more\n")
        # A poll stays some seconds behind the server's clock, so our own writes are
        # seen by the next one.
        running.clock.advance(timedelta(minutes=1))
        app.poll(progress=progress)
        again = app.plan(progress=progress)
    auto = [change for change in again.changes if change.mode == "auto"]
    waiting = len(again.changes) - len(auto)
    print(f"{len(auto)} changes to apply, {waiting} wait for a person's review")
    return code if not auto else ExitCode.FAILURE


COMMAND = demo
