"""Several requests in one: composite with references, graphs of them, batches.

Source: REST API Developer Guide (Composite, Composite Graph, Batch).
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from syncd.sandbox.http import Request, Response
from syncd.sandbox.salesforce.errors import RefusalError
from syncd.sandbox.salesforce.routing import body_of
from syncd.sandbox.salesforce.table import Tables

_MOST: Final = 25
_MOST_QUERIES: Final = 5
_MOST_NODES: Final = 500
_DEEPEST: Final = 15
_BAD: Final = 400
_REFERENCE: Final = re.compile(r"@\{(\w+)\.([\w.\[\]]+)\}")
_COSTLY: Final = re.compile(r"/(query(All)?|composite/sobjects)(/|$)")
_ROW: Final = re.compile(r"/services/data/v[\d.]+/sobjects/\w+(/.+)?")
_OF_THE_WHOLE: Final = frozenset({"accept", "authorization", "content-type", "host"})
"""Headers that a part cannot set for itself."""
_SHOWN: Final = ("Location", "ETag", "Last-Modified")
_HALTED: Final = [
    {
        "errorCode": "PROCESSING_HALTED",
        "message": "The transaction was rolled back since another operation failed.",
    }
]
Dispatch = Callable[[Request], Response]
Part = Mapping[str, Any]


def composite(request: Request, tables: Tables, dispatch: Dispatch) -> dict[str, Any]:
    """Run parts in order; later ones may name results of earlier ones.

    Raises:
        RefusalError: More than 25 parts, or more than 5 queries and collections.
    """
    body = body_of(request)
    parts = _parts(body)
    costly = [part for part in parts if _COSTLY.search(urlsplit(part["url"]).path)]
    if len(parts) > _MOST or len(costly) > _MOST_QUERIES:
        raise RefusalError("LIMIT_EXCEEDED", "25 parts, 5 of them queries, at most")
    if body.get("allOrNone"):
        return {"compositeResponse": _transaction(parts, request, tables, dispatch)}
    results: dict[str, Any] = {}
    answers = [_one(part, request, dispatch, results) for part in parts]
    return {"compositeResponse": answers}


def graphs(request: Request, tables: Tables, dispatch: Dispatch) -> dict[str, Any]:
    """Run graphs of parts, each a transaction of its own.

    Raises:
        RefusalError: More than 500 parts in all, one that depends on a chain of more
            than 15, or one that is no request for a row.
    """
    asked = [
        (str(graph.get("graphId", "")), _parts(graph))
        for graph in body_of(request).get("graphs", [])
    ]
    if sum(len(parts) for _, parts in asked) > _MOST_NODES:
        raise RefusalError("LIMIT_EXCEEDED", "500 nodes at most")
    for _, parts in asked:
        _check_graph(parts)
    answers: list[dict[str, Any]] = []
    for name, parts in asked:
        results = _transaction(parts, request, tables, dispatch)
        answers.append(
            {
                "graphId": name,
                "graphResponse": {"compositeResponse": results},
                "isSuccessful": all(one["httpStatusCode"] < _BAD for one in results),
            }
        )
    return {"graphs": answers}


def _parts(body: Part) -> Sequence[Part]:
    """The parts of a composite request, each with what it needs and a name of its own.

    Raises:
        RefusalError: One lacks something, or two have the same name.
    """
    parts: Sequence[Part] = body.get("compositeRequest", [])
    for part in parts:
        for key in ("method", "url", "referenceId"):
            if key not in part:
                raise RefusalError("JSON_PARSER_ERROR", f"a part has no {key}")
    if len({str(part["referenceId"]) for part in parts}) < len(parts):
        raise RefusalError("JSON_PARSER_ERROR", "two parts have the same referenceId")
    return parts


def _check_graph(parts: Sequence[Part]) -> None:
    depth: dict[str, int] = {}
    for part in parts:
        if _ROW.fullmatch(urlsplit(str(part["url"])).path) is None:
            message = "a graph has requests for rows only"
            raise RefusalError("INVALID_INPUT", message)
        named = {name for name, _ in _REFERENCE.findall(_dumped(part))}
        above = max((depth.get(name, 0) for name in named), default=0)
        depth[str(part["referenceId"])] = above + 1
    if max(depth.values(), default=0) > _DEEPEST:
        raise RefusalError("LIMIT_EXCEEDED", "a depth of 15 at most")


def _transaction(
    parts: Sequence[Part], outer: Request, tables: Tables, dispatch: Dispatch
) -> list[dict[str, Any]]:
    """All parts or none; the first failure is the only one with a code of its own."""
    before = tables.snapshot()
    results: dict[str, Any] = {}
    for index, part in enumerate(parts):
        answer = _one(part, outer, dispatch, results)
        if answer["httpStatusCode"] >= _BAD:
            tables.restore(before)
            names = [str(one["referenceId"]) for one in parts]
            answers = [_answer(name, _HALTED, Response(status=_BAD)) for name in names]
            return [*answers[:index], answer, *answers[index + 1 :]]
        results[f" {index}"] = answer
    return [results[f" {index}"] for index in range(len(parts))]


def _one(
    part: Part,
    outer: Request,
    dispatch: Dispatch,
    results: dict[str, Any],
) -> dict[str, Any]:
    name = str(part["referenceId"])
    try:
        resolved = _resolved(part, results)
    except KeyError:
        return _answer(name, _HALTED, Response(status=_BAD))
    response = dispatch(_request(resolved, outer))
    value = msgspec.json.decode(response.body) if response.body else None
    if response.status < _BAD:
        results[name] = value
    return _answer(name, value, response)


def _answer(name: str, body: object, response: Response) -> dict[str, Any]:
    headers = {k: v for k, v in response.headers.items() if k in _SHOWN}
    return {
        "body": body,
        "httpHeaders": headers,
        "httpStatusCode": response.status,
        "referenceId": name,
    }


def _resolved(part: Part, results: Mapping[str, Any]) -> Part:
    """A part with what it names of earlier results put in.

    Raises:
        KeyError: There is no such result.
    """
    text = _dumped(part)
    if "@{" not in text:
        return part
    whole = _REFERENCE.sub(lambda found: _looked_up(found, results), text)
    return dict(json.loads(whole))


def _dumped(part: Part) -> str:
    return json.dumps(part, ensure_ascii=False)


def _looked_up(found: re.Match[str], results: Mapping[str, Any]) -> str:
    value: Any = results[found[1]]
    for step in re.findall(r"\w+", found[2]):
        try:
            value = value[int(step) if isinstance(value, list) else step]
        except (IndexError, TypeError, ValueError):
            raise KeyError(found[0]) from None
    return json.dumps(str(value), ensure_ascii=False)[1:-1]


def _request(part: Part, outer: Request) -> Request:
    url = urlsplit(str(part["url"]))
    given = part.get("httpHeaders", {})
    own = {str(name).lower(): str(text) for name, text in given.items()}
    headers = {
        **{k: v for k, v in outer.headers.items() if not k.startswith("if-")},
        **{k: v for k, v in own.items() if k not in _OF_THE_WHOLE},
    }
    return Request(
        method=str(part["method"]),
        path=url.path,
        query=url.query,
        headers=headers,
        body=json.dumps(part["body"]).encode() if "body" in part else b"",
    )


def batch(request: Request, dispatch: Dispatch) -> dict[str, Any]:
    """Run independent parts; ``haltOnError`` leaves out those after a failure.

    Raises:
        RefusalError: More than 25 parts.
    """
    body = body_of(request)
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
