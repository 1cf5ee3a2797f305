"""What must hold in a hard case, in sentences, each checked against the product."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from syncd.model.association import Association, Decision
from syncd.model.interaction import STRONG_KEYS, Interaction, Participant, Side
from syncd.model.policy import OrgPolicy, Policy
from syncd.model.view import AccountView
from syncd.pipeline.judge import build_view
from tests.association.lines import NOW
from tests.association.words import Words


@dataclass
class Scene:
    """One case's records and what the product makes of them."""

    words: Words
    view: AccountView

    def interactions(self, key: str) -> list[Interaction]:
        """Interactions of the records with this key, each once."""
        ids = self.words.refs[key]
        found = {
            i.key: i for i in self.view.interactions if {r.id for r in i.refs} & {*ids}
        }
        return list(found.values())

    def interaction(self, key: str) -> Interaction:
        """The one interaction of this key's records."""
        (found,) = self.interactions(key)
        return found

    def answer(self, key: str) -> Association:
        """The association of this key's interaction."""
        return self.view.associations[self.interaction(key).key]

    def person(self, name: str, key: str) -> Participant | None:
        """A participant by address or name, else the one that a contact's key names."""
        wanted = self.words.mails.get(name, name).casefold()
        people = self.interaction(key).participants
        said = [
            p
            for p in people
            if wanted in {(p.email or "").casefold(), (p.name or "").casefold()}
        ]
        meant = [p for p in people if f"003{name}" in p.contact_ids]
        return next(iter(said or meant), None)


def set_up(records: str) -> Scene:
    """Read the records and let the product work."""
    words = Words()
    words.read(records)
    policy = Policy(org=OrgPolicy(email_domains=tuple(sorted(words.domains))))
    view = build_view(words.records(), org=words.org(), policy=policy, now=NOW)
    return Scene(words, view)


def _name(association: Association) -> str:
    return association.target.id[3:] if association.target else "nothing"


def _top(association: Association) -> str:
    live = [c for c in association.candidates if not c.vetoes]
    return live[0].target.id[3:] if live else "nothing"


def _goes(scene: Scene, key: str, target: str) -> bool:
    found = scene.answer(key)
    return found.decision is Decision.APPLY and _name(found) == target


def _leans(scene: Scene, key: str, target: str) -> bool:
    return _top(scene.answer(key)) == target


def _asked(scene: Scene, key: str) -> bool:
    return scene.answer(key).decision is not Decision.APPLY


def _proposed(scene: Scene, key: str, target: str) -> bool:
    found = scene.answer(key)
    return found.decision is Decision.PROPOSE and _name(found) == target


def _alone(scene: Scene, key: str) -> bool:
    return scene.answer(key).target is None


def _never(scene: Scene, key: str, target: str) -> bool:
    return _name(scene.answer(key)) != target


def _one(scene: Scene, keys: str) -> bool:
    return len({i.key for k in keys.split(" and ") for i in scene.interactions(k)}) == 1


def _two(scene: Scene, first: str, second: str) -> bool:
    one, other = scene.interaction(first), scene.interaction(second)
    return one.key != other.key


def _count(scene: Scene, number: str) -> bool:
    return len(scene.view.interactions) == int(number)


def _contacts(person: Participant | None) -> set[str]:
    return {c[3:] for c in person.contact_ids} if person else set()


def _surely(scene: Scene, name: str, key: str, contact: str) -> bool:
    person = scene.person(name, key)
    strong = person is not None and person.matched_by in STRONG_KEYS
    return strong and _contacts(person) == {contact}


def _perhaps(scene: Scene, name: str, key: str, contact: str) -> bool:
    person = scene.person(name, key)
    weak = person is not None and person.matched_by not in STRONG_KEYS
    return weak and _contacts(person) == {contact}


def _either(scene: Scene, name: str, key: str, contacts: str) -> bool:
    return _contacts(scene.person(name, key)) == {*contacts.split(" or ")}


def _side(side: Side) -> Callable[[Scene, str, str], bool]:
    def holds(scene: Scene, name: str, key: str) -> bool:
        person = scene.person(name, key)
        return person is not None and person.side is side

    return holds


def _stranger(scene: Scene, name: str, key: str) -> bool:
    person = scene.person(name, key)
    return (
        person is not None
        and person.side is Side.EXTERNAL
        and not person.contact_ids
        and not person.lead_ids
    )


