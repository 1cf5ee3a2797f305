"""Reading syncd.toml."""

from pathlib import Path

import pytest

from syncd.config.load import load_config
from syncd.config.templates import syncd_toml
from syncd.errors import ConfigError


def written(folder: Path, text: str) -> Path:
    """A configuration file with this text."""
    path = folder / "syncd.toml"
    path.write_text(text)
    return path


def problems_of(path: Path) -> list[str]:
    """What loading this file complains about."""
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    return [str(problem) for problem in caught.value.problems]


def test_five_mistakes_are_five_problems_with_key_and_remedy(tmp_path):
    """Every mistake of a file is reported in one go."""
    path = written(
        tmp_path,
        """
        mod = "apply"
        [salesforce]
        login_url = "http://acme.my.salesforce.com"
        auth = "client_credentials"
        client_id = "env:ID"
        client_secret = "s3cr3t-literal"
        [outreach]
        client_id = "env:ID"
        refresh_token = "env:RT"
        [limits]
        max_share = 7
        """,
    )
    problems = problems_of(path)
    assert len(problems) == 5
    text = "\n".join(problems)
    for key in (
        "mod: unknown key → did you mean 'mode'?",
        "salesforce.login_url: plain http",
        "salesforce.client_secret: a secret must not stand here",
        "outreach.client_secret: is missing",
        "limits.max_share",
    ):
        assert key in text
    assert "s3cr3t" not in text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = [", "syncd.toml"),
        ("[store]\nurl = 'mysql://x'", "url must start with"),
        ("[store]\nurl = 'postgresql+psycopg://x'", "encryption_key is required"),
        ("[web]\nlisten = '0.0.0.0:80'", "token is required"),
        ("[salesforce]\nlogin_url='https://a.b'\nclient_id='x'", "needs username"),
        (
            """[salesforce]
            login_url = 'https://login.salesforce.com'
            client_id = 'x'
            auth = 'client_credentials'
            client_secret = 'env:S'""",
            "your My Domain",
        ),
        ("[caldav]\nurl='https://dav.example.com'", "no CalDAV connector"),
        ("[chorus]\ntoken='env:T'\nbase_url='ftp://x'", "is not an http(s) address"),
    ],
)
def test_a_wrong_file_says_what_is_wrong(tmp_path, text, says):
    """Each kind of mistake has a message of its own."""
    assert says in "\n".join(problems_of(written(tmp_path, text)))


def test_a_missing_file_names_the_remedy(tmp_path):
    """Without a configuration the way to one is said."""
    assert "syncd init" in problems_of(tmp_path / "syncd.toml")[0]


@pytest.mark.parametrize("host", ["127.0.0.1:1234", "localhost:8080", "[::1]:9"])
def test_plain_http_is_accepted_for_this_machine(tmp_path, host):
    """A loopback address may be plain http."""
    text = f"[chorus]\ntoken='env:T'\nbase_url='http://{host}/'"
    config = load_config(written(tmp_path, text))
    assert config.settings.chorus.base_url == f"http://{host}"


def test_the_environment_wins_over_the_file(tmp_path, monkeypatch):
    """Every key can be overridden, sections that the file lacks included."""
    monkeypatch.setenv("SYNCD_MODE", "apply")
    monkeypatch.setenv("SYNCD_LIMITS__MAX_CHANGES", "7")
    monkeypatch.setenv("SYNCD_CHORUS__TOKEN", "env:X")
    settings = load_config(written(tmp_path, "mode = 'dry-run'")).settings
    assert settings.mode == "apply"
    assert settings.limits.max_changes == 7
    assert settings.chorus is not None


def test_a_misspelt_variable_is_a_problem(tmp_path, monkeypatch):
    """An override that overrides nothing is not ignored."""
    monkeypatch.setenv("SYNCD_STORE__ULR", "sqlite:///x.db")
    assert "$SYNCD_STORE__ULR" in problems_of(written(tmp_path, ""))[0]


