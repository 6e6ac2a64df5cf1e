"""The server of the page: who may ask, what is kept, and what is sent.

Nobody but the page itself is answered. A request must name this machine as its host (against names
of others that lead here), come from no other site, and carry the token of the page. The page may
load nothing from elsewhere (Content-Security-Policy), and nothing is sent to anyone.
"""

from __future__ import annotations

import collections
import contextlib
import hmac
import ipaddress
import json
import re
import secrets
import shutil
import threading
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

import anyio
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from avspeech.app import limits as bounds
from avspeech.app import marks
from avspeech.app.jobs import OVER, Job, Jobs
from avspeech.app.limits import Limits
from avspeech.app.rooms import ROOMS
from avspeech.errors import InputError
from avspeech.version import __version__

STATIC = {"app.css": "text/css", "api.js": "text/javascript", "app.js": "text/javascript",
          "emotion.js": "text/javascript", "extract.js": "text/javascript",
          "players.js": "text/javascript", "recorder.js": "text/javascript",
          "speak.js": "text/javascript", "icon.svg": "image/svg+xml"}
KINDS = {".wav": "audio/wav", ".mp4": "video/mp4", ".jpg": "image/jpeg", ".vtt": "text/vtt",
         ".json": "application/json"}
POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
          "media-src 'self'; connect-src 'self'; worker-src 'self'; base-uri 'none'; "
          "form-action 'none'; frame-ancestors 'none'")
HEADERS = {"content-security-policy": POLICY, "x-content-type-options": "nosniff",
           "referrer-policy": "no-referrer", "cross-origin-opener-policy": "same-origin",
           "cross-origin-resource-policy": "same-origin", "cache-control": "no-store",
           "x-dns-prefetch-control": "off",
           "permissions-policy": "camera=(), geolocation=(), microphone=(self)"}
TOKEN, PAGE = "x-avspeech-token", "x-avspeech-page"
ASKED = 200_000  # bytes of a request that is no file
CHUNK = 4_000_000  # bytes of sound of a microphone in one request
SPARE = 500_000_000  # bytes that are left free on the disk
SWEEP = 20.0  # seconds between two looks for pages that were left


@dataclass
class Upload:
    """A file that was given to the page."""

    path: Path
    name: str  # the user's, to be shown


@dataclass
class Page:
    """What one open page has on this machine."""

    folder: Path
    uploads: dict[str, Upload] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    seen: float = 0.0  # on the monotonic clock


class Refused(Exception):
    """A request that is answered by one line.

    Args:
        status: of HTTP.
        line: for the user.
    """

    def __init__(self, status: int, line: str) -> None:
        super().__init__(line)
        self.status, self.line = status, line


class Guard:
    """Answers nobody but the page, and puts the headers on every answer.

    Args:
        app: what is guarded.
        token: of the page.
        names: of this machine, besides its addresses.
        everywhere: whether the server listens on other addresses than the loopback.
    """

    def __init__(self, app: ASGIApp, token: str, names: frozenset[str], everywhere: bool) -> None:
        self.app, self.token, self.names, self.everywhere = app, token, names, everywhere

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request, or refuses it."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                names = {name for name, _ in message["headers"]}
                message["headers"] += [(k.encode(), v.encode()) for k, v in HEADERS.items()
                                       if k.encode() not in names]
            await send(message)

        request = Request(scope)
        line = self._refusal(request)
        if line is not None:
            await JSONResponse({"line": line}, 403)(scope, receive, with_headers)
            return
        await self.app(scope, receive, with_headers)

    def _refusal(self, request: Request) -> str | None:
        """Why a request is not answered."""
        hosts = request.headers.getlist("host")
        if len(hosts) != 1 or not self._is_ours(hosts[0]):
            return "this name does not belong to this machine; open the address that was printed"
        origin = request.headers.get("origin")
        if origin is not None and origin not in (f"http://{hosts[0]}", f"https://{hosts[0]}"):
            return "a page of another site may not ask"
        site = request.headers.get("sec-fetch-site", "none")
        if site not in ("same-origin", "none"):
            # A link or a bookmark elsewhere may lead to the page itself, and to nothing else.
            leads = request.headers.get("sec-fetch-mode") == "navigate"
            if not (leads and request.method == "GET" and request.url.path == "/"):
                return "a page of another site may not ask"
        if request.url.path.startswith("/api/") and not hmac.compare_digest(
                request.headers.get(TOKEN, "").encode(), self.token.encode()):
            return "the page is from before the server was started; load it again"
        return None

    def _is_ours(self, host: str) -> bool:
        name = re.sub(r":\d{1,5}$", "", host).strip("[]").lower().rstrip(".")
        if name in self.names:
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        # An address cannot be made to lead elsewhere, as a name can.
        return address.is_loopback or self.everywhere


