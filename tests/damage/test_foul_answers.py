"""Services that answer wrongly: of another shape, without an end, or with strange text.

Every connector, through the poll, on both stores.
"""

import itertools
import json

import pytest

from syncd.kit import retry
from syncd.sandbox.http import Response
from syncd.sandbox.recorder import Fault
from syncd.wiring import open_app
from tests.sandboxes import company
from tests.stores import BOTH, configured

SYSTEMS = ("salesforce", "outreach", "google_calendar", "chorus")
DATA = {
    "salesforce": "/(query|queryAll|composite)",
    "outreach": "/api/v2/",
    "google_calendar": "/events",
    "chorus": "/v3/",
}
ROWS = ("records", "data", "items", "engagements", "users")


sandbox = company(accounts=5, seed=3, scope="module")
"""One company for all; what is wrong is put right after every test."""


@pytest.fixture(scope="module", params=BOTH)
def app(request, sandbox, new_store, tmp_path_factory):
    """An app that has polled everything once, on each database."""
    folder = tmp_path_factory.mktemp("foul")
    sandbox.outreach.control("expire_tokens", {})
    config = configured(sandbox, new_store(request.param, folder), folder)
    with pytest.MonkeyPatch.context() as patch, open_app(config) as opened:
        patch.setitem(retry.retrying.__kwdefaults__, "sleep", lambda _: None)
        assert {one.system: one.error for one in opened.poll()} == dict.fromkeys(
            SYSTEMS, ""
        )
        yield opened


@pytest.fixture(autouse=True)
def mended(sandbox):
    """Nothing that a test broke stays broken."""
    real = {name: one.service for name, one in sandbox.recorders.items()}
    yield
    for name, recorder in sandbox.recorders.items():
        recorder.mend()
        recorder.service = real[name]


class Bent:
    """A service whose good answers are bent, rows and links alike."""

    def __init__(self, service, bend):
        """``bend(request, body)`` gives the new body, None for the answer as it is."""
        self.service, self.name, self.bend = service, service.name, bend
        self.is_write = service.is_write

    def handle(self, request):
        """The answer, bent where it is one of data."""
        answer = self.service.handle(request)
        if answer.status != 200 or b"token" in request.path.encode():
            return answer
        bent = self.bend(request, json.loads(answer.body))
        if bent is None:
            return answer
        kind = {"Content-Type": "application/json"}
        return Response(
            headers={**answer.headers, **kind}, body=json.dumps(bent).encode()
        )


def bend(sandbox, system, how):
    """Let a system's answers be bent."""
    recorder = sandbox.recorders[system]
    recorder.service = Bent(recorder.service, how)


def pages_in(body):
    """Every part of an answer that lists rows."""
    if isinstance(body, dict):
        if any(isinstance(body.get(name), list) for name in ROWS):
            yield body
        for value in body.values():
            yield from pages_in(value)
    elif isinstance(body, list):
        for value in body:
            yield from pages_in(value)


def rows_in(page):
    """A page's rows."""
    return next(page[name] for name in ROWS if isinstance(page.get(name), list))


def state(app, system):
    """What the mirror has of a system."""
    counts = app.store.mirror.live_counts()
    return {key: count for key, count in counts.items() if key[0] == system}


