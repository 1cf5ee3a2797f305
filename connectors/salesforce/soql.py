"""Values in SOQL, quoted by simple-salesforce."""


def quoted(template: str, *values: object) -> str:
    """A condition with values in the place of each ``{}``."""
    # Late: the package takes a fifth of a second to import.
    from simple_salesforce.format import format_soql  # noqa: PLC0415

    return str(format_soql(template, *values))
