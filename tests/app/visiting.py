"""One open page, as the server's tests see it."""

from __future__ import annotations

import secrets
import time
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from avspeech.app.server import PAGE, TOKEN, Server

HOST = "http://127.0.0.1:8765"


class Visitor:
    """One open page."""

    def __init__(self, server: Server, client: TestClient) -> None:
        self.server, self.client = server, client
        self.name = secrets.token_hex(16)
        self.headers = {TOKEN: server.token, PAGE: self.name}

    def ask(self, method: str, path: str, **options: Any) -> Any:
        return self.client.request(method, path, headers={**self.headers, **options.pop("headers", {})},
                                   **options)

    def give(self, data: bytes | Path, name: str) -> Any:
        content = data.read_bytes() if isinstance(data, Path) else data
        return self.ask("POST", "/api/upload", params={"name": name}, content=content)

    def begin(self, kind: str, **request: Any) -> str:
        answer = self.ask("POST", "/api/jobs", json={"kind": kind, "request": request})
        assert answer.status_code == 200, answer.text
        return answer.json()["id"]

    def told(self, job: str) -> dict[str, Any]:
        return self.ask("GET", f"/api/jobs/{job}").json()

    def wait(self, job: str, until: Any = None) -> dict[str, Any]:
        """What is told of a job when it has ended, or when `until` holds."""
        for _ in range(4000):
            told = self.told(job)
            if until(told) if until else told["state"] in ("done", "failed", "cancelled"):
                return told
            time.sleep(0.02)
        raise AssertionError(f"the job does not end: {told}")

    def do(self, kind: str, **request: Any) -> dict[str, Any]:
        return self.wait(self.begin(kind, **request))
