"""``syncd check``."""

from typing import TYPE_CHECKING

import typer

from syncd.cli.exit_codes import ExitCode
from syncd.cli.options import AsJson

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncd.app import App
    from syncd.ports.connector import CheckItem, Connector


def check(context: typer.Context, *, as_json: AsJson = False) -> ExitCode:
    """Check log-ins, fields, clocks and budgets.

    Credentials, permissions, mapped fields, clock skew and call budgets: every
    problem at once, each with its remedy. After the first sync also our own e-mail
    domains and the integration users. Changes nothing.

    Examples: ``syncd check``, ``syncd check --json``
    """
    from syncd.cli.output import print_json, print_table  # noqa: PLC0415
    from syncd.ports.connector import Level  # noqa: PLC0415

    with context.obj.app() as app:
        items = [item for one in app.connectors.values() for item in _items(app, one)]
        items += _found_out(app)
    if as_json:
        print_json(items)
    else:
        print_table(
            ("system", "what", "", "says", "remedy"),
            [
                (
                    item.system,
                    item.name,
                    item.level.value,
                    item.says,
                    "" if item.level is Level.OK else item.remedy,
                )
                for item in items
            ],
        )
    problems = [item for item in items if item.level is Level.PROBLEM]
    if any(item.needs_credentials for item in problems):
        return ExitCode.CREDENTIALS
    return ExitCode.USAGE if problems else ExitCode.DONE


def _items(app: "App", connector: "Connector") -> "Iterator[CheckItem]":
    from syncd.ports.connector import Level  # noqa: PLC0415

    items = connector.check()
    yield from items
    if all(item.level is not Level.PROBLEM for item in items):
        yield from _field_items(app, connector)


def _found_out(app: "App") -> "Iterator[CheckItem]":
    """What the policy leaves to us: our own domains, and whose records nobody owns."""
    from syncd.ports.connector import CheckItem, Level  # noqa: PLC0415

    org = app.store.mirror.org(app.policy)
    if not org.users:
        return
    tools = sorted(
        user.username or user.name or user.id
        for user in org.users.values()
        if user.id in org.integration_user_ids
    )
    for name, key, found in (
        ("own domains", "email_domains", sorted(org.email_domains)),
        ("integration users", "integration_users", tools),
    ):
        by_hand = bool(getattr(app.policy.org, key))
        source = f"policy's org.{key}" if by_hand else "found out"
        yield CheckItem(
            system="salesforce",
            name=name,
            level=Level.OK,
            says=f"{', '.join(found) or 'none'} ({source})",
        )


def _field_items(app: "App", connector: "Connector") -> "Iterator[CheckItem]":
    """Mapped fields that the org lacks: required ones are problems."""
    from syncd.mapping.load import fit  # noqa: PLC0415
    from syncd.ports.connector import CheckItem, Level  # noqa: PLC0415

    for name in connector.objects():
        fields = connector.describe(name)
        if fields is None:
            continue
        fitted = fit(app.mappings.objects[(connector.system, name)], fields)
        for problem in fitted.problems:
            yield CheckItem(
                system=connector.system,
                name="mapped fields",
                level=Level.PROBLEM,
                says=f"{problem.where} {problem.what}",
                remedy=problem.remedy,
            )
        if fitted.unmapped:
            yield CheckItem(
                system=connector.system,
                name="mapped fields",
                level=Level.WARNING,
                says=f"{name} lacks {', '.join(fitted.unmapped)}",
                remedy="what needs them is not checked; map them, or leave it so",
            )


COMMAND = check
