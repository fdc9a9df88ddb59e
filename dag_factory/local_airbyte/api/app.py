"""The application: both prefixes of the public API, the admin path, injected faults and error responses."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from dag_factory.local_airbyte.api import admin_routes, contents_routes, public_routes, timeline_page
from dag_factory.local_airbyte.api.loopback_guard import GuardMiddleware
from dag_factory.local_airbyte.faults.fault_middleware import FaultMiddleware
from dag_factory.local_airbyte.faults.route_names import PREFIXES
from dag_factory.local_airbyte.model import problems
from dag_factory.local_airbyte.model.problems import Problem, ProblemError
from dag_factory.local_airbyte.platform import Platform
from dag_factory.local_airbyte.scheduler import Scheduler


def create_app(platform: Platform, scheduler: Scheduler) -> FastAPI:
    """Return the ASGI application for a platform and its scheduler."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.state.platform, app.state.scheduler = platform, scheduler
    app.include_router(admin_routes.build_router())
    app.include_router(contents_routes.build_router(), prefix=admin_routes.PREFIX)
    app.include_router(timeline_page.build_router())
    for prefix in PREFIXES:
        app.include_router(public_routes.build_router(), prefix=prefix)
    app.add_exception_handler(ProblemError, _answer_problem)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(HTTPException, _answer_no_route)
    app.add_middleware(
        FaultMiddleware,
        faults=platform.faults,
        counts=platform.request_counts,
        store=platform.store,
        clock=platform.clock,
    )
    app.add_middleware(GuardMiddleware)  # the last one added runs first
    return app


def _answer_problem(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ProblemError)  # noqa: S101 (registered for this type)
    return _response(error.problem)


def _answer_invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    errors = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
    return _response(problems.bad_request(errors))


def _answer_no_route(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101
    problem = problems.no_such_route(request.url.path)
    return _response(Problem(status=error.status_code, body={**problem.body, "message": error.detail}))


def _response(problem: Problem) -> JSONResponse:
    return JSONResponse(problem.body, status_code=problem.status)
