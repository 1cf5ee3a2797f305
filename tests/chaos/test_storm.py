"""A small storm on each database; ``make chaos`` blows the full one."""

from cryptography.fernet import Fernet

from tests.chaos.storm import Storm, Weather


def test_every_change_comes_about_exactly_once(store_url, tmp_path):
    """Killed processes and lost answers double nothing and lose nothing."""
    environment = {
        "SYNCD_STORE__URL": store_url,
        "SYNCD_STORE__ENCRYPTION_KEY": "env:KEY_OF_STORE",
        "KEY_OF_STORE": Fernet.generate_key().decode(),
    }
    weather = Weather(accounts=8, changes=60, kills=4, trouble=0.15, seed=5)
    figures = Storm(weather, tmp_path, environment=environment).blow()
    assert (figures.verdict.doubled, figures.verdict.lost) == ([], [])
    assert figures.missed(weather) == []
