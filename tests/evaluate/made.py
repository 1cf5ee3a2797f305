"""Labelled activities as tests put them together."""

from syncd.evaluate.answers import NO_ANSWER, Answer, Judged, Target

DEAL = Target("006deal", "001acme")
SISTER = Target("006sister", "001acme")
FOREIGN = Target("006foreign", "001else")
CASE = Target("500case", "001acme")


def links_to(target, probability=0.99):
    """An answer that links."""
    return Answer(links=(target,), likeliest=target, probability=probability)


def proposes(target, probability=0.8):
    """An answer that asks a person."""
    return Answer(proposed=target, likeliest=target, probability=probability)


def hesitates(target, probability=0.4):
    """An answer that does nothing about its first candidate."""
    return Answer(likeliest=target, probability=probability)


def judged(number, truth=DEAL, answer=NO_ANSWER, *, block="001acme", **baselines):
    """One labelled activity of Acme's people."""
    return Judged(
        activity_id=f"00T{number:04}",
        truth=truth,
        block=block,
        peoples_accounts=frozenset({"001acme"}),
        slices=frozenset(),
        answer=answer,
        baselines=baselines,
    )


def every_block_once(blocks):
    """A bootstrap whose only resample is the sample itself."""
    return [list(range(blocks))]
