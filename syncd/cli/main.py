"""Builds the command line from ``syncd.cli.commands`` and turns errors into advice."""

import functools
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from syncd.cli.exit_codes import ExitCode, exit_code_of
from syncd.cli.invocation import Invocation
from syncd.errors import ConfigError, SyncdError
from syncd.plugins import modules

_HELP: Final = (
    "Uphold a sales team's practices for logging activities across Salesforce, "
    "Outreach, Google Calendar and Chorus. Nothing is written unless a command says so."
)


def build_app() -> typer.Typer:
    """The Typer application with every command found in ``syncd.cli.commands``."""
    app = typer.Typer(
        name="syncd",
        help=_HELP,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_top)
    for name, module in modules("syncd.cli.commands"):
        shown = name.rstrip("_").replace("_", "-")
        if isinstance(module.COMMAND, typer.Typer):
            app.add_typer(module.COMMAND, name=shown)
        else:
            app.command(name=shown)(_finishing(module.COMMAND))
    return app


def _top(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(help="Configuration file; else $SYNCD_CONFIG, else ./syncd.toml."),
    ] = None,
    *,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Log every step to stderr.")
    ] = False,
) -> None:
    context.obj = Invocation(config_path=config, verbose=verbose)


def _finishing(command: Callable[..., ExitCode | None]) -> Callable[..., None]:
    """A command that leaves with the exit code it returned."""

    @functools.wraps(command)
    def finish(*args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Typer's own
        code = command(*args, **kwargs)
        if code:
            raise typer.Exit(int(code))

    return finish


def run(arguments: Sequence[str]) -> int:
    """Run one command; the exit code, with the error (if any) said on stderr."""
    try:
        build_app()(args=list(arguments), standalone_mode=True)
    except SyncdError as error:
        say_error(error)
        return exit_code_of(error)
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else ExitCode.DONE
    return ExitCode.DONE


def say_error(error: SyncdError) -> None:
    """One line per problem: where, what, and the remedy."""
    if isinstance(error, ConfigError):
        count = len(error.problems)
        print(f"syncd: {count} problem{'s' * (count != 1)}", file=sys.stderr)
        for problem in error.problems:
            print(f"  {problem}", file=sys.stderr)
    else:
        print(f"syncd: {error}", file=sys.stderr)