def _user(scene: Scene, name: str, key: str, user: str) -> bool:
    person = scene.person(name, key)
    return person is not None and person.user_id == f"005{user}"


def _lead(scene: Scene, name: str, key: str, lead: str) -> bool:
    person = scene.person(name, key)
    return (
        person is not None
        and person.lead_ids == (f"00Q{lead}",)
        and not person.contact_ids
    )


def _outside(scene: Scene, key: str, number: str) -> bool:
    return len(scene.interaction(key).external) == int(number)


def _held(scene: Scene, key: str, user: str) -> bool:
    host = scene.interaction(key).host_user_id
    return host == (None if user == "nobody known" else f"005{user}")


def _status(scene: Scene, key: str, status: str) -> bool:
    return scene.interaction(key).status.value == status


def _kind(scene: Scene, key: str, kind: str) -> bool:
    return scene.interaction(key).kind == kind


def _private(scene: Scene, key: str) -> bool:
    return scene.interaction(key).is_private


def _reasons(scene: Scene, key: str) -> bool:
    interaction = scene.interaction(key)
    return all(interaction.joined_by) and all(p.reason for p in interaction.external)


def _series(scene: Scene, first: str, second: str) -> bool:
    one, other = scene.interaction(first), scene.interaction(second)
    return one.series_key is not None and one.series_key == other.series_key


_K, _N = r"([\w.-]+)", r"(.+)"
_SENTENCES: list[tuple[str, Callable[..., bool]]] = [
    (rf"{_K} goes to {_K}", _goes),
    (rf"{_K} leans to {_K}", _leans),
    (rf"{_K} is asked about {_K}", _proposed),
    (rf"{_K} is asked", _asked),
    (rf"{_K} is left alone", _alone),
    (rf"{_K} never goes to {_K}", _never),
    (r"((?:[\w.-]+ and )+[\w.-]+) are one", _one),
    (rf"{_K} and {_K} are two", _two),
    (rf"{_K} and {_K} are of one series", _series),
    (r"there are (\d+)", _count),
    (rf"{_N} in {_K} is surely {_K}", _surely),
    (rf"{_N} in {_K} is perhaps {_K}", _perhaps),
    (rf"{_N} in {_K} is either ({_K[1:-1]}(?: or {_K[1:-1]})+)", _either),
    (rf"{_N} in {_K} is a stranger", _stranger),
    (rf"{_N} in {_K} is one of ours", _side(Side.INTERNAL)),
    (rf"{_N} in {_K} is no person", _side(Side.EXCLUDED)),
    (rf"{_N} in {_K} is outside", _side(Side.EXTERNAL)),
    (rf"{_N} in {_K} is our {_K}", _user),
    (rf"{_N} in {_K} is the lead {_K}", _lead),
    (rf"{_K} has (\d+) outside", _outside),
    (rf"{_K} was held by ([\w ]+)", _held),
    (rf"{_K} became {_K}", _status),
    (rf"{_K} is a (call|meeting|email|task)", _kind),
    (rf"{_K} is private", _private),
    (rf"{_K} says why", _reasons),
]
_PATTERNS = [(re.compile(pattern), check) for pattern, check in _SENTENCES]


def holds(scene: Scene, sentence: str) -> bool:
    """Whether a sentence is true; one that nobody can read is an error."""
    for pattern, check in _PATTERNS:
        found = pattern.fullmatch(sentence)
        if found:
            return check(scene, *found.groups())
    message = f"no such sentence: {sentence!r}"
    raise ValueError(message)


def told(scene: Scene) -> str:
    """What the product made of it, for the message of a failure."""
    lines = []
    for i in scene.view.interactions:
        answer = scene.view.associations[i.key]
        ids = ", ".join(ref.id for ref in i.refs)
        lines.append(
            f"{i.key}: {ids}: {answer.decision.value} {_name(answer)} "
            f"(best {_top(answer)}, {answer.probability:.3f}) {answer.reason}"
        )
        lines += [
            f"    {p.side.value} {p.email or p.name}: {', '.join(p.contact_ids)} "
            f"{p.matched_by.value}: {p.reason}"
            for p in i.participants
        ]
    return "\n".join(lines)
