"""The documentation page. Its files are served from here: no request leaves the machine."""

from __future__ import annotations

from importlib.resources import files
from pathlib import PurePosixPath

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>osa ingestion API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="docs"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
# The validator's badge would be fetched from the internet.
_START = """SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  validatorUrl: null,
});
"""
#: Whatever the page may contain, the browser asks nobody but this server.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'"
)
_STATIC = files("osa.server.http").joinpath("static", "swagger-ui")
_TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
#: By name: nothing else is looked up, whatever the path says.
_FILES = ("swagger-ui-bundle.js", "swagger-ui.css")


def add_docs(app: FastAPI) -> None:
    """`/docs`, and `/` on the way there. Not in the contract."""
    app.add_route("/", _to_docs, methods=["GET"], include_in_schema=False)
    app.add_route("/docs", _page, methods=["GET"], include_in_schema=False)
    app.add_route("/docs/{name}", _file, methods=["GET"], include_in_schema=False)


async def _to_docs(request: Request) -> Response:
    return RedirectResponse("/docs", status_code=307)


async def _page(request: Request) -> Response:
    return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _POLICY})


def _file(request: Request) -> Response:
    name = request.path_params["name"]
    if name == "start.js":
        content = _START.encode()
    elif name in _FILES:
        content = _STATIC.joinpath(name).read_bytes()
    else:
        raise HTTPException(404)
    return Response(
        content,
        media_type=_TYPES[PurePosixPath(name).suffix],
        headers={"Cache-Control": "max-age=3600"},
    )
