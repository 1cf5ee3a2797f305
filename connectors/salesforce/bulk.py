"""Bulk API 2.0 query jobs: what is too much for pages, as the same rows.

A job reads in chunks of ids, side by side, so its rows come in no order and nothing in
between can be resumed: it counts when its last part was read. What changes meanwhile
lies above the pass's upper bound, or in the overlap of the next one.

Source: Bulk API 2.0 and Bulk API Developer Guide, "Query".
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, cast

import requests

from connectors.salesforce.client import SYSTEM, Client
from connectors.salesforce.passes import Pass, columns, query
from connectors.salesforce.queries import Query
from syncd.errors import ConnectorError, RemoteError, RetryableError
from syncd.kit.retry import retrying
from syncd.ports.connector import FieldInfo

_ROWS_A_CALL: Final = 20_000  # some 15 MB of text
_ROWS_A_PAGE: Final = 2_000
_LONGEST_WAIT_S: Final = 30.0
_LONGEST_JOB_S: Final = 2 * 3600.0
_PART_TIMEOUT_S: Final = (3.05, 300.0)
_ENDED_BADLY: Final = frozenset({"Failed", "Aborted"})
# Types that a job refuses.
_NOT_BY_JOB: Final = frozenset({"address", "location", "base64"})
# Fields of a parent that are text in every object; of others the type is not known.
_PARENTS_TEXT: Final = frozenset(
    {"Id", "Name", "Type", "DeveloperName", "Email", "Username"}
)


def _instant(text: str) -> str:
    """As a query by REST writes it."""
    return f"{text[:-1]}+0000" if text.endswith("Z") else text


_READERS: Final[Mapping[str, Callable[[str], Any]]] = {
    "boolean": {"true": True, "false": False}.__getitem__,
    "int": int,
    "long": int,
    "double": float,
    "currency": float,
    "percent": float,
    "datetime": _instant,
}


class Bulk:
    """Runs query jobs of one org."""

    def __init__(
        self, client: Client, describe: Callable[[str], Mapping[str, FieldInfo]]
    ) -> None:
        """``describe`` gives the types of an object's fields."""
        self._client = client
        self._describe = describe

    def job(self, one: Pass) -> "Job | None":
        """A job that has read a whole pass; None where there can be none.

        None when the pass asks for what jobs do not give, the org refuses jobs to our
        user, or the job failed or took too long (it is then given up).
        """
        types = self._types(one)
        if types is None:
            return None
        jobs = _jobs(self._client, one.request.object)
        asked = query(one, ordered=False)  # an order would forbid reading in chunks
        try:
            made = retrying(lambda: jobs.create_job(_operation(asked), asked.soql))
            total = self._wait(jobs, str(made["id"]))
        except (RemoteError, KeyError, ValueError):
            return None
        return Job(jobs=jobs, id=str(made["id"]), total=total, types=types)

    def _types(self, one: Pass) -> Mapping[str, str] | None:
        fields = self._describe(one.request.object)
        types: dict[str, str] = {}
        for name in columns(one):
            if "." in name:
                if name.rpartition(".")[2] not in _PARENTS_TEXT:
                    return None
                types[name] = "string"
            else:
                types[name] = fields[name].type if name in fields else "string"
        return None if _NOT_BY_JOB & set(types.values()) else types

    def _wait(self, jobs: Any, job_id: str) -> int:  # noqa: ANN401 - has no types
        """Rows that the job read.

        Raises:
            RemoteError: It ended badly, or was given up.
        """

        def look() -> int:
            state = jobs.get_job(job_id, is_query=True)
            if state["state"] in _ENDED_BADLY:
                code = f"bulk_job_{state['state'].lower()}"
                raise ConnectorError(system=SYSTEM, code=code)
            if state["state"] != "JobComplete":
                raise RetryableError(system=SYSTEM, code="bulk_job_running")
            return int(state["numberRecordsProcessed"])

        try:
            return retrying(
                look,
                attempts=10_000,
                cap_s=_LONGEST_WAIT_S,
                total_s=_LONGEST_JOB_S,
            )
        except RetryableError:
            with suppress(RemoteError, ValueError):
                jobs.abort_job(job_id, is_query=True)
            raise


@dataclass(frozen=True, kw_only=True)
class Job:
    """A job that has ended well.

    Attributes:
        jobs: The library's client.
        total: Rows to come.
        types: The describe's type of every column.
    """

    jobs: Any
    id: str
    total: int
    types: Mapping[str, str]

    def parts(self) -> Iterator[tuple[Sequence[Mapping[str, Any]], bool]]:
        """Rows as a query by REST gives them, and whether they are the last.

        A parent's field stands under its dotted name.

        Raises:
            RetryableError: A part did not come whole.
        """
        locator = ""
        while True:
            rows, locator = retrying(partial(self._part, locator))
            starts = range(0, len(rows), _ROWS_A_PAGE) or (0,)
            for start in starts:
                last = not locator and start == starts[-1]
                yield rows[start : start + _ROWS_A_PAGE], last
            if not locator:
                return

    def _part(self, locator: str) -> tuple[list[Mapping[str, Any]], str]:
        try:
            answer = self.jobs.get_query_results(self.id, locator, _ROWS_A_CALL)
            lines = csv.reader(f"{line}\n" for line in answer["records"].split("\n"))
            names = next(lines, [])
            rows = self._rows(names, lines)
        except (KeyError, ValueError, csv.Error):
            raise RetryableError(system=SYSTEM, code="malformed_bulk_part") from None
        if len(rows) != answer["number_of_records"]:
            raise RetryableError(system=SYSTEM, code="short_bulk_part")
        return rows, str(answer["locator"])

    def _rows(
        self, names: Sequence[str], lines: Iterable[Sequence[str]]
    ) -> list[Mapping[str, Any]]:
        """Rows; an empty cell is null, and what is not of its type stays text.

        The latter is for quarantine to say.
        """
        readers = [(name, _READERS.get(self.types.get(name, ""))) for name in names]
        typed = [(name, read) for name, read in readers if read is not None]
        rows: list[Mapping[str, Any]] = []
        for cells in lines:
            if not cells:
                continue
            values = [cell or None for cell in cells]
            row: dict[str, Any] = dict(zip(names, values, strict=True))
            for name, read in typed:
                if row[name] is not None:
                    try:
                        row[name] = read(row[name])
                    except (ValueError, KeyError):
                        continue
            rows.append(row)
        return rows


class _Session:
    """What the library takes for a requests session: our client, path by path.

    It would send a token of its own and force https; the client renews tokens, keeps
    to the instance and to the budget, and turns refusals into our errors.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        **kwargs: Any,  # noqa: ANN401 - requests' own
    ) -> requests.Response:
        """Send; nothing that a query job needs changes a record."""
        ours = {k: v for k, v in headers.items() if k != "Authorization"}
        return self._client.send(
            method,
            path,
            headers=ours,
            is_write=False,
            timeout=_PART_TIMEOUT_S,
            **kwargs,
        )


def _jobs(client: Client, object_name: str) -> Any:  # noqa: ANN401 - has no types
    # Late: the package takes a fifth of a second to import.
    from simple_salesforce.bulk2 import SFBulk2Handler  # noqa: PLC0415

    session = cast("Any", _Session(client))
    handler = SFBulk2Handler("", f"{client.root}/jobs/", session=session)
    # Its public `query_all` polls at one pace for a day, and cannot give a job up.
    return getattr(handler, object_name)._client  # noqa: SLF001


def _operation(asked: Query) -> str:
    return "queryAll" if asked.everything else "query"
