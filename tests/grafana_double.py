"""A server that answers as Grafana's HTTP API is documented to, for the endpoints that Charles asks. It is no Grafana:
it keeps what it is given, checks who asks, and draws nothing."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from charles.settings import Grafana

PASSWORD = "correct horse"  # noqa: S105
TOKEN = "glsa_battery_staple"  # noqa: S105

Answer = tuple[int, Any]


class Double:
    """dashboards: by uid, with their folders'; folders: titles by uid; annotations: in the order in which they came;
    fails_next: answers to give instead of its own."""

    def __init__(self) -> None:
        self.dashboards: dict[str, tuple[str, dict[str, Any]]] = {}
        self.folders: dict[str, str] = {}
        self.annotations: list[dict[str, Any]] = []
        self.fails_next: list[Answer] = []
        self.asked = 0

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: Any) -> Answer:
        match method, path.strip("/").split("/")[1:]:
            case "GET", ["dashboards", "uid", uid]:
                return self._dashboard(uid)
            case "POST", ["dashboards", "db"]:
                return self._save(body)
            case "GET", ["folders", uid]:
                if uid not in self.folders:
                    return 404, {"message": "folder not found"}
                return 200, {"uid": uid, "title": self.folders[uid]}
            case "POST", ["folders"]:
                if body["uid"] in self.folders:
                    return 412, {"message": "the folder has been changed by someone else"}
                self.folders[body["uid"]] = body["title"]
                return 200, {"uid": body["uid"], "title": body["title"]}
            case "GET", ["annotations"]:
                first, last = int(query["from"][0]), int(query["to"][0])
                tags = set(query.get("tags", []))
                return 200, [one for one in self.annotations if first <= one["time"] <= last and tags <= {*one["tags"]}]
            case "POST", ["annotations"]:
                self.annotations.append({**body, "id": len(self.annotations) + 1})
                return 200, {"message": "Annotation added", "id": len(self.annotations)}
        return 404, {"message": "Not found"}

    def _dashboard(self, uid: str) -> Answer:
        if uid not in self.dashboards:
            return 404, {"message": "Dashboard not found"}
        folder, dashboard = self.dashboards[uid]
        return 200, {"meta": {"folderUid": folder}, "dashboard": dashboard}

    def _save(self, body: Any) -> Answer:
        dashboard, folder = body["dashboard"], body.get("folderUid", "")
        if folder and folder not in self.folders:
            return 400, {"message": "folder not found"}
        uid = dashboard["uid"]
        before = self.dashboards.get(uid)
        if before and not body.get("overwrite"):
            return 412, {"message": "A dashboard with the same uid already exists", "status": "name-exists"}
        version = before[1]["version"] + 1 if before else 1
        self.dashboards[uid] = folder, {**dashboard, "id": 7, "version": version}
        return 200, {"id": 7, "uid": uid, "status": "success", "version": version}


@contextmanager
def serving(double: Double, port: int = 0) -> Iterator[Grafana]:
    """The double on loopback, while this lasts; gives the settings that reach it."""

    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"null")
            place = urlsplit(self.path)
            double.asked += 1
            if double.fails_next:
                code, answer = double.fails_next.pop(0)
            elif self.headers.get("Authorization") not in _WELCOME:
                code, answer = 401, {"message": "Invalid username or password"}
            else:
                code, answer = double.answer(self.command, place.path, parse_qs(place.query), body)
            content = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
            self.send_response(code)
            self.send_header("Content-Length", str(len(content)))
            if code in (301, 302):
                self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _handle  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield Grafana(url=f"http://127.0.0.1:{server.server_address[1]}", password=PASSWORD)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


_WELCOME = {f"Bearer {TOKEN}", "Basic " + base64.b64encode(f"admin:{PASSWORD}".encode()).decode()}
