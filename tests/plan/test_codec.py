"""Plans from their JSON: another version is named before anything else is judged."""

import pytest

from syncd.errors import UsageError
from syncd.plan.codec import decode_plan


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"schema": "syncd.plan/9"}', "has schema 'syncd.plan/9'"),
        ('{"schema": "syncd.plan/9", "plan_id": 7}', "has schema 'syncd.plan/9'"),
        ('{"schema": "syncd.plan/1"}', "is not a plan"),
        ("{}", "is not a plan"),
        ("[]", "is not a plan"),
        ("<html>", "is not a plan"),
        ("", "is not a plan"),
    ],
)
def test_what_is_no_plan_of_this_version_is_refused_with_its_file(text, says):
    """The message names the file and what is wrong with it."""
    with pytest.raises(UsageError) as caught:
        decode_plan(text, where="plan.json")
    problem = caught.value.problem
    assert problem.where == "plan.json"
    assert says in problem.what
