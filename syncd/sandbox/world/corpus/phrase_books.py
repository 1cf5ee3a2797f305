"""The ways people and tools of an org put things, one book for each habit of speech."""

from functools import cache
from importlib.resources import files

import msgspec

from syncd.sandbox.world.corpus.knobs import WorldKnobs

Phrases = tuple[str, ...]


class Lines(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What can be said of one matter, by matter.

    Attributes:
        new: Of a first deal; may use ``{word}``, ``{product}``, ``{n}``.
        renewal: Of a renewal; likewise, and ``{due}``, the month the contract ends.
        more: Of an add-on; likewise.
        site: Of a deal for a ``{site}``.
        stages: Of what a stage of a deal is about, by the stage's name.
        care: Of using what was bought.
        trouble: Of something that does not work.
        vague: Of anything.
        other: In passing, of another deal, called ``{other}``.
    """

    new: Phrases
    renewal: Phrases
    more: Phrases
    site: Phrases = ()
    stages: dict[str, Phrases]
    care: Phrases
    trouble: Phrases
    vague: Phrases
    other: Phrases


class PhraseBook(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Frames of texts and the phrases that fill them.

    A frame says where ``{topic}``, what the text is about, stands; all phrases may use
    ``{person}`` (a guest), ``{host}``, ``{colleague}``, ``{firm}``, ``{day}``,
    ``{month}``; frames ``{chat}`` and ``{next}``, too.

    Attributes:
        agendas: Frames of an invitation's description.
        notes: Frames of a host's note on a meeting.
        calls: Frames of a note on a call.
        summaries: Frames of a recorder's summary.
        missed: Whole notes on meetings that did not take place.
        points: What agendas speak of.
        said: What notes and summaries speak of.
        chat: Small talk and ordinary remarks.
        elsewhere: Talk of a ``{product}`` that nobody sells there.
        next: How it goes on.
        actions: Action items that fit everything.
        actions_on: Action items of a deal, called ``{word}``.
        trackers: Names of trackers that fit everything.
        trackers_on: Names of trackers by ``new``, ``renewal`` and ``more``.
    """

    agendas: Phrases
    notes: Phrases
    calls: Phrases
    summaries: Phrases
    missed: Phrases
    points: Lines
    said: Lines
    chat: Phrases
    elsewhere: Phrases
    next: Phrases
    actions: Phrases
    actions_on: Phrases
    trackers: Phrases
    trackers_on: dict[str, Phrases]


def book_of(knobs: WorldKnobs) -> PhraseBook:
    """The book of a world: of its grammar, or of the second generator."""
    return _load("sellers" if knobs.generator == "sellers" else knobs.grammar)


@cache
def _load(name: str) -> PhraseBook:
    text = files(__package__).joinpath("phrases", f"{name}.toml").read_bytes()
    return msgspec.toml.decode(text, type=PhraseBook)
