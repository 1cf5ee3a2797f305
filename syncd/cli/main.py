"""Builds the command line from ``syncd.cli.commands`` and turns errors into advice."""

import functools
import inspect
import re
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from syncd.cli.exit_codes import ExitCode, exit_code_of
from syncd.cli.invocation import Invocation
from syncd.errors import ConfigError, SyncdError
from syncd.plugins import modules
from syncd.redact import redact_text

_HELP: Final = (
    "Uphold a sales team's practices for logging activities across Salesforce, "
    "Outreach, Google Calendar and Chorus. Nothing is written unless a command says so."
)


class _Alphabetical(TyperGroup):
    """Commands by name, groups of commands among them."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        return sorted(super().list_commands(ctx))


def build_app() -> typer.Typer:
    """The Typer application with every command found in ``syncd.cli.commands``."""
    app = typer.Typer(
        name="syncd",
        cls=_Alphabetical,
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
            for one in module.COMMAND.registered_commands:
                one.help = help_text(one.callback)
            app.add_typer(module.COMMAND, name=shown)
        else:
            text = help_text(module.COMMAND)
            app.command(name=shown, help=text)(_finishing(module.COMMAND))
    return app


def help_text(command: Callable[..., Any] | None) -> str:
    """A command's docstring for a terminal: no mark-up, one example per line."""
    text, _, examples = inspect.cleandoc(command.__doc__ or "").partition("Examples: ")
    shown = text.replace("``", "").strip()
    if not examples:
        return shown
    lines = "\n".join(f"  {one}" for one in re.findall(r"``([^`]+)``", examples))
    return f"{shown}\n\n\b\nExamples:\n{lines}"


def _top(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Configuration file; else $SYNCD_CONFIG, else ./syncd.toml.",
        ),
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
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else ExitCode.DONE
    except Exception as error:  # noqa: BLE001 - the last place before the user
        return _code_of(error, verbose=bool({"-v", "--verbose"} & set(arguments)))
    return ExitCode.DONE


def _code_of(error: Exception, *, verbose: bool) -> ExitCode:
    """Say what went wrong; the exit code for it."""
    if isinstance(error, SyncdError):
        say_error(error)
        return exit_code_of(error)
    if isinstance(error, OSError) and error.filename is not None:
        print(f"syncd: {error.filename}: {error.strerror}", file=sys.stderr)
        return ExitCode.USAGE
    _say_unexpected(error)
    if verbose:
        told = "".join(traceback.format_exception(error))
        print(redact_text(told), file=sys.stderr)
    return ExitCode.FAILURE


def _say_unexpected(error: Exception) -> None:
    """Say where an unforeseen error arose; not its message, it may quote a record."""
    ours = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if {"syncd", "connectors"} & set(Path(frame.filename).parts[-4:])
    ]
    at = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "the start"
    print(
        f"syncd: unexpected {type(error).__name__} at {at} → this is a fault of syncd; "
        "report it with what `syncd --verbose …` prints",
        file=sys.stderr,
    )


def say_error(error: SyncdError) -> None:
    """One line per problem: where, what, and the remedy."""
    if isinstance(error, ConfigError):
        count = len(error.problems)
        print(f"syncd: {count} problem{'s' * (count != 1)}", file=sys.stderr)
        for problem in error.problems:
            print(f"  {problem}", file=sys.stderr)
    else:
        print(f"syncd: {error}", file=sys.stderr)
