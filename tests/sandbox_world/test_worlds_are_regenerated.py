"""Anyone who runs a generator again has the same world."""

import os
import subprocess
import sys

import pytest

from syncd.sandbox.world.corpus.build import generate_world, write_labels
from syncd.sandbox.world.corpus.knobs import WorldKnobs
from tests.sandbox_world.conftest import NOW

_DIGEST = """
import hashlib, json
from datetime import UTC, datetime
from syncd.sandbox.world.corpus.build import generate_world
from syncd.sandbox.world.corpus.knobs import WorldKnobs
company = generate_world(
    WorldKnobs(generator={generator!r}),
    seed=5, accounts=6, now=datetime(2026, 11, 2, 15, tzinfo=UTC),
)
slices = {{key: sorted(names) for key, names in company.slices.items()}}
everything = [
    company.salesforce, company.outreach, company.calendars, company.engagements,
    company.truth, company.same, slices,
]
print(hashlib.sha256(json.dumps(everything).encode()).hexdigest())
"""


@pytest.mark.parametrize("generator", ["deals", "sellers"])
def test_a_seed_gives_the_same_rows_in_every_process(generator):
    """Neither the order of sets nor anything else of a process shows in a world."""
    code = _DIGEST.format(generator=generator)
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1


def test_another_seed_gives_another_world(tell):
    """A seed is more than a name."""
    one, other = tell(seed=1, accounts=6), tell(seed=2, accounts=6)
    assert one.truth != other.truth


def test_the_labels_are_what_evaluate_reads(tell, tmp_path):
    """A row per activity: its id and the right target, empty where there is none."""
    company = tell(accounts=6)
    write_labels(company, tmp_path / "labels.csv")
    head, *rows = (tmp_path / "labels.csv").read_text().splitlines()
    assert head == "activity_id,opportunity_id"
    assert rows == [f"{key},{value or ''}" for key, value in company.truth.items()]


def test_the_demo_company_is_not_touched_by_a_world():
    """Both are made side by side: a world takes nothing from the usual company."""
    from syncd.sandbox.world.company import generate

    before = generate(seed=3, accounts=2, now=NOW)
    generate_world(WorldKnobs(), seed=3, accounts=2, now=NOW)
    assert generate(seed=3, accounts=2, now=NOW).salesforce == before.salesforce
