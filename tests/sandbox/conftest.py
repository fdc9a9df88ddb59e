"""An HTTP server that sends the responses set by a test."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest


class Server(ThreadingHTTPServer):
    """Responds from `answers` by method and path, lists in pages, and records the requests.

    An answer is JSON, a status and JSON, or a list of answers, one for each request.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[str, object] = {}
        self.lists: dict[str, tuple[str, list[object]]] = {}
        self.sent: list[tuple[str, object]] = []
        self.tokens: list[str | None] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def _answer(self) -> None:
        url = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        if length:
            self.server.sent.append((f"{self.command} {self.path}", json.loads(self.rfile.read(length))))
        self.server.tokens.append(self.headers.get("Authorization"))
        status, content = self._content(f"{self.command} {url.path}", parse_qs(url.query))
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _content(self, key: str, query: dict[str, list[str]]) -> tuple[int, object]:
        if key in self.server.lists:
            name, items = self.server.lists[key]
            offset, limit = int(query["offset"][0]), int(query["limit"][0])
            return 200, {name: items[offset : offset + limit], "total_entries": len(items)}
        answer = self.server.answers.get(key, (404, {"detail": "not there"}))
        if isinstance(answer, list):
            answer = answer.pop(0)
        return answer if isinstance(answer, tuple) else (200, answer)

    do_GET = do_POST = do_PATCH = _answer  # noqa: N815 (the names that the library calls)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server
        server.shutdown()
        thread.join()
