"""docs/cli.md lists the options that exist, and none that does not."""

import re
from pathlib import Path

import pytest
import typer

from syncd.cli.main import build_app

PAGE = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()
SCOPE = {"--opportunity", "--account", "--owner", "--since"}
EVERYWHERE = {"--help", "--json"}


def commands():
    """Every command by its full name, with its options as they are typed."""
    root = typer.main.get_command(build_app())
    found = {}
    for name, command in root.commands.items():
        inner = getattr(command, "commands", None)
        for part, one in (inner or {"": command}).items():
            found[f"{name} {part}".strip()] = {
                option
                for parameter in one.params
                for option in parameter.opts
                if option.startswith("--")
            }
    return found


def documented():
    """Options by command, as the first cell of the page's table says."""
    found = {}
    for cell in re.findall(r"^\| `syncd ([^`]+)` \|", PAGE, re.MULTILINE):
        name = re.match(r"[a-z]+(?: [a-z]+)*", cell).group()
        options = set(re.findall(r"--[a-z-]+", cell))
        if "-o FILE" in cell:
            options.add("--output")
        if "[SCOPE]" in cell:
            options |= SCOPE
        found[name] = options
    return found


@pytest.mark.parametrize("name", sorted(commands()))
def test_the_page_lists_what_a_command_takes(name):
    """An option is on the page if and only if the command has it."""
    listed = documented().get(name)
    assert listed is not None, f"docs/cli.md has no row for syncd {name}"
    assert listed - EVERYWHERE == commands()[name] - EVERYWHERE


def test_the_page_lists_no_command_that_is_not_there():
    """A removed command leaves the page too."""
    assert set(documented()) - set(commands()) == set()


READERS = sorted(set(commands()) - {"demo", "init", "run", "sandbox"})


@pytest.mark.parametrize("name", READERS)
def test_every_command_that_reads_can_print_json(name):
    """Scripts need no table."""
    assert "--json" in commands()[name]


@pytest.mark.parametrize("name", sorted(commands()))
def test_help_has_one_clear_line_and_examples(name):
    """The first line fits the list of commands; examples are commands."""
    root = typer.main.get_command(build_app())
    command = root
    for part in name.split():
        command = command.commands[part]
    first = command.help.splitlines()[0].split(". ")[0].rstrip(".")
    assert 10 < len(first) <= 60
    assert "``" not in command.help
    examples = command.help.partition("Examples:\n")[2].splitlines()
    assert examples
    assert all("syncd " in one for one in examples)
