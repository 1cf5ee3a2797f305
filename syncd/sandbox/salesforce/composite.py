"""Several requests in one: ``/composite`` with references, ``/composite/batch``.

Source: REST API Developer Guide (Composite, Batch).
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from syncd.sandbox.http import Request, Response
from syncd.sandbox.salesforce.errors import RefusalError
from syncd.sandbox.salesforce.table import Tables

_MOST: Final = 25
_MOST_QUERIES: Final = 5
_BAD: Final = 400
_REFERENCE: Final = re.compile(r"@\{(\w+)\.([\w.\[\]]+)\}")
_COSTLY: Final = re.compile(r"/(query(All)?|composite/sobjects)(/|$)")
_HALTED: Final = [
    {
        "errorCode": "PROCESSING_HALTED",
        "message": "The transaction was rolled back since another operation failed.",
    }
]
Dispatch = Callable[[Request], Response]


def composite(request: Request, tables: Tables, dispatch: Dispatch) -> dict[str, Any]:
    """Run parts in order; later ones may name results of earlier ones.

    Raises:
        RefusalError: More than 25 parts, or more than 5 queries and collections.
    """
    body = json.loads(request.body)
    parts = body.get("compositeRequest", [])
    costly = [part for part in parts if _COSTLY.search(urlsplit(part["url"]).path)]
    if len(parts) > _MOST or len(costly) > _MOST_QUERIES:
        raise RefusalError("LIMIT_EXCEEDED", "25 parts, 5 of them queries, at most")
    before = tables.snapshot()
    results: dict[str, Any] = {}
    answers = [_one(part, request, dispatch, results) for part in parts]
    failed = any(one["httpStatusCode"] >= _BAD for one in answers)
    if failed and body.get("allOrNone"):
        tables.restore(before)
        answers = [_victim(one) for one in answers]
    return {"compositeResponse": answers}


def _victim(answer: dict[str, Any]) -> dict[str, Any]:
    """What a part that succeeded reports once all were rolled back."""
    if answer["httpStatusCode"] >= _BAD:
        return answer
    return {**answer, "body": _HALTED, "httpStatusCode": _BAD}


def _one(
    part: Mapping[str, Any],
    outer: Request,
    dispatch: Dispatch,
    results: dict[str, Any],
) -> dict[str, Any]:
    name = str(part["referenceId"])
    try:
        text = _REFERENCE.sub(lambda found: _looked_up(found, results), _dumped(part))
    except KeyError:
        return _answer(name, _HALTED, _BAD)
    response = dispatch(_request(json.loads(text), outer))
    value = json.loads(response.body) if response.body else None
    if response.status < _BAD:
        results[name] = value
    return _answer(name, value, response.status)


def _answer(name: str, body: object, status: int) -> dict[str, Any]:
    return {
        "body": body,
        "httpHeaders": {},
        "httpStatusCode": status,
        "referenceId": name,
    }


def _dumped(part: Mapping[str, Any]) -> str:
    return json.dumps(part, ensure_ascii=False)


def _looked_up(found: re.Match[str], results: Mapping[str, Any]) -> str:
    value: Any = results[found[1]]
    for step in re.findall(r"\w+", found[2]):
        try:
            value = value[int(step) if isinstance(value, list) else step]
        except (IndexError, TypeError, ValueError):
            raise KeyError(found[0]) from None
    return json.dumps(str(value), ensure_ascii=False)[1:-1]


def _request(part: Mapping[str, Any], outer: Request) -> Request:
    url = urlsplit(str(part["url"]))
    own = {str(k).lower(): str(v) for k, v in part.get("httpHeaders", {}).items()}
    return Request(
        method=str(part["method"]),
        path=url.path,
        query=url.query,
        headers={**outer.headers, **own},
        body=json.dumps(part["body"]).encode() if "body" in part else b"",
    )


def batch(request: Request, dispatch: Dispatch) -> dict[str, Any]:
    """Run independent parts; ``haltOnError`` leaves out those after a failure.

    Raises:
        RefusalError: More than 25 parts.
    """
    body = json.loads(request.body)
    parts = body.get("batchRequests", [])
    if len(parts) > _MOST:
        raise RefusalError("LIMIT_EXCEEDED", "25 parts at most")
    results: list[dict[str, Any]] = []
    failed = False
    for part in parts:
        if failed and body.get("haltOnError"):
            result = [{"errorCode": "BATCH_PROCESSING_HALTED", "message": "halted"}]
            results.append({"statusCode": 412, "result": result})
            continue
        results.append(_batched(part, request, dispatch))
        failed = failed or results[-1]["statusCode"] >= _BAD
    return {"hasErrors": failed, "results": results}


def _batched(
    part: Mapping[str, Any], outer: Request, dispatch: Dispatch
) -> dict[str, Any]:
    renamed = {"method": part["method"], "url": f"/services/data/{part['url']}"}
    if "richInput" in part:
        renamed["body"] = part["richInput"]
    response = dispatch(_request(renamed, outer))
    value = json.loads(response.body) if response.body else None
    return {"statusCode": response.status, "result": value}
