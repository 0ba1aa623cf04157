"""The application: its routes, and one sentence for every request that is refused."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

import sciner
from sciner.errors import InputError
from sciner.serve import inception, label_studio, plain
from sciner.serve.guard import RETRY, Guard, refusal
from sciner.serve.predictor import Unavailable
from sciner.serve.service import Service, TooLarge


class Problem(BaseModel):
    """Why a request was refused, in one sentence."""

    detail: str


REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "The body is not UTF-8, or Host is another machine."},
    401: {"model": Problem, "description": "The token is missing or wrong."},
    408: {"model": Problem, "description": "The request did not arrive in time."},
    413: {"model": Problem, "description": "The request has too many bytes or sentences."},
    415: {"model": Problem, "description": "The request is not JSON."},
    422: {"model": Problem, "description": "The request is malformed."},
    503: {"model": Problem, "description": "The server has too much to do; see Retry-After."},
}
SAID = {
    400: "the body is not JSON in UTF-8, or is nested too deeply",
    404: "there is nothing at this address; /openapi.json lists the addresses",
    405: "this address needs another method; /openapi.json lists the addresses",
}


def build(service: Service, token: str | None = None) -> Guard:
    """Make the application that serves a tagger.

    Args:
        service: the tagger.
        token: that every request must give; None serves requests to localhost only.
    """
    app = FastAPI(
        title="sciner",
        version=sciner.__version__,
        docs_url=None,  # these pages load scripts from elsewhere
        redoc_url=None,
        responses=REFUSALS,
    )
    app.include_router(plain.router(service))
    app.include_router(label_studio.router(service), prefix="/label_studio")
    app.include_router(inception.router(service), prefix="/inception")

    @app.exception_handler(RequestValidationError)
    def malformed(request: Request, error: RequestValidationError) -> JSONResponse:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            return refusal(415, "send JSON, with Content-Type: application/json")
        return refusal(422, sentence_of(error.errors()[0]))

    @app.exception_handler(HTTPException)
    def impossible(_: Request, error: HTTPException) -> JSONResponse:
        status = error.status_code
        return refusal(status, SAID.get(status, error.detail), error.headers)

    @app.exception_handler(InputError)
    def unusable(_: Request, error: InputError) -> JSONResponse:
        return refusal(422, str(error))

    @app.exception_handler(TooLarge)
    def too_large(_: Request, error: TooLarge) -> JSONResponse:
        return refusal(413, str(error))

    @app.exception_handler(Unavailable)
    def unavailable(_: Request, error: Unavailable) -> JSONResponse:
        return refusal(503, str(error), RETRY)

    @app.exception_handler(Exception)
    def unexpected(_: Request, error: Exception) -> JSONResponse:
        return refusal(500, f"{type(error).__name__} in sciner; its log has the place")

    return Guard(app, service.limits, token)


def sentence_of(error: dict[str, Any]) -> str:
    """A validation error of pydantic as one sentence, without the input."""
    if error["type"] == "json_invalid":
        return f"the body is not JSON ({error['ctx']['error']} at character {error['loc'][-1]})"
    place = ".".join(str(part) for part in error["loc"] if part != "body")
    return f"{place or 'the body'}: {error['msg'][:1].lower()}{error['msg'][1:]}"
