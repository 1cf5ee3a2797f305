"""What syncd related itself makes it no surer of anything else."""

from syncd.association.links import gather_links
from syncd.pipeline.judge import build_view
from tests.core.conftest import REP, ago

US = "005syncd"


def test_a_link_that_we_wrote_is_no_evidence(world):
    """Else a second plan would find what the first one's writes made certain."""
    world.contact("ann")
    world.opportunity()
    for number, editor in enumerate((REP, US)):
        world.task(
            f"t{number}",
            who_id="003ann",
            what_id="006deal",
            day=ago(days=number + 1).date(),
            modified_by_id=editor,
        )
    world.org["our_user_ids"] = frozenset({US})
    view = build_view(
        world.records(), org=world.context(), policy=world.rules(), now=world.now
    )
    links = gather_links(view)
    assert [link.ref.id for link in links.of_contact["003ann"].links] == ["00Tt0"]
