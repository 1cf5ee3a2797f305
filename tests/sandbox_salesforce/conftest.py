"""A small org, called in process, and the same org over loopback."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from syncd.sandbox.clock import SandboxClock
from syncd.sandbox.http import Request, Response
from syncd.sandbox.salesforce.service import SalesforceService
from syncd.sandbox.salesforce.table import make_id
from syncd.sandbox.server import serve

NOW = datetime(2026, 10, 6, 9, 15, 27, tzinfo=UTC)


class Org:
    """The service, a session, and ids by nickname."""

    def __init__(self) -> None:
        self.clock = SandboxClock(NOW)
        self.clock.freeze(NOW)
        self.service = SalesforceService(self.clock, activity_key_field="Syncd_Key__c")
        self.ids: dict[str, str] = {}
        self.headers = {"host": "org.example"}
        self._fill()
        self.login()

    def login(self) -> None:
        """A new session."""
        keys = self.service.settings("http://org.example")
        form = (
            "grant_type=client_credentials"
            f"&client_id={keys['client_id']}&client_secret={keys['client_secret']}"
        )
        answer = self.service.handle(
            Request(
                method="POST",
                path="/services/oauth2/token",
                headers=self.headers,
                body=form.encode(),
            )
        )
        token = json.loads(answer.body)["access_token"]
        self.headers["authorization"] = f"Bearer {token}"

    def __call__(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, Any]:
        """Status and JSON of one REST call below the versioned root."""
        answer = self.answer(method, path, body, headers=headers)
        is_json = answer.headers.get("Content-Type", "").startswith("application/json")
        value = json.loads(answer.body) if answer.body and is_json else answer.body
        return answer.status, value or None

    def answer(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """The raw answer of one REST call."""
        url = path if path.startswith("/services") else f"/services/data/v62.0{path}"
        bare, _, query = url.partition("?")
        return self.service.handle(
            Request(
                method=method,
                path=bare,
                query=query,
                headers={**self.headers, **(headers or {})},
                body=_encoded(body),
            )
        )

    def query(self, soql: str, *, everything: bool = False) -> tuple[int, Any]:
        """Status and answer of a query."""
        call = "queryAll" if everything else "query"
        return self("GET", f"/{call}?q={requests.utils.quote(soql)}")

    def names(self, soql: str, *, everything: bool = False) -> list[str]:
        """Nicknames of the rows that a query finds, in its order."""
        status, body = self.query(soql, everything=everything)
        assert status == 200, body
        nicks = {record_id: nick for nick, record_id in self.ids.items()}
        return [nicks[row["Id"]] for row in body["records"]]

    def error(self, soql: str) -> str:
        """The code with which a query is refused."""
        status, body = self.query(soql)
        assert status == 400, body
        return str(body[0]["errorCode"])

    def control(self, action: str, **body: object) -> dict[str, Any]:
        """A test hook."""
        return self.service.control(action, body)

    def _load(self, name: str, nick: str, **fields: object) -> None:
        prefix = {"User": "005", "Account": "001", "Contact": "003", "Lead": "00Q"}
        prefix |= {"Opportunity": "006", "Task": "00T", "Event": "00U"}
        record_id = make_id(prefix[name], 5000 + len(self.ids))
        self.ids[nick] = record_id
        self.service.load(name, [{"Id": record_id, **fields}])

    def _fill(self) -> None:
        statuses = (("Not Started", False), ("Completed", True))
        self.service.load(
            "TaskStatus", [{"MasterLabel": m, "IsClosed": c} for m, c in statuses]
        )
        stages = (("Discovery", False, 10), ("Proposal", False, 50), ("Won", True, 100))
        self.service.load(
            "OpportunityStage",
            [
                {"MasterLabel": m, "IsClosed": c, "IsWon": c, "DefaultProbability": p}
                for m, c, p in stages
            ],
        )
        self._load("User", "ann", Name="Ann Ex", IsActive=True)
        self._load("User", "gone", Name="Gone User", IsActive=False)
        self._load("Account", "acme", Name="Acme", OwnerId=self.ids["ann"])
        acme = {"AccountId": self.ids["acme"]}
        self._load("Contact", "cy", LastName="O'Neil", Email="cy@acme.example", **acme)
        self._load("Contact", "di", LastName="100%_sure", **acme)
        self._load("Lead", "lee", LastName="Lee", Company="Acme")
        self._load(
            "Opportunity",
            "deal",
            Name="Deal",
            StageName="Discovery",
            CloseDate="2026-12-01",
            Amount=500.0,
            **acme,
        )
        for number, stamp in enumerate(("00", "00", "01")):
            self._load(
                "Task",
                f"task{number}",
                Subject=f"Call {number}",
                Status="Completed" if number == 2 else "Not Started",
                OwnerId=self.ids["ann"],
                WhatId=self.ids["deal"] if number == 0 else None,
                WhoId=self.ids["cy"] if number == 1 else None,
                ActivityDate="2026-09-01",
                SystemModstamp=f"2026-10-01T00:00:{stamp}.000+0000",
            )


def _encoded(body: object) -> bytes:
    """Text as it is, anything else as JSON."""
    if isinstance(body, str):
        return body.encode()
    return b"" if body is None else json.dumps(body).encode()


@pytest.fixture
def org() -> Org:
    """An org with one customer, one deal and three tasks; its time stands still."""
    return Org()


class _Local(requests.Session):
    """Sends https calls to a loopback server, as a proxy would: the host stays."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._port = port

    def request(self, method, url, *args, **kwargs):
        host, bare = url.split("://", 1)[1].split("/", 1)
        local = f"http://127.0.0.1:{self._port}/{bare}"
        kwargs["headers"] = {**(kwargs.get("headers") or {}), "Host": host}
        return super().request(method, local, *args, **kwargs)


@pytest.fixture
def over_http(org: Org) -> Iterator[Callable[[], requests.Session]]:
    """Makes sessions that reach the org over loopback, whatever host they call."""
    running = serve(org.service)
    opened: list[requests.Session] = []

    def make() -> requests.Session:
        opened.append(_Local(running.server.server_port))
        return opened[-1]

    yield make
    for session in opened:
        session.close()
    running.close()
