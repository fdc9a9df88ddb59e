"""An Airbyte over HTTP for one test, and a client of it: connections, their jobs, and refusals."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from dag_factory.workspace.handover.moves import AirbyteRefusedError, AirbyteUnansweredError


class FakeWorkspace:
    """The connections by id, and what has been changed. `refusals` answer a PATCH with a status."""

    def __init__(self):
        self.connections: dict[str, dict] = {}
        self.jobs: dict[str, list[dict]] = {}
        self.refusals: dict[str, int] = {}
        self.patches: list[tuple[str, dict]] = []
        self.reads: list[str] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}/api/public/v1"

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def add(self, connection_id, name, schedule, *, status="active", last_job_hours=2.0):
        self.connections[connection_id] = {
            "connectionId": connection_id,
            "name": name,
            "status": status,
            "workspaceId": "0b2a7b52-64a0-4d9c-b1a3-0a6f6f7f0001",
            "schedule": schedule,
        }
        created = datetime.now(UTC) - timedelta(hours=last_job_hours)
        text = created.strftime("%Y-%m-%dT%H:%M:%SZ")
        job = {"jobId": 1, "jobType": "sync", "status": "succeeded", "startTime": text, "lastUpdatedAt": text}
        self.jobs[connection_id] = [{**job, "connectionId": connection_id, "duration": "PT0S"}]

    def _handler(self):
        workspace = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                path, _, query = self.path.partition("?")
                workspace.reads.append(path)
                if path.endswith("/jobs"):
                    connection_id = query.removeprefix("connectionId=")
                    self._answer(200, {"data": workspace.jobs.get(connection_id, [])})
                    return
                found = workspace.connections.get(path.rpartition("/")[2])
                self._answer(200 if found else 404, found or {"title": "not found"})

            def do_PATCH(self):
                connection_id = self.path.rpartition("/")[2]
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status = workspace.refusals.get(connection_id)
                if status is None:
                    workspace.patches.append((connection_id, body["schedule"]))
                    workspace.connections[connection_id]["schedule"] = body["schedule"]
                self._answer(status or 200, {"title": "refused"} if status else {})

            def _answer(self, status, body):
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        return Handler


class Client:
    """The few calls of the API that a take-over makes."""

    def __init__(self, url):
        self.url = url

    def connection(self, connection_id):
        return self._call("GET", f"connections/{connection_id}")

    def jobs(self, connection_id):
        return self._call("GET", f"jobs?connectionId={connection_id}")["data"]

    def set_schedule(self, connection_id, schedule):
        self._call("PATCH", f"connections/{connection_id}", {"schedule": dict(schedule)})

    def _call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/{path}", data=data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                message = f"{error.code} {json.loads(error.read())['title']}"
            raise AirbyteRefusedError(message) from error
        except OSError as error:
            raise AirbyteUnansweredError(str(error)) from error