def test_paths_start_from_the_configuration_file(tmp_path):
    """The SQLite file, policy, mappings and stop file lie beside the configuration."""
    config = load_config(written(tmp_path, ""))
    assert config.store_url == f"sqlite:///{tmp_path}/syncd.db"
    assert config.policy_path == tmp_path / "policy.toml"
    assert config.stop_path == tmp_path / "syncd.stop"


def test_secrets_are_resolved_late_and_all_at_once(tmp_path, monkeypatch):
    """Every reference that leads nowhere is named, none of the others is lost."""
    (tmp_path / "id").write_text("the-id\n")
    (tmp_path / "id").chmod(0o600)
    (tmp_path / "open").write_text("x")
    (tmp_path / "open").chmod(0o644)
    monkeypatch.delenv("NOT_SET", raising=False)
    path = written(
        tmp_path,
        "[outreach]\nclient_id='file:id'\nclient_secret='file:open'\n"
        "refresh_token='env:NOT_SET'",
    )
    config = load_config(path)
    with pytest.raises(ConfigError) as caught:
        config.connector_settings("outreach")
    text = str(caught.value)
    assert "NOT_SET is not set" in text
    assert "can be read by other users" in text
    (tmp_path / "open").chmod(0o600)
    monkeypatch.setenv("NOT_SET", "token")
    values = load_config(path).connector_settings("outreach")
    assert values["client_id"] == "the-id"
    assert values["refresh_token"] == "token"


def test_the_template_is_a_valid_configuration_with_every_key(tmp_path):
    """What init writes loads as it is and names every key there is."""
    config = load_config(written(tmp_path, syncd_toml()))
    dumped = config.settings.model_dump()
    text = syncd_toml()
    for name, value in dumped.items():
        keys = [name] if not isinstance(value, dict) else [f"[{name}]", *value]
        for key in keys:
            assert key in text, f"{name}.{key} is not in the template"


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("SYNCD_LIMITS", "abc", "names a whole section → name a key of it"),
        ("SYNCD_STORE", "{}", "names a whole section"),
        ("SYNCD_GOOGLE_CALENDAR__USERS", "a@b.example", "is not a list → write it as"),
        ("SYNCD_GOOGLE_CALENDAR__USERS", '{"a": 1}', "is not a list"),
        ("SYNCD_MOD", "apply", "did you mean SYNCD_MODE?"),
        ("SYNCD_STOPFILE", "x", "did you mean SYNCD_STOP_FILE?"),
        ("SYNCD_CHORUS__TOKEN", "literal", "a secret must not stand here"),
        ("SYNCD_LIMITS__MAX_CHANGE", "3", "did you mean 'max_changes'?"),
        ("SYNCD_MODE", "bogus", "Input should be 'dry-run' or 'apply'"),
    ],
)
def test_a_variable_that_cannot_be_meant_is_one_problem(
    tmp_path, monkeypatch, variable, value, says
):
    """It is named once, with advice; its value is not quoted."""
    path = written(tmp_path, "[chorus]\ntoken = 'env:T'\n")
    monkeypatch.setenv(variable, value)
    (problem,) = problems_of(path)
    assert problem.startswith(f"${variable}: ")
    assert says in problem


def test_other_variables_with_our_prefix_are_nobody_s_business(tmp_path, monkeypatch):
    """A secret's variable may begin with SYNCD_ too."""
    monkeypatch.setenv("SYNCD_WEB_TOKEN", "t")
    monkeypatch.setenv("SYNCD_SCHEMAS", "/somewhere")
    assert load_config(written(tmp_path, "")).settings.mode == "dry-run"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://bob:hunter2@db/syncd",
        "postgresql+psycopg://bob@db/syncd?password=hunter2",
    ],
)
def test_a_password_in_the_store_s_address_is_refused_in_the_file_only(
    tmp_path, monkeypatch, url
):
    """The file is kept in version control; the environment is not."""
    path = written(tmp_path, f"[store]\nurl = '{url}'\nencryption_key = 'env:K'\n")
    (problem,) = problems_of(path)
    assert "store.url: a password must not stand here" in problem
    assert "hunter2" not in problem
    path = written(tmp_path, "[store]\nencryption_key = 'env:K'\n")
    monkeypatch.setenv("SYNCD_STORE__URL", url)
    assert load_config(path).store_url == url