class Server:
    """The state of the app and its answers.

    Args:
        folder: for all that it keeps; see `folders.work_folder`.
        limits: of the page.
        names: of this machine, besides "localhost" and its addresses.
        everywhere: whether it listens on other addresses than the loopback.
    """

    def __init__(self, folder: Path, limits: Limits | None = None,
                 names: frozenset[str] = frozenset(), everywhere: bool = False) -> None:
        self.folder, self.limits = folder, limits or Limits()
        self.token = secrets.token_urlsafe(24)
        self.pages: dict[str, Page] = {}
        self.jobs = Jobs(folder, self.limits, ROOMS)
        self._lock = threading.Lock()
        self._left: collections.deque[str] = collections.deque(maxlen=1000)  # pages that are closed
        self._count = 0
        routes = [
            Route("/", self._index), Route("/static/{name}", self._static),
            Route("/favicon.ico", self._icon),
            Route("/files/{job}/{name}", self._file),
            Route("/api/about", self._about),
            Route("/api/upload", self._upload, methods=["POST"]),
            Route("/api/upload/{id}", self._forget_upload, methods=["DELETE"]),
            Route("/api/jobs", self._ask, methods=["POST"]),
            Route("/api/jobs/{job}", self._told, methods=["GET"]),
            Route("/api/jobs/{job}", self._drop, methods=["DELETE"]),
            Route("/api/jobs/{job}/cancel", self._cancel, methods=["POST"]),
            Route("/api/jobs/{job}/sound", self._sound, methods=["POST"]),
            Route("/api/marks", self._marks, methods=["POST"]),
            Route("/api/here", self._here, methods=["POST"]),
            Route("/api/leave", self._leave, methods=["POST"]),
        ]
        inner = Starlette(routes=routes, lifespan=self._life, exception_handlers={
            Refused: self._refused, InputError: self._bad, ClientDisconnect: self._gone})
        self.app = Guard(inner, self.token, names | {"localhost"}, everywhere)

    @contextlib.asynccontextmanager
    async def _life(self, app: Starlette) -> AsyncIterator[None]:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._sweep)
            yield
            tasks.cancel_scope.cancel()
        self.close()

    async def _sweep(self) -> None:
        while True:
            await anyio.sleep(SWEEP)
            await run_in_threadpool(self.sweep)

    def sweep(self) -> None:
        """Forgets pages that have not been heard of for long."""
        with self._lock:
            now = time.monotonic()
            left = [key for key, page in self.pages.items()
                    if now - page.seen > self.limits.idle]
            gone = [self.pages.pop(key) for key in left]
            self._left.extend(left)
        for page in gone:
            self._empty(page)

    def close(self) -> None:
        """Ends all jobs and removes all files."""
        self.jobs.close()
        with self._lock:
            pages, self.pages = list(self.pages.values()), {}
        for page in pages:
            self._empty(page)

    def _empty(self, page: Page) -> None:
        for job in list(page.jobs.values()):
            self.jobs.drop(job)
        shutil.rmtree(page.folder, ignore_errors=True)

    # Answers

    async def _refused(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, Refused)
        return JSONResponse({"line": error.line}, error.status)

    async def _bad(self, request: Request, error: Exception) -> Response:
        return JSONResponse({"line": " ".join(str(error).split())}, 400)

    async def _gone(self, request: Request, error: Exception) -> Response:
        return Response(status_code=400)

    def _index(self, request: Request) -> Response:
        text = _asset("index.html").decode().replace("{token}", self.token)
        return Response(text.replace("{version}", __version__), media_type="text/html")

    def _static(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in STATIC:
            raise Refused(404, "there is no such file")
        return Response(_asset(name), media_type=STATIC[name])

    def _icon(self, request: Request) -> Response:
        return Response(_asset("icon.svg"), media_type=STATIC["icon.svg"])

    def _about(self, request: Request) -> Response:
        from avspeech.core import pretrained
        from avspeech.synthesis.settings import VoiceConfig

        models = []
        for name in pretrained.names():
            info = pretrained.read_info(name)
            speaks = info.task == "synthesis"
            models.append({"name": name, "task": info.task, "licence": info.licence,
                           "voices": list(info.config.get("speakers", [])) if speaks else [],
                           "steps": info.config.get("steps", VoiceConfig.steps) if speaks else 0})
        return JSONResponse({"models": models, "limits": vars(self.limits)})

    async def _upload(self, request: Request) -> Response:
        page = self._page(request, new=True)
        name = bounds.shown_name(request.query_params.get("name", ""))
        stated = request.headers.get("content-length", "")
        size = int(stated) if stated.isascii() and stated.isdigit() else 0
        self._fits(size)
        if len(page.uploads) >= self.limits.kept:
            raise Refused(409, f"this page has {len(page.uploads)} files already; take one away")
        key = secrets.token_urlsafe(12)
        folder = self._new(page)
        path = folder / f"file{bounds.suffix_of(name)}"
        done = 0
        try:
            async with await anyio.open_file(path, "wb") as file:
                async for chunk in request.stream():
                    done += len(chunk)
                    self._fits(done)
                    await file.write(chunk)
            if not done:
                raise Refused(400, f"{name or 'the file'}: it is empty (0 bytes)")
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise Refused(507, f"the file cannot be stored here ({error.strerror}); free some "
                          "space") from None
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        page.seen = time.monotonic()
        if self.pages.get(request.headers[PAGE]) is not page:  # it was left meanwhile
            shutil.rmtree(folder, ignore_errors=True)
            raise Refused(409, "the page was closed")
        page.uploads[key] = Upload(path, name)
        return JSONResponse({"id": key, "name": name, "size": done})

    def _fits(self, size: int) -> None:
        try:
            bounds.check_size(size, self.limits)
        except InputError as error:
            raise Refused(413, str(error)) from None
        if size and shutil.disk_usage(self.folder).free < SPARE:
            raise Refused(507, "the disk of this machine is nearly full; free some space")

    def _forget_upload(self, request: Request) -> Response:
        upload = self._page(request).uploads.pop(request.path_params["id"], None)
        if upload is not None:
            shutil.rmtree(upload.path.parent, ignore_errors=True)
        return JSONResponse({})

    async def _ask(self, request: Request) -> Response:
        page, asked = self._page(request, new=True), await _json(request)
        kind, wanted = asked.get("kind"), asked.get("request")
        if kind not in ROOMS or not isinstance(wanted, dict):
            raise Refused(400, "there is no such job")
        keys = wanted.get("files", [])
        if not isinstance(keys, list) or not all(isinstance(k, str) and k in page.uploads
                                                 for k in keys):
            raise Refused(400, "the file is not here any more; give it again")
        uploads = [page.uploads[k] for k in keys]
        request_for = {**wanted, "files": [str(u.path) for u in uploads]}
        job = Job(kind, request_for, self._new(page),
                  names={str(u.path): u.name for u in uploads})
        if kind == "speak":
            bounds.check_text(str(wanted.get("text", "")), self.limits)
        key = secrets.token_urlsafe(12)
        with self._lock:
            if self.pages.get(request.headers[PAGE]) is not page:
                raise Refused(409, "the page was closed")
            self.jobs.add(job)
            page.jobs[key] = job
        return JSONResponse({"id": key})

    def _told(self, request: Request) -> Response:
        job = self._job(request)
        known = request.query_params.get("answers", "0")
        state = {"state": job.state, "before": self.jobs.before(job), "progress": job.progress,
                 "line": job.line, "notes": job.notes, "ready": job.ready,
                 "answers": job.answers[int(known) if known.isdecimal() else 0:]}
        if job.state == "done":
            state["result"] = job.result
        return JSONResponse(state)

    def _cancel(self, request: Request) -> Response:
        self.jobs.cancel(self._job(request))
        return JSONResponse({})

    def _drop(self, request: Request) -> Response:
        job = self._page(request).jobs.pop(request.path_params["job"], None)
        if job is not None:
            self.jobs.drop(job)
        return JSONResponse({})

    async def _sound(self, request: Request) -> Response:
        job = self._job(request)
        data = await _body(request, CHUNK)
        if job.kind != "microphone" or job.state in OVER:
            raise Refused(409, "nobody listens any more")
        await run_in_threadpool(self.jobs.sound, job, data or None)
        return JSONResponse({})

    async def _marks(self, request: Request) -> Response:
        asked = await _json(request)
        text = str(asked.get("text", ""))
        bounds.check_text(text, self.limits)
        if (action := asked.get("action")) is not None:
            start, end = asked.get("start"), asked.get("end")
            if type(start) is not int or type(end) is not int or not isinstance(action, str):
                raise Refused(400, "a word has a start, an end and an action")
            text = await run_in_threadpool(marks.change, text, start, end, action)
        found = await run_in_threadpool(marks.words, text)
        return JSONResponse({"text": text, "words": [vars(word) for word in found]})

    def _here(self, request: Request) -> Response:
        with self._lock:
            if (page := self.pages.get(request.headers.get(PAGE, ""))) is not None:
                page.seen = time.monotonic()
        return JSONResponse({})

    def _leave(self, request: Request) -> Response:
        with self._lock:
            key = request.headers.get(PAGE, "")
            page = self.pages.pop(key, None)
            self._left.append(key)
        if page is not None:
            self._empty(page)
        return JSONResponse({})

    def _file(self, request: Request) -> Response:
        """A file of a job, whose name nobody guesses: pictures and players send no token."""
        key, name = request.path_params["job"], request.path_params["name"]
        job = next((p.jobs[key] for p in list(self.pages.values()) if key in p.jobs), None)
        if job is None or job.state != "done" or name not in _files(job.result):
            raise Refused(404, "this file is not here any more")
        path = job.folder / name
        if not path.is_file():
            raise Refused(404, "this file is not here any more")
        kind = KINDS.get(path.suffix, "application/octet-stream")
        wanted = request.query_params.get("as")
        given = bounds.shown_name(wanted) if wanted is not None else None
        return FileResponse(path, media_type=kind, filename=given or None,
                            content_disposition_type="attachment" if given else "inline")

    # What is kept

    def _page(self, request: Request, new: bool = False) -> Page:
        """What the page of a request has. new: whether it may be one that has nothing yet."""
        key = request.headers.get(PAGE, "")
        if not re.fullmatch(r"[A-Za-z0-9-]{16,64}", key):
            raise Refused(400, "the page has no name; load it again")
        with self._lock:
            if key not in self.pages:
                # What a page sent before it was closed may come after that.
                if key in self._left or not new:
                    raise Refused(409, "this page was closed, or not used for long; load it again")
                if len(self.pages) >= self.limits.pages:
                    raise Refused(429, f"{len(self.pages)} pages are open; close one of them")
                self.pages[key] = Page(self._folder("page"))
            page = self.pages[key]
            page.seen = time.monotonic()
            return page

    def _job(self, request: Request) -> Job:
        job = self._page(request).jobs.get(request.path_params["job"])
        if job is None:
            raise Refused(404, "there is no such job any more")
        return job

    def _new(self, page: Page) -> Path:
        with self._lock:
            self._count += 1
            folder = page.folder / str(self._count)
        folder.mkdir(parents=True)
        return folder

    def _folder(self, kind: str) -> Path:
        self._count += 1
        folder = self.folder / f"{kind}{self._count}"
        folder.mkdir()
        return folder


def _asset(name: str) -> bytes:
    return (resources.files("avspeech.app") / "static" / name).read_bytes()


def _files(result: Any) -> set[str]:
    """The names of the files in a result."""
    if isinstance(result, dict):
        found = {result["file"]} if isinstance(result.get("file"), str) else set()
        return found.union(*map(_files, result.values()))
    return set().union(*map(_files, result)) if isinstance(result, list) else set()


async def _body(request: Request, most: int) -> bytes:
    parts, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > most:
            raise Refused(413, f"more than {bounds.megabytes(most)} at once")
        parts.append(chunk)
    return b"".join(parts)


async def _json(request: Request) -> Mapping[str, Any]:
    try:
        value = json.loads(await _body(request, ASKED))
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise Refused(400, "expected an object of JSON")
    return value
