"""The server of the page: who is answered, what is refused in one line, what is kept and removed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import given as films
import numpy as np
import pytest

pytest.importorskip("starlette", reason="the extra 'app' is not installed")
pytest.importorskip("httpx2", reason="starlette's test client asks for it")

from visiting import Visitor  # noqa: E402

from avspeech.app.server import PAGE, STATIC, TOKEN  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
LONG = "The quick brown fox jumps over the lazy dog. " * 100


def polite(line: str) -> None:
    """One line for a person, without anything of this machine in it."""
    assert line and "\n" not in line and len(line) < 400
    for bad in ("Traceback", "/tmp", "/page", "file.mp4", "Error(", "avspeech-app"):
        assert bad not in line, line


# Who is answered


@pytest.mark.parametrize(("headers", "status"), [
    ({}, 200), ({"host": "localhost:1"}, 200), ({"host": "[::1]:8765"}, 200), ({"host": "127.0.0.2"}, 200),
    ({"host": "evil.example"}, 403), ({"host": "127.0.0.1.evil.example:8765"}, 403),
    ({"host": "192.0.2.1"}, 403), ({"host": ""}, 403), ({"host": "localhost@evil.example"}, 403),
    ({"origin": "http://127.0.0.1:8765"}, 200), ({"origin": "http://evil.example"}, 403),
    ({"origin": "null"}, 403), ({"origin": "http://127.0.0.1:9999"}, 403),
    ({"sec-fetch-site": "cross-site"}, 403), ({"sec-fetch-site": "same-site"}, 403),
    ({TOKEN: "wrong"}, 403), ({TOKEN: "né"}, 403),
])
def test_only_the_page_is_answered(visitor: Visitor, headers: dict[str, str], status: int) -> None:
    sent = {k: v.encode() for k, v in headers.items()}
    for method, path in (("POST", "/api/here"), ("POST", "/api/leave")):
        answer = visitor.ask(method, path, headers=sent)
        assert answer.status_code == status
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")


def test_the_token_is_asked_for_everywhere(visitor: Visitor) -> None:
    for method, path in (("GET", "/api/about"), ("POST", "/api/upload"), ("POST", "/api/jobs"),
                         ("GET", "/api/jobs/x"), ("DELETE", "/api/jobs/x"), ("POST", "/api/marks")):
        assert visitor.client.request(method, path, headers={PAGE: visitor.name}).status_code == 403


def test_another_site_may_lead_to_the_page_only(visitor: Visitor) -> None:
    led = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert visitor.client.get("/", headers=led).status_code == 200
    assert visitor.client.get("/static/app.js", headers=led).status_code == 403


def test_an_open_server_takes_addresses_and_its_names(tmp_path: Path) -> None:
    from starlette.testclient import TestClient

    from avspeech.app.server import Server

    server = Server(tmp_path, names=frozenset({"box.lan"}), everywhere=True)
    client = TestClient(server.app)
    hosts = ("192.0.2.1:80", "Box.lan", "evil.lan")
    found = [client.get("/", headers={"host": host}).status_code for host in hosts]
    server.close()
    assert found == [200, 200, 403]


def test_the_page_is_made_of_files_of_the_package(visitor: Visitor) -> None:
    text = visitor.client.get("/").text
    assert visitor.server.token in text
    for name in STATIC:
        answer = visitor.client.get(f"/static/{name}")
        assert answer.status_code == 200 and answer.headers["content-type"].startswith(STATIC[name])
        text += answer.text
    folder = ROOT / "avspeech" / "app" / "static"
    assert {p.name for p in folder.iterdir()} == {*STATIC, "index.html"}
    assert "http://" not in text.replace("http://www.w3.org/2000/svg", "") and "https://" not in text
    for name in ("../server.py", "..%2fserver.py", "index.html", "%2fetc%2fpasswd"):
        assert visitor.client.get(f"/static/{name}").status_code == 404


# What is done


def test_a_text_is_spoken(visitor: Visitor) -> None:
    told = visitor.do("speak", text="I said <brk 0.4> no<rise>.", steps=2)
    assert told["state"] == "done", told
    result = told["result"]
    assert [w["word"] for w in result["words"]] == ["i", "said", "no"]
    assert [w["tone"] for w in result["words"]] == [None, None, 5.0]
    assert abs(len(result["pitch"]) * result["hop"] - result["sound"]["seconds"]) < 0.1
    assert any(result["pitch"]) and max(result["sound"]["bars"]) > 10


def test_a_result_is_fetched_whole_in_part_and_by_name(visitor: Visitor) -> None:
    job = visitor.begin("speak", text="Yes.", steps=1)
    file = visitor.wait(job)["result"]["sound"]["file"]
    whole = visitor.client.get(f"/files/{job}/{file}")
    assert whole.content[:4] == b"RIFF" and whole.headers["content-type"] == "audio/wav"
    part = visitor.client.get(f"/files/{job}/{file}", headers={"range": "bytes=4-9"})
    assert part.status_code == 206 and part.content == whole.content[4:10]
    named = visitor.client.get(f"/files/{job}/{file}", params={"as": '../a"\r\nx: y/Größe.wav'})
    assert "x" not in named.headers and "Gr%C3%B6%C3%9Fe.wav" in named.headers["content-disposition"]
    for path in (f"/files/{job}/lock", f"/files/{job}/..%2f{file}", f"/files/x/{file}"):
        assert visitor.client.get(path).status_code == 404
    visitor.ask("DELETE", f"/api/jobs/{job}")
    assert visitor.client.get(f"/files/{job}/{file}").status_code == 404


def test_a_voice_is_extracted(visitor: Visitor, tmp_path: Path) -> None:
    path = films.film(tmp_path / "talk.mp4")
    given = visitor.give(path, "C:\\films\\../My talk.mp4").json()
    assert given["name"] == "My talk.mp4" and given["size"] == path.stat().st_size
    found = visitor.do("faces", files=[given["id"]], mouth=True)
    assert found["state"] == "done", found
    faces = found["result"]
    assert len(faces["faces"]) == 1 and faces["faces"][0]["picture"] == 0
    assert faces["pictures"][0]["boxes"] == [{"face": 1, "x": 0.0, "y": 0.0, "width": 1.0, "height": 1.0}]
    assert 0.95 < faces["mixture"]["seconds"] < 1.2
    job = visitor.begin("extract", files=[given["id"]], mouth=True, face=1)
    told = visitor.wait(job)
    assert told["state"] == "done", told
    (voice,) = told["result"]["voices"]
    assert voice["face"] == 1 and {f["kind"] for f in voice["files"]} == {"wav", "mp4"}
    for file in voice["files"]:
        assert len(visitor.client.get(f"/files/{job}/{file['file']}").content) > 1000


def test_two_views_of_one_face(visitor: Visitor, tmp_path: Path) -> None:
    path = films.film(tmp_path / "talk.mp4")
    keys = [visitor.give(path, f"{side}.mp4").json()["id"] for side in ("front", "left")]
    told = visitor.do("faces", files=keys, mouth=True)
    assert told["result"]["faces"][0]["views"] == 2 and len(told["result"]["pictures"]) == 1
    told = visitor.do("faces", files=[keys[0]] * 5, mouth=True)
    assert told["state"] == "failed" and "up to 4 synchronized views" in told["line"]


def test_the_emotion_of_a_file(visitor: Visitor) -> None:
    given = visitor.give(films.wav(films.tone(8.0)), "a.wav").json()
    told = visitor.do("emotion", files=[given["id"]], model="emotion-edge")
    assert told["state"] == "done", told
    result = told["result"]
    assert abs(sum(result["posteriors"].values()) - 1) < 0.01 and len(result["track"]) == 3
    assert result["label"] in result["labels"] and abs(result["sound"]["seconds"] - 8) < 0.01


def test_the_emotion_of_a_microphone(visitor: Visitor) -> None:
    job = visitor.begin("microphone", rate=48000)
    visitor.wait(job, lambda told: told["ready"])
    sound = films.tone(2.0, 48000)
    for piece in np.array_split(sound, 8):
        assert visitor.ask("POST", f"/api/jobs/{job}/sound", content=piece.tobytes()).status_code == 200
    visitor.ask("POST", f"/api/jobs/{job}/sound", content=b"")
    told = visitor.wait(job)
    assert told["state"] == "done", told
    assert [a["end"] for a in told["answers"]] == [0.5, 1.0, 1.5, 2.0]
    assert abs(sum(told["answers"][-1]["posteriors"].values()) - 1) < 0.01
    assert told["result"]["seconds"] == 2.0
    # The same windows as of a stream in Python.
    import avspeech

    stream = avspeech.load("emotion-edge").stream(sample_rate=48000, hop=0.5)
    wanted = [p for _, p in stream.push(sound) + stream.finish()]
    for answer, posteriors in zip(told["answers"], wanted, strict=True):
        assert answer["posteriors"] == pytest.approx(posteriors, abs=2e-3)
    late = visitor.ask("POST", f"/api/jobs/{job}/sound", content=b"1234")
    assert late.status_code == 409 and "nobody listens" in late.json()["line"]


# What is not taken


def bad_files(tmp_path: Path) -> dict[str, tuple[str, bytes, str, dict[str, Any]]]:
    """{what: (name, content, kind of job, more of its request)}."""
    good = films.film(tmp_path / "good.mp4").read_bytes()
    mute = films.film(tmp_path / "mute.mp4", sound=False).read_bytes()
    hour = films.far_apart(tmp_path / "hour.mp4", 3600).read_bytes()
    avi = bytearray(films.film(tmp_path / "zero.avi", kind="mpeg4").read_bytes())
    rate = avi.index(b"vids") + 20  # dwScale, dwRate
    avi[rate: rate + 8] = bytes(8)
    main = avi.index(b"avih") + 8  # dwMicroSecPerFrame
    avi[main: main + 4] = bytes(4)
    nan = films.tone(1.0)
    nan[50] = np.nan
    page = b"<!DOCTYPE html><script>alert(1)</script>"
    return {
        "a text": ("talk.mp4", b"This is no video at all.\n" * 50, "faces", {}),
        "a text in another script": ("talk.mp4", "это не видео\n".encode() * 700, "emotion", {}),
        "truncated": ("talk.mp4", good[: len(good) // 3], "faces", {}),
        "its header alone": ("talk.mp4", good[:40], "emotion", {}),
        "noise": ("talk.mkv", np.random.default_rng(1).bytes(5000), "faces", {}),
        "zeros": ("talk.avi", bytes(5000), "emotion", {}),
        "sound alone": ("talk.mp4", films.wav(films.tone(1.0)), "faces", {}),
        "a picture": ("talk.mp4", films.picture(64), "faces", {}),
        "a picture for a voice": ("talk.wav", films.picture(64), "emotion", {}),
        "a huge picture": ("talk.mp4", films.picture(4000), "faces", {}),
        "no sound": ("talk.mp4", mute, "faces", {"mouth": True}),
        "no sound for a voice": ("talk.mp4", mute, "emotion", {}),
        "no face": ("talk.mp4", good, "faces", {}),
        "an hour": ("talk.mp4", hour, "faces", {}),
        "an hour of a voice": ("talk.flac", films.hour(), "emotion", {}),
        "no frame rate": ("talk.avi", bytes(avi), "faces", {}),
        "not a number": ("talk.wav", films.wav(nan, subtype="FLOAT"), "emotion", {}),
        "a zip": ("talk.mp4", b"PK\x03\x04" + bytes(range(256)) * 9, "faces", {}),
        "a page": ("talk.mp4", page, "faces", {}),
        "a playlist": ("talk.mp4", b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nhttp://127.0.0.1:%d/a.ts\n"
                       b"\0", "faces", {}),
        "a list of files": ("talk.mp4", b"ffconcat version 1.0\nfile /etc/hostname\n\0", "emotion", {}),
        "no such face": ("talk.mp4", good, "extract", {"mouth": True, "face": 7}),
        "a face that is no number": ("talk.mp4", good, "extract", {"mouth": True, "face": "../1"}),
        "no such model": ("talk.mp4", good, "emotion", {"model": "/etc"}),
    }


def test_bad_files_are_one_line_each_and_nothing_is_asked_for(visitor: Visitor, tmp_path: Path) -> None:
    heard: list[Any] = []
    with socket.create_server(("127.0.0.1", 0)) as other:
        other.settimeout(0.05)
        for what, (name, content, kind, more) in bad_files(tmp_path).items():
            content = content.replace(b"%d", b"%d" % other.getsockname()[1])
            given = visitor.give(content, name)
            assert given.status_code == 200, what
            told = visitor.do(kind, files=[given.json()["id"]], **more)
            assert told["state"] == "failed", (what, told)
            polite(told["line"])
            if what not in ("no such face", "a face that is no number", "no such model"):
                assert told["line"].startswith(f"{name}: "), (what, told["line"])
            visitor.ask("DELETE", f"/api/upload/{given.json()['id']}")
        try:
            heard.append(other.accept())
        except TimeoutError:
            pass
    assert not heard
    kept = [p for p in (visitor.server.pages[visitor.name].folder).rglob("*") if p.is_file()]
    assert kept == []
    assert visitor.do("speak", text="Still here.", steps=1)["state"] == "done"


def test_silence_is_answered_with_a_note(visitor: Visitor, tmp_path: Path) -> None:
    path = films.film(tmp_path / "silent.mp4", silent=True)
    told = visitor.do("emotion", files=[visitor.give(path, "silent.mp4").json()["id"]])
    assert told["result"]["label"] is None and "silence" in told["result"]["notes"][0]


@pytest.mark.parametrize("name", ["../../../etc/passwd", "/etc/passwd", "..\\..\\x.mp4", "a\0b.mp4", "\n.mp4",
                                  "<img src=x onerror=alert(1)>.mp4", ".mp4", "", "x" * 5000 + ".mp4",
                                  "%2e%2e%2f", "con", "-rf", "$(touch x).mp4"])
def test_names_are_never_paths(visitor: Visitor, name: str) -> None:
    page = visitor.give(b"x", "first").json() and visitor.server.pages[visitor.name]
    given = visitor.give(b"nothing", name)
    assert given.status_code == 200
    shown = given.json()["name"]
    assert len(shown) <= 80 and "/" not in shown and "\\" not in shown and shown.isprintable()
    path = page.uploads[given.json()["id"]].path
    assert path.is_relative_to(page.folder) and path.stem == "file" and len(path.suffix) <= 6
    assert [p.name for p in page.folder.rglob("*") if p.is_file()].count(path.name) >= 1


def test_files_are_bounded_before_and_while_they_come(visitor: Visitor) -> None:
    stated = visitor.ask("POST", "/api/upload?name=a.mp4", content=b"x",
                         headers={"content-length": "99999999999"})
    assert stated.status_code == 413
    polite(stated.json()["line"])

    def without_end() -> Any:
        for _ in range(100):
            yield bytes(100_000)

    streamed = visitor.ask("POST", "/api/upload?name=a.mp4", content=without_end())
    assert streamed.status_code == 413 and "larger than 2 MB" in streamed.json()["line"]
    assert visitor.give(b"", "a.mp4").status_code == 400
    folder = visitor.server.pages[visitor.name].folder
    assert list(folder.rglob("*.mp4")) == []
    for _ in range(visitor.server.limits.kept):
        assert visitor.give(b"x", "a").status_code == 200
    many = visitor.give(b"x", "a")
    assert many.status_code == 409 and "take one away" in many.json()["line"]


@pytest.mark.parametrize(("body", "status"), [
    (b"", 400), (b"[]", 400), (b"{", 400), (b'{"kind": "rm"}', 400), (b'{"kind": "speak"}', 400),
    (b'{"kind": "speak", "request": {"files": ["x"]}}', 400), (b"[" * 100_000, 400), (b" " * 300_000, 413),
    (b'{"kind": "faces", "request": {"files": "abc"}}', 400),
])
def test_requests_that_are_none(visitor: Visitor, body: bytes, status: int) -> None:
    answer = visitor.ask("POST", "/api/jobs", content=body)
    assert answer.status_code == status
    polite(answer.json()["line"])


@pytest.mark.parametrize(("request_", "line"), [
    ({"text": ""}, "no word to say"), ({"text": "?!"}, "no word to say"),
    ({"text": "a <rize>"}, "column 3: <rize> is not"),
    ({"text": "Yes.", "rate": 9}, "rate 9"), ({"text": "Yes.", "rate": "x"}, "rate: expected a number"),
    ({"text": "Yes.", "steps": 1000}, "1 to 64"), ({"text": "Yes.", "steps": 2.5}, "whole number"),
    ({"text": "Yes.", "voice": "nobody"}, "'nobody' is not known"), ({"text": "Yes.", "seed": -1}, "seed -1"),
    ({"text": "Yes.", "model": "../x"}, "this page has"),
])
def test_texts_that_cannot_be_said(visitor: Visitor, request_: dict[str, Any], line: str) -> None:
    told = visitor.do("speak", **request_)
    assert told["state"] == "failed" and line in told["line"]
    polite(told["line"])


def test_a_text_that_is_too_long(visitor: Visitor) -> None:
    for path, body in (("/api/jobs", {"kind": "speak", "request": {"text": "a" * 5001}}),
                       ("/api/marks", {"text": "a" * 5001})):
        answer = visitor.ask("POST", path, json=body)
        assert answer.status_code == 400 and "5001 characters" in answer.json()["line"]


def test_marks_are_changed(visitor: Visitor) -> None:
    word = {"start": 0, "end": 3, "action": "raise"}
    answer = visitor.ask("POST", "/api/marks", json={"text": "Yes. No.", **word})
    assert answer.json()["text"] == "Yes<rise>. No." and answer.json()["words"][0]["tone"] == 5.0
    for bad in ({**word, "start": "0"}, {"action": "raise"}, {**word, "action": 1}):
        assert visitor.ask("POST", "/api/marks", json={"text": "Yes.", **bad}).status_code == 400


# What is stopped and removed


def test_a_job_is_cancelled_and_the_next_one_is_done(visitor: Visitor) -> None:
    server = visitor.server
    first = visitor.begin("speak", text=LONG, steps=16)
    second, third = visitor.begin("speak", text="Yes.", steps=1), visitor.begin("speak", text="No.", steps=1)
    told = visitor.wait(first, lambda told: told["progress"] and told["progress"]["what"] == "speaking")
    assert told["state"] == "running" and told["progress"]["total"] == 900
    waiting = visitor.told(third)
    assert waiting["state"] == "waiting" and waiting["before"] == 2
    visitor.ask("POST", f"/api/jobs/{third}/cancel")
    assert visitor.told(third)["state"] == "cancelled"
    folder = server.pages[visitor.name].jobs[first].folder
    visitor.ask("POST", f"/api/jobs/{first}/cancel")
    process = server.jobs._process
    assert visitor.wait(first)["state"] == "cancelled" and not folder.exists()
    assert visitor.wait(second)["state"] == "done"
    assert server.jobs._process is process  # it stopped when it was asked to, and went on


def test_too_many_jobs_are_refused(visitor: Visitor) -> None:
    first = visitor.begin("speak", text=LONG, steps=16)
    visitor.wait(first, lambda told: told["state"] == "running")
    for _ in range(visitor.server.limits.jobs):
        visitor.begin("speak", text="Yes.")
    answer = visitor.ask("POST", "/api/jobs", json={"kind": "speak", "request": {"text": "Yes."}})
    assert answer.status_code == 400 and "wait already" in answer.json()["line"]


def test_a_page_that_is_left_takes_its_files_and_jobs_along(visitor: Visitor) -> None:
    server = visitor.server
    for way in ("told", "silent"):
        visitor.headers[PAGE] = visitor.name = way * 8
        visitor.give(b"x" * 100, "a.wav")
        page = server.pages[visitor.name]
        done = visitor.begin("speak", text="Yes.", steps=1)
        running = visitor.begin("speak", text=LONG, steps=16)
        visitor.wait(done)
        visitor.wait(running, lambda told: told["progress"] is not None)
        job = page.jobs[running]
        assert any(page.folder.rglob("*.wav"))
        if way == "told":
            visitor.ask("POST", "/api/leave")
        else:
            page.seen -= 2 * server.limits.idle
            server.sweep()
        for _ in range(500):
            if job.state == "cancelled" and not page.folder.exists():
                break
            time.sleep(0.02)
        assert job.state == "cancelled" and not page.folder.exists()
        # What it sent before may come behind.
        assert visitor.give(b"x", "a.wav").status_code == 409
        assert visitor.ask("GET", f"/api/jobs/{done}").status_code == 409
        assert visitor.ask("POST", "/api/here").status_code == 200
        assert not list(server.folder.glob("page*/*"))


def test_a_process_that_ends_is_one_line_and_the_next_job_has_another(visitor: Visitor) -> None:
    server = visitor.server
    job = visitor.begin("speak", text=LONG, steps=16)
    visitor.wait(job, lambda told: told["progress"] is not None)
    os.kill(server.jobs._process.pid, signal.SIGKILL)
    told = visitor.wait(job)
    assert told["state"] == "failed" and "signal 9" in told["line"]
    polite(told["line"])
    assert visitor.do("speak", text="Yes.", steps=1)["state"] == "done"


# The command


def started(tmp_path: Path, *options: str) -> tuple[subprocess.Popen[str], str]:
    pytest.importorskip("uvicorn")
    process = subprocess.Popen([sys.executable, "-m", "avspeech", "app", "--port", "0", *options], text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT,
                               env={**os.environ, "TMPDIR": str(tmp_path)})
    assert process.stdout
    return process, process.stdout.readline().split()[0]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_command_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    process, page = started(tmp_path)
    with urllib.request.urlopen(page) as answer:
        token = answer.read().decode().partition('name="token" content="')[2].partition('"')[0]
    ask = urllib.request.Request(f"{page}api/upload?name=a.wav", b"RIFF", {TOKEN: token, PAGE: "a" * 20})
    urllib.request.urlopen(ask).close()
    assert list(tmp_path.rglob("file.wav"))
    process.send_signal(number)
    out, errors = process.communicate(timeout=60)
    assert list(tmp_path.iterdir()) == []
    assert "Traceback" not in errors and "warning" not in errors


def test_the_command_warns_where_others_can_come_in(tmp_path: Path) -> None:
    process, page = started(tmp_path, "--host", "0.0.0.0")
    process.terminate()
    _, errors = process.communicate(timeout=60)
    assert page.startswith("http://localhost:") and "warning: listening on 0.0.0.0" in errors
    assert errors.count("\n") == 1  # the signal often comes while the server still starts


@pytest.mark.parametrize("wait", [0.0, 0.03])
def test_a_signal_during_the_start_ends_it_in_order(tmp_path: Path, wait: float) -> None:
    process, _ = started(tmp_path)
    time.sleep(wait)
    process.terminate()
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors, list(tmp_path.iterdir())) == (128 + signal.SIGTERM, "", [])


@pytest.mark.parametrize("options", [["--host", "192.0.2.9"], ["--port", "99999"], ["--minutes", "0"],
                                     ["--host", "no such host"]])
def test_the_command_says_in_one_line_what_is_wrong(options: list[str],
                                                    capsys: pytest.CaptureFixture[str]) -> None:
    from avspeech import cli

    assert cli.main(["app", *options]) == 2
    said = capsys.readouterr().err
    assert said.startswith("avspeech: error: ") and said.count("\n") == 1


def test_a_port_that_is_taken_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    from avspeech import cli

    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert cli.main(["app", "--port", str(taken.getsockname()[1])]) == 2
    assert "give another --host or --port" in capsys.readouterr().err
