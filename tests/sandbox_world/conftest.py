"""Worlds of a few accounts, told once for all tests that only look."""

from datetime import UTC, datetime
from functools import cache

import pytest

from syncd.sandbox.world.corpus.build import generate_world
from syncd.sandbox.world.corpus.knobs import WorldKnobs

NOW = datetime(2026, 11, 2, 15, tzinfo=UTC)


@cache
def _told(knobs, seed, accounts):
    return generate_world(knobs, seed=seed, accounts=accounts, now=NOW)


@pytest.fixture(params=["deals", "sellers"])
def generator(request):
    """Each of the two generators."""
    return request.param


@pytest.fixture
def tell(generator):
    """Tells a world by this generator; what is told must not be changed."""

    def told(*, seed=1, accounts=14, **knobs):
        return _told(WorldKnobs(generator=generator, **knobs), seed, accounts)

    return told
