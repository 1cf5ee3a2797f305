"""Reading policy.toml."""

import pytest

from syncd.config.policy import load_policy
from syncd.config.templates import policy_toml
from syncd.errors import ConfigError
from syncd.model.finding import Mode, Severity
from syncd.model.policy import RuleSettings
from syncd.model.rule import RuleSpec


class SubjectSettings(RuleSettings, frozen=True, kw_only=True):
    """Settings of the rule under test."""

    mode: Mode = Mode.AUTO
    allowed: tuple[str, ...] = ("Initial Call (ii)",)
    exempt: tuple[str, ...] = (r"^\[Outreach\]",)


RULES = {
    "call-subject": RuleSpec(
        id="call-subject",
        title="Calls are named",
        practices=("0.17",),
        severity=Severity.WARNING,
        needs=("salesforce",),
        check=lambda _view, _context: (),
        settings=SubjectSettings,
    )
}


def written(folder, text):
    """A policy file with this text."""
    path = folder / "policy.toml"
    path.write_text(text)
    return path


def test_no_file_means_the_defaults(tmp_path):
    """A team without a policy gets every rule's own default."""
    policy = load_policy(tmp_path / "policy.toml", RULES)
    assert policy.rules["call-subject"].mode is Mode.AUTO
    assert policy.defaults.since_days == 90
    assert policy.digest.startswith("sha256:")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[rule.x]", "rule: unknown section → did you mean 'rules'?"),
        ("[rules.call-subjet]", "did you mean 'call-subject'?"),
        ("[rules.call-subject]\nmode = 'always'", "rules.call-subject.mode"),
        ("[rules.call-subject]\nalowed = []", "did you mean 'allowed'?"),
        ("[rules.call-subject]\nsegment = 'smb'", "unknown segment 'smb'"),
        ("[rules.call-subject]\nexempt = ['(']", "not a regular expression"),
        ("[segments.a]\nstage = ['x']", "did you mean 'stages'?"),
        ("[defaults]\nsince_days = 500", "at most history_days"),
        ("[defaults]\ngrace_minutes = -1", "cannot be negative"),
        ("[association]\napply_at = 0.5", "thresholds are not in order"),
        ("[org]\ntimezone = 'Mars/Olympus'", "not a known time zone"),
        ("org = 3", "org: is not a table"),
    ],
)
def test_each_mistake_names_its_key_and_remedy(tmp_path, text, says):
    """A wrong policy is refused with the key at fault."""
    with pytest.raises(ConfigError) as caught:
        load_policy(written(tmp_path, text), RULES)
    assert says in str(caught.value)


def test_all_mistakes_come_at_once(tmp_path):
    """Three mistakes in three sections are three problems."""
    text = "[rulez]\n[defaults]\nsince_day = 1\n[rules.call-subject]\nmode = 3"
    with pytest.raises(ConfigError) as caught:
        load_policy(written(tmp_path, text), RULES)
    assert len(caught.value.problems) == 3


def test_the_digest_follows_the_meaning_not_the_text(tmp_path):
    """A comment does not change the digest; a mode does."""
    plain = load_policy(written(tmp_path, ""), RULES).digest
    commented = load_policy(written(tmp_path, "# hello\n"), RULES).digest
    moved = "[rules.call-subject]\nmode = 'review'"
    assert plain == commented
    assert plain != load_policy(written(tmp_path, moved), RULES).digest


def test_the_written_policy_says_the_defaults(tmp_path):
    """What init writes loads, and differs from the defaults in its example only."""
    path = written(tmp_path, policy_toml(RULES))
    policy = load_policy(path, RULES)
    assert policy.rules["call-subject"] == SubjectSettings()
    assert "first_order" in policy.segments
