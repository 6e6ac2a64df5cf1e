"""A small hub on loopback: as much of the protocol of huggingface.co as pushing and loading need."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote


class Hub:
    """Repositories by name, each a list of commits, each {file: content}."""

    def __init__(self) -> None:
        self.repositories: dict[str, list[dict[str, bytes]]] = {}
        self.private: dict[str, Any] = {}
        self.uploaded: dict[str, bytes] = {}  # by LFS
        self.requests: list[tuple[str, str, str | None]] = []  # method, path, key
        self.large = False  # weights go by LFS
        self.lie: dict[str, Any] = {}  # fields of the answer about a model
        self.broken: int | None = None  # answer this code to everything
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def answer(self) -> None:
                path = unquote(self.path.partition("?")[0])
                hub.requests.append((self.command, path, self.headers.get("Authorization")))
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                code, headers, data = hub.answer(self.command, path, body, self.headers)
                self.send_response(code)
                for name, value in {"Content-Length": str(len(data)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(data)

            do_GET = do_HEAD = do_POST = do_PUT = answer

        self.web = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.web.server_port}"
        threading.Thread(target=self.web.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.web.shutdown()
        self.web.server_close()

    def put(self, name: str, files: dict[str, bytes]) -> str:
        self.repositories.setdefault(name, []).append(files)
        return self.commit(name)

    def commit(self, name: str, number: int = -1) -> str:
        commits = self.repositories[name]
        return hashlib.sha1(f"{name} {range(len(commits))[number] if commits else -1}".encode()).hexdigest()

    def files(self, name: str, revision: str) -> dict[str, bytes] | None:
        commits = self.repositories[name]
        if revision == "main":
            return commits[-1] if commits else {}
        return next((c for i, c in enumerate(commits) if self.commit(name, i) == revision), None)

    def answer(self, method: str, path: str, body: bytes, headers: Any) -> tuple[int, dict[str, str], bytes]:
        def reply(record: Any, code: int = 200, **more: str) -> tuple[int, dict[str, str], bytes]:
            return code, {"Content-Type": "application/json", **more}, json.dumps(record).encode()

        if self.broken:
            return reply({"error": "hf_secret"}, self.broken)
        if path == "/api/validate-yaml":
            return reply({"errors": [], "warnings": []})
        if path == "/api/repos/create":
            asked = json.loads(body)
            name = f"{asked['organization']}/{asked['name']}" if asked.get("organization") else asked["name"]
            known = name in self.repositories
            self.repositories.setdefault(name, [])
            self.private.setdefault(name, asked.get("private") or asked.get("visibility") == "private")
            return reply({"url": f"{self.address}/{name}"}, 409 if known else 200)
        if found := re.fullmatch(r"/api/models/([^/]+/[^/]+)/preupload/main", path):
            return reply({"files": [{"path": f["path"], "shouldIgnore": False, "uploadMode":
                          "lfs" if self.large and f["path"].endswith("safetensors") else "regular"}
                          for f in json.loads(body)["files"]]})
        if found := re.fullmatch(r"/([^/]+/[^/]+)\.git/info/lfs/objects/batch", path):
            return reply({"transfer": "basic", "objects": [
                {**o, "actions": {"upload": {"href": f"{self.address}/lfs/{o['oid']}"}}}
                for o in json.loads(body)["objects"]]}, **{"Content-Type": "application/vnd.git-lfs+json"})
        if found := re.fullmatch(r"/lfs/(\w+)", path):
            self.uploaded[found[1]] = body
            return reply({})
        if found := re.fullmatch(r"/api/models/([^/]+/[^/]+)/commit/main", path):
            files = dict(self.files(found[1], "main") or {})
            for line in body.decode().splitlines():
                record = json.loads(line)
                value = record["value"]
                if record["key"] == "file":
                    files[value["path"]] = base64.b64decode(value["content"])
                elif record["key"] == "lfsFile":
                    files[value["path"]] = self.uploaded[value["oid"]]
            oid = self.put(found[1], files)
            return reply({"success": True, "commitOid": oid, "commitUrl":
                          f"{self.address}/{found[1]}/commit/{oid}"})
        if found := re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/revision/(.+))?", path):
            if found[1] not in self.repositories:
                return reply({"error": "Repository not found"}, 404, **{"X-Error-Code": "RepoNotFound"})
            chosen = self.files(found[1], found[2] or "main")
            if chosen is None:
                return reply({"error": "no revision"}, 404, **{"X-Error-Code": "RevisionNotFound"})
            number = next((i for i, c in enumerate(self.repositories[found[1]]) if c is chosen), -1)
            return reply({"id": found[1], "sha": self.commit(found[1], number), "siblings": [
                {"rfilename": name, "size": len(data)} for name, data in chosen.items()], **self.lie})
        if found := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            chosen = self.files(found[1], found[2]) or {}
            if found[3] not in chosen:
                return reply({}, 404, **{"X-Error-Code": "EntryNotFound"})
            data = chosen[found[3]]
            number = next(i for i, c in enumerate(self.repositories[found[1]]) if c is chosen)
            return 200, {"ETag": f'"{hashlib.sha1(data).hexdigest()}"',
                         "X-Repo-Commit": self.commit(found[1], number)}, data
        return reply({"error": path}, 404)
