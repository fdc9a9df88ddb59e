"""The error bodies of Airbyte's API. Pure; after its `api-problems.yaml` and Micronaut's defaults."""

from __future__ import annotations

from dataclasses import dataclass

from dag_factory.local_airbyte.model.json_values import Json

REFERENCE = "https://reference.airbyte.com/reference/errors"


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """An answer that is an error."""

    status: int
    body: Json


class ProblemError(Exception):
    """Carries a problem to the edge of the server."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.status} {problem.body}")
        self.problem = problem


def bad_request(message: str) -> Problem:
    """400: a parameter or a body that cannot be understood."""
    detail = "The request could not be understood by the server due to malformed syntax."
    return _problem(400, "bad-request", "#bad-request", detail, {"message": message})


def forbidden(message: str) -> Problem:
    """403: the caller may not do this."""
    detail = "The request is not permitted."
    return _problem(403, "forbidden", "#forbidden", detail, {"message": message})


def not_found(resource_type: str, resource_id: str) -> Problem:
    """404: no such connection, source, destination, workspace or tag."""
    data = {"resourceType": resource_type, "resourceId": resource_id}
    detail = "The requested resource could not be found."
    return _problem(404, "resource-not-found", "#resource-not-found", detail, data)


def state_conflict(message: str) -> Problem:
    """409: also the answer for a job that does not exist, where one would expect 404."""
    return _problem(409, "state-conflict", "#409-state-conflict", "State conflict", {"message": message})


def try_again_later(message: str) -> Problem:
    """409: the connection is syncing already."""
    detail = "Please try again later."
    return _problem(409, "try-again-later", "#try-again-later", detail, {"message": message})


def locked(connection_id: str) -> Problem:
    """409: a change to a connection that Airbyte has locked."""
    data = {"connectionId": connection_id, "statusReason": "locked"}
    body: Json = {
        "status": 409,
        "type": "error:connection/locked",
        "title": "Connection is locked",
        "data": data,
    }
    return Problem(status=409, body=body)


def unprocessable(message: str) -> Problem:
    """422: a body that is understood and refused."""
    detail = "The body of the request was not understood"
    return _problem(422, "unprocessable-entity", "#unprocessable-entity", detail, {"message": message})


def unauthorized(path: str) -> Problem:
    """401: no bearer token, an expired one or a revoked one."""
    return Problem(status=401, body=_hal("Unauthorized", "Unauthorized", path))


def wrong_credentials(path: str) -> Problem:
    """400: what a self-managed Airbyte answers to a wrong client id or secret (Cloud answers 401)."""
    return Problem(status=400, body=_hal("Bad Request", "Invalid client id or token", path))


def no_such_route(path: str) -> Problem:
    """404: a path that the API does not have."""
    return Problem(status=404, body=_hal("Not Found", "Page Not Found", path))


def of_status(status: int) -> Problem:
    """A plausible body for a status that a fault asks for."""
    if status == 429:
        return Problem(status=429, body={"message": "You are being rate limited."})
    titles = {401: "invalid-api-key", 403: "forbidden", 404: "resource-not-found", 503: "service-unavailable"}
    title = titles.get(status, "unexpected-problem" if status >= 500 else "bad-request")
    anchor = f"#{title}" if status < 500 else ""
    return _problem(
        status, title, anchor, "A fault of the local Airbyte, made on purpose.", {"message": "fault"}
    )


def _problem(status: int, title: str, anchor: str, detail: str, data: Json | dict[str, str]) -> Problem:
    body: Json = {
        "status": status,
        "type": REFERENCE + anchor,
        "title": title,
        "detail": detail,
        "data": data,
    }
    return Problem(status=status, body=body)


def _hal(message: str, error: str, path: str) -> Json:
    links = {"self": {"href": path, "templated": False}}
    return {"message": message, "_links": links, "_embedded": {"errors": [{"message": error}]}}
