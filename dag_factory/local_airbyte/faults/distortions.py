"""How each kind of fault changes a call's query or its answer."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, quote, urlencode

from dag_factory.local_airbyte.faults.delivery import Headers, Reply
from dag_factory.local_airbyte.faults.fault import (
    CONTENT_ENCODING,
    DEEP_JSON,
    DROP_AFTER,
    DROP_BEFORE,
    FILTER_IGNORED,
    HTML,
    HUGE_BODY,
    LATE_JOB,
    LYING_NEXT,
    MALFORMED_JSON,
    NULL_FIELDS,
    ODD_NUMBER,
    ORDER_IGNORED,
    ORDER_REFUSED,
    REDIRECT,
    SECRET_ECHO,
    SHUFFLED,
    STATUS,
    STATUS_AFTER,
    TOKEN,
    UNKNOWN_STATUS,
    WRONG_JOB,
    ZONE_LESS,
    Fault,
)
from dag_factory.local_airbyte.faults.list_distortions import (
    Page,
    lie_about_next,
    page_of,
    page_query,
    requested_page,
    set_page,
)
from dag_factory.local_airbyte.faults.route_names import PREFIXES
from dag_factory.local_airbyte.model import problems
from dag_factory.local_airbyte.model.job_query import MAX_LIMIT
from dag_factory.local_airbyte.model.json_values import Json

# Kinds that answer before the application does; it is called later or not at all.
ANSWERED_EARLY = (DROP_BEFORE, STATUS, HTML, REDIRECT, SECRET_ECHO, ORDER_REFUSED, LATE_JOB)
HTML_PAGE = b"<html><head><title>Sign in</title></head><body><h1>Please sign in</h1></body></html>"
JSON_TYPE, HTML_TYPE = (b"content-type", b"application/json"), (b"content-type", b"text/html")
FILTERS = ("connectionId", "jobType")
TIMES = ("startTime", "lastUpdatedAt")
NO_CONNECTION = "00000000-0000-4000-8000-000000000000"
RAW = "\0raw\0"  # placeholder for JSON text that the encoder cannot write


@dataclass(frozen=True, kw_only=True, slots=True)
class ReceivedRequest:
    """The parts of a request that faults use."""

    path: str
    query: str
    headers: Headers
    body: bytes


def distort_query(fault: Fault, query: str) -> str:
    """Return the query string for the application."""
    ignored = {
        ORDER_IGNORED: ("orderBy",),
        FILTER_IGNORED: FILTERS if fault.keys is None else fault.keys,
        SHUFFLED: ("limit", "offset"),
    }.get(fault.kind, ())
    if not ignored:
        return query
    kept = [pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] not in ignored]
    return urlencode([*kept, ("limit", str(MAX_LIMIT))] if fault.kind == SHUFFLED else kept)


def answer_early(fault: Fault, request: ReceivedRequest) -> Reply | None:
    """Answer instead of the application; None closes the socket without an answer."""
    if fault.kind == DROP_BEFORE:
        return None
    if fault.kind == HTML:
        return Reply(status=fault.code or 200, headers=(HTML_TYPE,), body=HTML_PAGE)
    if fault.kind == REDIRECT:
        return Reply(status=fault.code or 307, headers=((b"location", _location(fault, request)),), body=b"")
    if fault.kind == SECRET_ECHO:
        authorization = dict(request.headers).get(b"authorization", b"").decode("latin-1")
        text = f"cannot handle Authorization: {authorization} with {request.body.decode(errors='replace')}"
        return _json(fault.code or 500, {"message": text, "detail": text})
    return _error(fault)


def distort(fault: Fault, reply: Reply, request: ReceivedRequest) -> Reply | None:
    """Change the application's answer; None closes the socket without an answer."""
    if fault.kind == DROP_AFTER:
        return None
    if fault.kind == STATUS_AFTER:
        return _error(fault)
    if fault.kind == HUGE_BODY:
        return replace(reply, padding=fault.mib)
    if fault.kind == CONTENT_ENCODING:
        claim = (b"content-encoding", fault.encoding.encode())
        return replace(reply, headers=(*reply.headers, claim), body=b"this is not " + fault.encoding.encode())
    if fault.kind == MALFORMED_JSON:
        cut = reply.body[: len(reply.body) // 2]
        return Reply(status=fault.code or reply.status, headers=(JSON_TYPE,), body=cut)
    return reply if reply.status >= 400 else _distort_document(fault, reply, request)


def distort_list(fault: Fault, reply: Reply, items: Sequence[object], request: ReceivedRequest) -> Reply:
    """Put the page that the fault makes of the whole list into an answer."""
    document = json.loads(reply.body)
    set_page(document, page_of(fault, items, requested_page(request.query)), next_url(request))
    return replace(reply, body=json.dumps(document).encode())


def is_list(reply: Reply) -> bool:
    """Return whether an answer is a page of a list; tags are listed without pages."""
    if reply.status != 200 or JSON_TYPE not in reply.headers:
        return False
    document = json.loads(reply.body)
    return isinstance(document, dict) and isinstance(document.get("data"), list) and "next" in document


def next_url(request: ReceivedRequest) -> str:
    """Return the address of the page after the requested one."""
    page = requested_page(request.query)
    query = page_query(request.query, Page(limit=page.limit, offset=page.offset + page.limit))
    host = dict(request.headers).get(b"host", b"").decode("latin-1")
    return f"http://{host}{request.path}?{query}"


def _distort_document(fault: Fault, reply: Reply, request: ReceivedRequest) -> Reply:
    """Change the JSON of a successful answer; leave other answers unchanged."""
    change = _changes(fault, request).get(fault.kind)
    if change is None or JSON_TYPE not in reply.headers:
        return reply
    document = json.loads(reply.body)
    change(document)
    return replace(reply, body=json.dumps(document).replace(json.dumps(RAW), _raw(fault)).encode())


def _changes(fault: Fault, request: ReceivedRequest) -> Mapping[str, Callable[[object], None]]:
    """Map each kind to a function that changes a document in place."""
    return {
        UNKNOWN_STATUS: lambda document: _set(document, dict.fromkeys(("status",), fault.unknown)),
        ODD_NUMBER: lambda document: _set(document, dict.fromkeys(fault.keys or ("jobId",), RAW)),
        NULL_FIELDS: lambda document: _set(document, dict.fromkeys(fault.keys or ("rowsSynced",), None)),
        DEEP_JSON: lambda document: _set(document, dict.fromkeys(fault.keys or ("deep",), RAW)),
        TOKEN: lambda document: _set(document, fault.values),
        WRONG_JOB: lambda document: _replace_job(document, request),
        ZONE_LESS: _remove_zones,
        SHUFFLED: lambda document: _shuffle(document, fault.seed, request),
        LYING_NEXT: lambda document: lie_about_next(document, next_url(request)),
    }


def _raw(fault: Fault) -> str:
    return "[" * fault.depth + "]" * fault.depth if fault.kind == DEEP_JSON else fault.raw


def _records(document: object) -> list[Json]:
    """Return the items of a list, or the document itself as the only item."""
    data = document.get("data", [document]) if isinstance(document, dict) else document
    return [record for record in data if isinstance(record, dict)] if isinstance(data, list) else []


def _set(document: object, values: Mapping[str, object]) -> None:
    for record in _records(document):
        record.update(values)


def _replace_job(document: object, request: ReceivedRequest) -> None:
    """Invent another job if the answer is still the requested one because there is no other."""
    for record in _records(document):
        if str(record.get("jobId")) == request.path.rsplit("/", 1)[-1]:
            record.update(jobId=int(str(record["jobId"])) + 1, connectionId=NO_CONNECTION)


def _remove_zones(document: object) -> None:
    for record in _records(document):
        record.update({key: str(record[key]).removesuffix("Z") for key in TIMES if key in record})


def _shuffle(document: object, seed: int, request: ReceivedRequest) -> None:
    """Shuffle the first jobs, in the same order for the same seed, and keep the requested page."""
    if isinstance(document, dict) and isinstance(document.get("data"), list):
        random.Random(seed).shuffle(document["data"])  # noqa: S311 (nothing secret)
        page = requested_page(request.query)
        document["data"] = document["data"][page.offset : page.offset + page.limit]


def _location(fault: Fault, request: ReceivedRequest) -> bytes:
    """Return the target of a redirect; the default is the same call under the other prefix."""
    path = quote(request.path) + (f"?{request.query}" if request.query else "")
    if fault.location is not None:
        return fault.location.replace("{path}", path).encode()
    own = next((prefix for prefix in PREFIXES if path.startswith(prefix + "/")), "")
    other = PREFIXES[1] if own == PREFIXES[0] else PREFIXES[0]
    return (other + path.removeprefix(own)).encode()


def _error(fault: Fault) -> Reply:
    retry_after = [] if fault.retry_after is None else [(b"retry-after", str(fault.retry_after).encode())]
    status, body = _error_body(fault)
    return _json(status, body if fault.body is None else fault.body, *retry_after)


def _error_body(fault: Fault) -> tuple[int, object]:
    if fault.kind == LATE_JOB and fault.code is None:
        problem = problems.state_conflict("Could not fulfill request")
    elif fault.kind == ORDER_REFUSED and fault.code in (None, 400):
        problem = problems.bad_request("Invalid order by clause provided")
    else:
        problem = problems.of_status(fault.code or 503)
    return problem.status, problem.body


def _json(status: int, body: object, *headers: tuple[bytes, bytes]) -> Reply:
    return Reply(status=status, headers=(JSON_TYPE, *headers), body=json.dumps(body).encode())
