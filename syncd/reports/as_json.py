"""The plan as JSON: the machine's contract."""

from syncd.model.plan import Plan
from syncd.plan.codec import encode_plan


def as_json(plan: Plan) -> str:
    """The plan's own JSON, indented."""
    return encode_plan(plan)


REPORT = as_json
