"""``syncd evaluate``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from syncd.cli.options import AsJson

if TYPE_CHECKING:
    from syncd.evaluate.evaluation import Evaluation


def evaluate(
    context: typer.Context,
    labels: Annotated[
        Path,
        typer.Argument(
            metavar="LABELS.csv",
            help="activity_id,opportunity_id and optionally slices; an empty "
            "opportunity_id says that none fits.",
        ),
    ],
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Also write a page with plots."),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Measure the association on labelled activities.

    Precision, recall, coverage, calibration and cost, beside other tools' published
    rules. What an activity is related to today is hidden. Reads the mirror only.
    Changes nothing.

    Examples: ``syncd evaluate labels.csv``, ``syncd evaluate l.csv --html page.html``
    """
    from syncd import clock  # noqa: PLC0415
    from syncd.cli.output import print_json, progress_bars  # noqa: PLC0415
    from syncd.evaluate.baselines import BASELINES  # noqa: PLC0415
    from syncd.evaluate.evaluation import as_json as document  # noqa: PLC0415
    from syncd.evaluate.labels import read_labels  # noqa: PLC0415
    from syncd.pipeline.evaluate import (  # noqa: PLC0415
        EvaluationInputs,
        evaluate_labels,
    )

    _refuse_folder(html)
    found = read_labels(_text(labels), name=str(labels))
    with context.obj.app(connect=False) as app, progress_bars() as progress:
        inputs = EvaluationInputs(
            mirror=app.store.mirror,
            policy=app.policy,
            baselines=BASELINES,
            now=clock.now(),
            name=str(labels),
            progress=progress,
        )
        evaluation = evaluate_labels(found, inputs)
    if html is not None:
        _write(evaluation, html)
    if as_json:
        print_json(document(evaluation))
    else:
        _print(evaluation)


def _text(path: Path) -> str:
    from syncd.errors import Problem, UsageError  # noqa: PLC0415

    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        problem = Problem(
            where=str(path), what="is not UTF-8 text", remedy="save it as CSV in UTF-8"
        )
        raise UsageError(problem) from None


def _refuse_folder(html: Path | None) -> None:
    """A page that cannot be written is said before minutes of work."""
    from syncd.errors import Problem, UsageError  # noqa: PLC0415

    if html is not None and not html.absolute().parent.is_dir():
        raise UsageError(
            Problem(
                where=f"--html {html}",
                what="its folder is not there",
                remedy="create the folder, or name another one",
            )
        )


def _write(evaluation: "Evaluation", html: Path) -> None:
    import sys  # noqa: PLC0415

    from syncd.evaluate.baselines import BASELINES  # noqa: PLC0415
    from syncd.reports.evaluation import evaluation_page  # noqa: PLC0415

    html.write_text(evaluation_page(evaluation, BASELINES), encoding="utf-8")
    print(f"wrote {html}", file=sys.stderr)


def _print(evaluation: "Evaluation") -> None:
    from syncd.cli.output import print_table  # noqa: PLC0415
    from syncd.reports.evaluation_tables import tables_of  # noqa: PLC0415

    for table in tables_of(evaluation):
        print(table.title)
        print_table(table.headings, table.rows)


COMMAND = evaluate
