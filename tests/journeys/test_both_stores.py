"""One company, two databases, one plan."""

from cryptography.fernet import Fernet

from syncd.config.load import load_config
from syncd.sandbox.run import start
from syncd.wiring import open_app


def test_both_stores_give_the_same_digest(tmp_path, store_url, monkeypatch):
    """The plan does not depend on where the mirror is kept.

    Runs twice: SQLite beside SQLite, and SQLite beside PostgreSQL.
    """
    running = start(accounts=8, seed=6)
    path = running.write_config(tmp_path / "conf")
    digests = []
    with open_app(load_config(path)) as app:
        app.poll()
        digests.append(app.plan().digest)
    monkeypatch.setenv("SYNCD_STORE__URL", store_url)
    monkeypatch.setenv("KEY_OF_STORE", Fernet.generate_key().decode())
    monkeypatch.setenv("SYNCD_STORE__ENCRYPTION_KEY", "env:KEY_OF_STORE")
    # The other store has no token yet, and grants are one a minute.
    running.outreach.control("expire_tokens", {})
    settings = running.outreach.settings(running.urls["outreach"])
    (path.parent / "outreach_refresh_token").write_text(settings["refresh_token"])
    with open_app(load_config(path)) as app:
        app.poll()
        plan = app.plan()
        digests.append(plan.digest)
        assert plan.changes
    running.close()
    assert digests[0] == digests[1]
