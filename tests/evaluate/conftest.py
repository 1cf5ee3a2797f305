"""The builder of small worlds that the tests of the core share."""

import pytest

from tests.core.conftest import World


@pytest.fixture
def world():
    """An empty account with one of our own people."""
    made = World()
    made.user()
    return made
