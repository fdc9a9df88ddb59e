"""Puts the application together: both prefixes of the public API, the admin path, faults and error bodies."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from dag_factory.local_airbyte import admin, pages, problems, routes
from dag_factory.local_airbyte.faults import PREFIXES
from dag_factory.local_airbyte.guard import GuardMiddleware
from dag_factory.local_airbyte.middleware import FaultMiddleware
from dag_factory.local_airbyte.platform import Platform
from dag_factory.local_airbyte.problems import Problem, ProblemError


def create_app(platform: Platform) -> FastAPI:
    """The ASGI application that serves a platform."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.state.platform = platform
    app.include_router(admin.build_router())
    app.include_router(pages.build_router())
    for prefix in PREFIXES:
        app.include_router(routes.build_router(), prefix=prefix)
    app.add_exception_handler(ProblemError, _answer_problem)
    app.add_exception_handler(RequestValidationError, _answer_mistake)
    app.add_exception_handler(HTTPException, _answer_no_route)
    app.add_middleware(FaultMiddleware, platform=platform)
    app.add_middleware(GuardMiddleware)  # the last one added comes first
    return app


def _answer_problem(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ProblemError)  # noqa: S101 (registered for it)
    return _response(error.problem)


def _answer_mistake(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    mistakes = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
    return _response(problems.bad_request(mistakes))


def _answer_no_route(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101
    found = problems.no_such_route(request.url.path)
    return _response(Problem(status=error.status_code, body={**found.body, "message": error.detail}))


def _response(problem: Problem) -> JSONResponse:
    return JSONResponse(problem.body, status_code=problem.status)
