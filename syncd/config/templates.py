"""The commented files that ``syncd init`` writes: every key, its default, a comment."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final

import msgspec

from syncd.model.policy import AssociationPolicy, Defaults, OrgPolicy, RuleSettings
from syncd.model.rule import RuleSpec

_COMMENTS: Final[Mapping[str, str]] = {
    "org.email_domains": "own people; empty = the domains of active Salesforce users",
    "org.integration_users": "usernames or e-mails; empty = found out, see `check`",
    "org.free_mail": "added to the shipped list",
    "org.timezone": "when a user has none of their own",
    "defaults.since_days": "how far back activities are judged",
    "defaults.history_days": "how far back activities are loaded at all",
    "defaults.grace_minutes": "after an interaction, before anything is called missing",
    "defaults.settle_minutes": "lets Outreach and Chorus finish their own writes",
    "defaults.tombstone_days": "what was taken back stays so; 0 = until it is cleared",
    "association.apply_at": "link unattended from this probability",
    "association.propose_at": "propose from this probability",
    "association.margin": "lead over the runner-up that a link needs",
    "rules.contact-on-outreach-opportunity.plugin_copies_roles": (
        "true or false; without it what this org's history shows"
    ),
}

_SEGMENTS: Final = """\
# Named filters that rules refer to by `segment`; keys are and-ed, all optional:
# opportunity_types, stages, record_types, user_titles, user_roles, profiles, owners
[segments.first_order]
opportunity_types = ["New Business"]
user_titles = ["Account Executive"]
"""


def syncd_toml() -> str:
    """The text of a fresh syncd.toml."""
    return (files("syncd.config") / "template_syncd.toml").read_text(encoding="utf-8")


def policy_toml(rules: Mapping[str, RuleSpec]) -> str:
    """The text of a fresh policy.toml, with every rule's own settings."""
    head = (
        "# What this team upholds. Every key stands here with its default.\n"
        "# A rule's mode: auto (mended unattended), review (a person accepts each\n"
        "# change), report (shown only), off.\n"
    )
    parts = [
        head,
        _section("org", OrgPolicy()),
        _SEGMENTS,
        _section("defaults", Defaults()),
        _section("association", AssociationPolicy()),
        *(_rule(rule) for rule in rules.values()),
    ]
    return "\n".join(parts)


def _rule(rule: RuleSpec) -> str:
    upholds = ", ".join(rule.practices)
    settings: RuleSettings = rule.settings()
    return f"# {rule.title} ({upholds})\n" + _section(f"rules.{rule.id}", settings)


def _section(name: str, value: msgspec.Struct) -> str:
    lines = [f"[{name}]"]
    for key, default in msgspec.to_builtins(value).items():
        comment = _COMMENTS.get(f"{name}.{key}", "")
        shown = f'# {key} = "…"' if default is None else f"{key} = {_toml(default)}"
        lines.append(f"{shown}  # {comment}" if comment else shown)
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:  # noqa: ANN401 - any TOML value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f"'{value}'" if "\\" in value else f'"{value}"'
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return str(value)