SHAPES = {
    "a gateway's page": {"body": "<html>Down for maintenance</html>"},
    "cut off": {"truncate": 40},
    "nothing": {"body": ""},
    "a list": {"body": "[]"},
    "an object without anything": {"body": "{}"},
    "null": {"body": "null"},
    "a text": {"body": '"text"'},
    "null rows": {"body": json.dumps(dict.fromkeys(ROWS))},
    "numbers for rows": {"body": json.dumps(dict.fromkeys(ROWS, 5))},
    "maps for rows": {"body": json.dumps({name: {"a": 1} for name in ROWS})},
    "nested without end": {"body": "[" * 100_000},
    "not the gzip it says": {
        "body": "this is no gzip",
        "headers": {"Content-Encoding": "gzip"},
    },
    "no date that can be read": {"body": "{}", "headers": {"Date": "tomorrow"}},
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("system", SYSTEMS)
def test_an_answer_of_another_shape_stops_its_system_and_loses_nothing(
    app, sandbox, system, shape
):
    """Even a full listing: said, nothing deleted, and whole again afterwards."""
    before = state(app, system)
    fault = {"status": 200, **SHAPES[shape]}
    sandbox.recorders[system].break_next(
        Fault(path=DATA[system], times=100_000, **fault)
    )
    (outcome,) = app.poll(only=system, full=True)
    assert not outcome.complete
    assert outcome.error.startswith(f"{system}: ")
    assert "maintenance" not in outcome.error
    assert state(app, system) == before
    sandbox.recorders[system].mend()
    (outcome,) = app.poll(only=system, full=True)
    assert outcome.complete, outcome.error
    assert state(app, system) == before


def go_on(system, request, body, link):
    """An answer whose every page says that another follows."""
    for page in pages_in(body):
        if system == "salesforce" and "done" in page:
            page["done"], page["nextRecordsUrl"] = False, link
        elif system == "outreach":
            page["links"] = {"next": link}
        elif system == "google_calendar":
            page.pop("nextSyncToken", None)
            page["nextPageToken"] = link
        elif system == "chorus" and "engagements" in page:
            page["continuation_key"] = link
    return body


class Endless:
    """The first page again, for every link that it gave."""

    def __init__(self, sandbox, system, links):
        """``links`` are the links to give, or what stands in their place."""
        self.system, self.links, self.first, self.asked = system, links, {}, 0
        self.base = sandbox.urls[system]

    def __call__(self, request, body):
        """A page with a link to another."""
        self.asked += 1
        return go_on(self.system, request, body, self._link())

    def _link(self):
        mark = next(self.links)
        if self.system == "salesforce":
            return f"/services/data/v62.0/query/{mark}"
        if self.system == "outreach":
            return f"{self.base}/api/v2/users?page={mark}"
        return mark


class LocatorsThatStay:
    """Salesforce in whose queries every locator leads to the same rows."""

    def __init__(self, service):
        """Answers what it first listed."""
        self.service, self.name, self.is_write = service, service.name, service.is_write
        self.page = {}

    def handle(self, request):
        """The first rows again for a locator that the service does not know."""
        if "/query/" in request.path:
            rows = [{"Id": "001000000000001AAA", "SystemModstamp": "2026-01-01"}]
            body = {"totalSize": 1, "done": True, "records": rows}
            return Response(
                headers={"Content-Type": "application/json"},
                body=json.dumps(body).encode(),
            )
        return self.service.handle(request)


class TokensThatStay(LocatorsThatStay):
    """A calendar or Outreach that lists from the start, whatever it is asked."""

    def handle(self, request):
        """Without the token."""
        import dataclasses

        kept = [
            part
            for part in request.query.split("&")
            if not part.startswith(("pageToken=", "continuation_key=", "page="))
        ]
        return self.service.handle(dataclasses.replace(request, query="&".join(kept)))


@pytest.mark.parametrize("kind", ["the same link", "a fresh link"])
@pytest.mark.parametrize("system", SYSTEMS)
def test_a_listing_without_end_is_given_up(app, sandbox, system, kind):
    """Rows that come again are noticed after a page or two; nothing is deleted."""
    before = state(app, system)
    fresh = (f"p{number}" for number in itertools.count())
    links = fresh if kind == "a fresh link" else itertools.repeat("again")
    recorder = sandbox.recorders[system]
    stays = LocatorsThatStay if system == "salesforce" else TokensThatStay
    recorder.service = stays(recorder.service)
    endless = Endless(sandbox, system, links)
    bend(sandbox, system, endless)
    (outcome,) = app.poll(only=system, full=True)
    if system == "chorus" and kind == "the same link":
        # Chorus itself repeats its last key: that is its way to say "the end".
        assert outcome.complete
    else:
        assert "page_repeats" in outcome.error
    assert endless.asked < 200
    assert state(app, system) == before


def test_a_page_that_says_there_are_more_but_not_where_is_not_the_last(app, sandbox):
    """``done: false`` without a locator: incomplete, nothing deleted."""
    before = state(app, "salesforce")

    def cut(_request, body):
        for page in pages_in(body):
            if "done" in page:
                page["done"] = False
        return body

    bend(sandbox, "salesforce", cut)
    (outcome,) = app.poll(only="salesforce", full=True)
    assert "page_without_next" in outcome.error
    assert state(app, "salesforce") == before


@pytest.mark.parametrize("form", ["{evil}/next", "@{host}/next", ".{host}/next"])
@pytest.mark.parametrize("system", ["salesforce", "outreach"])
def test_a_link_to_another_server_is_not_followed(app, sandbox, system, form):
    """Our token goes nowhere else; the other connectors get tokens, not links."""
    chorus = sandbox.recorders["chorus"]
    evil, calls = sandbox.urls["chorus"], chorus.calls
    link = form.format(evil=evil, host=evil.partition("//")[2])
    if system == "outreach" and not link.startswith("http"):
        link = f"{sandbox.urls['outreach']}{link}"
    bend(sandbox, system, lambda r, body: go_on(system, r, body, link))
    (outcome,) = app.poll(only=system, full=True)
    assert "link_to_another_server" in outcome.error
    assert chorus.calls == calls


IDS = {"Id", "id", "engagement_id"}


def spoil(value, text):
    """Every text of a row, its id too, gets something strange in front."""
    if isinstance(value, str):
        return text + value
    if isinstance(value, list):
        return [spoil(one, text) for one in value]
    if isinstance(value, dict):
        return {name: spoil(one, text) for name, one in value.items()}
    return value


TEXTS = {
    "NUL": "\0",
    "half a surrogate pair": "\ud83d",
    "the other half": "\udc00",
    "both and control characters": "\ud800\0\x01\x1b\x7f",
    "5,000 letters": "x" * 5_000,
    "10 MB": "x" * 10_000_000,
}


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("system", SYSTEMS)
def test_strange_text_in_one_record_keeps_no_other_away(app, sandbox, system, text):
    """It is cleaned or set aside; the page and the poll go on to their ends."""
    spoilt = []

    def put(_request, body):
        for page in pages_in(body):
            rows = rows_in(page)
            if len(rows) > 1 and IDS & set(rows[0]):
                if text != "10 MB":
                    rows[0] = spoil(rows[0], TEXTS[text])
                elif not spoilt:  # in one place, or the answer has a gigabyte
                    rows[0] |= dict.fromkeys(
                        ("Name", "summary", "subject"), TEXTS[text]
                    )
                    rows[0].setdefault("attributes", {})["name"] = TEXTS[text]
                spoilt.append(rows[0])
        return body

    before = state(app, system)
    bend(sandbox, system, put)
    (outcome,) = app.poll(only=system, full=True)
    assert spoilt
    assert outcome.complete, outcome.error
    after = state(app, system)
    assert sum(after.values()) >= sum(before.values()) - len(spoilt)
    app.store.mirror.quarantined()


@pytest.mark.parametrize("system", SYSTEMS)
def test_bytes_that_are_no_utf8_spoil_a_letter_not_the_page(app, sandbox, system):
    """A name in another encoding is read with a replacement character."""
    real = sandbox.recorders[system].service

    class Latin(Bent):
        def handle(self, request):
            answer = real.handle(request)
            answer.body = answer.body.replace(b"a@", b"\xe9@").replace(b"An", b"\xe9n")
            return answer

    sandbox.recorders[system].service = Latin(real, None)
    (outcome,) = app.poll(only=system, full=True)
    assert outcome.complete, outcome.error
