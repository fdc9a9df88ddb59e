"""The error responses of Airbyte's API. Source: its `api-problems.yaml` and Micronaut's defaults."""

from __future__ import annotations

from dataclasses import dataclass

from dag_factory.local_airbyte.model.json_values import Json

REFERENCE = "https://reference.airbyte.com/reference/errors"


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """An error response."""

    status: int
    body: Json


class ProblemError(Exception):
    """An error response, raised where the request turns out to be wrong."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.status} {problem.body}")
        self.problem = problem


def bad_request(message: str) -> Problem:
    """Return a 400: a parameter or a body is invalid."""
    detail = "The request could not be understood by the server due to malformed syntax."
    return _problem(400, "bad-request", "#bad-request", detail, {"message": message})


def forbidden(message: str) -> Problem:
    """Return a 403: the caller is not allowed to do this."""
    detail = "The request is not permitted."
    return _problem(403, "forbidden", "#forbidden", detail, {"message": message})


def not_found(resource_type: str, resource_id: str) -> Problem:
    """Return a 404: the connection, source, destination, workspace or tag does not exist."""
    data = {"resourceType": resource_type, "resourceId": resource_id}
    detail = "The requested resource could not be found."
    return _problem(404, "resource-not-found", "#resource-not-found", detail, data)


def state_conflict(message: str) -> Problem:
    """Return a 409; Airbyte also answers it, not 404, for a job that does not exist."""
    return _problem(409, "state-conflict", "#409-state-conflict", "State conflict", {"message": message})


def try_again_later(message: str) -> Problem:
    """Return a 409: the connection is already syncing."""
    detail = "Please try again later."
    return _problem(409, "try-again-later", "#try-again-later", detail, {"message": message})


def locked(connection_id: str) -> Problem:
    """Return a 409: Airbyte has locked the connection."""
    data = {"connectionId": connection_id, "statusReason": "locked"}
    body: Json = {
        "status": 409,
        "type": "error:connection/locked",
        "title": "Connection is locked",
        "data": data,
    }
    return Problem(status=409, body=body)


def unprocessable(message: str) -> Problem:
    """Return a 422: the body is valid but not supported."""
    detail = "The body of the request was not understood"
    return _problem(422, "unprocessable-entity", "#unprocessable-entity", detail, {"message": message})


def unauthorized(path: str) -> Problem:
    """Return a 401: the bearer token is missing, expired or revoked."""
    return Problem(status=401, body=_hal("Unauthorized", "Unauthorized", path))


def wrong_credentials(path: str) -> Problem:
    """Return a 400, as a self-managed Airbyte does for a wrong client id or secret (Cloud answers 401)."""
    return Problem(status=400, body=_hal("Bad Request", "Invalid client id or token", path))


def no_such_route(path: str) -> Problem:
    """Return a 404: the API has no such path."""
    return Problem(status=404, body=_hal("Not Found", "Page Not Found", path))


def of_status(status: int) -> Problem:
    """Return a plausible error response for the status of an injected fault."""
    if status == 429:
        return Problem(status=429, body={"message": "You are being rate limited."})
    titles = {401: "invalid-api-key", 403: "forbidden", 404: "resource-not-found", 503: "service-unavailable"}
    title = titles.get(status, "unexpected-problem" if status >= 500 else "bad-request")
    anchor = f"#{title}" if status < 500 else ""
    return _problem(status, title, anchor, "A fault that the local Airbyte injected.", {"message": "fault"})


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
