"""The in-memory Airbyte over HTTP, on the loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from dag_factory.airbyte.effects import Request, TransportError
from tests.airbyte.fake_airbyte import FakeAirbyte


@contextmanager
def http_of(airbyte: FakeAirbyte) -> Iterator[str]:
    """Serve an in-memory Airbyte on the loopback, and yield the URL of its API."""
    methods = dict.fromkeys(("do_GET", "do_POST", "do_DELETE"), _Handler.answer)
    handler = type("Handler", (_Handler,), {"airbyte": airbyte, **methods})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/api/public/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    airbyte: FakeAirbyte

    def answer(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        request = Request(
            method=self.command,
            url=self.path,
            params=dict(parse_qsl(urlsplit(self.path).query)),
            body=json.loads(content) if content else None,
        )
        try:
            response = self.airbyte.send(request)
        except TransportError:
            self.close_connection = True
            return
        self.send_response_only(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.content)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(response.content)
        self.close_connection = True

    def log_message(self, *_arguments: object) -> None:
        """Log nothing."""
