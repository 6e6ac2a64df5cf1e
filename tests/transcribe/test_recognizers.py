"""Recognizers: answers of every form, programs, a server on loopback, and what is refused."""

from __future__ import annotations

import json
import shlex
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from avspeech.errors import InputError
from avspeech.media import audio
from avspeech.transcribe import recognizers
from avspeech.transcribe.recognizers import Heard, heard

WORDS = [{"word": " Good", "start": 0.1, "end": 0.4}, {"word": "day.", "start": 0.5, "end": 0.9}]
TIMED = (("Good", 0.1, 0.4, None), ("day.", 0.5, 0.9, None))


@pytest.fixture
def wav(tmp_path: Path) -> Path:
    audio.write(tmp_path / "v.wav", np.zeros(32000, np.float32), 16000)
    return tmp_path / "v.wav"


@pytest.mark.parametrize(("record", "expected"), [
    ({"text": " Good\nday. "}, [Heard(0, 2, "Good day.")]),
    ({"text": "Good day.", "words": WORDS}, [Heard(0.1, 0.9, "Good day.", TIMED)]),
    ({"segments": [{"start": 0.0, "end": 1.0, "text": "Good day."}], "words": WORDS},
     [Heard(0, 1, "Good day.", TIMED)]),
    ({"segments": [{"start": 0, "end": 1, "text": "Good day.", "words": WORDS}]},
     [Heard(0, 1, "Good day.", TIMED)]),
    ({"segments": [{"start": 0.5, "end": 1, "text": "day."}], "words": WORDS},
     [Heard(0.1, 0.4, "Good", TIMED[:1]), Heard(0.5, 1, "day.", TIMED[1:])]),
    ({"segments": [{"start": 1.5, "end": 2.15, "text": "beyond"}]}, [Heard(1.5, 2, "beyond")]),
    ({"segments": [], "text": ""}, []), ({}, []), ({"segments": None, "text": "x"}, [Heard(0, 2, "x")])])
def test_answers(record: dict, expected: list[Heard]) -> None:
    assert heard(record, 2.0) == expected


@pytest.mark.parametrize("record", [
    {"segments": [{"start": 0, "end": 9, "text": "x"}]}, {"segments": [{"start": 1, "end": 0, "text": "x"}]},
    {"segments": [{"start": None, "end": 1, "text": "x"}]},
    {"words": [{"word": "x", "start": float("nan"), "end": 1}]},
    {"segments": [{"start": True, "end": 1, "text": "x"}]}, {"segments": "x"}, {"words": [1]}, {"text": 5},
    {"words": [{"word": ["x"], "start": 0, "end": 1}]}])
def test_answers_that_are_none(record: dict) -> None:
    with pytest.raises(ValueError):
        heard(record, 2.0)


def program(folder: Path, body: str) -> list[str]:
    (folder / "p.py").write_text(f"import json, sys\n{body}\n")
    return [sys.executable, str(folder / "p.py")]


def test_a_program_gets_the_path_and_no_shell(tmp_path: Path, wav: Path) -> None:
    echo = program(tmp_path, "print(json.dumps({'text': ' '.join(sys.argv[1:])}))")
    assert recognizers.Command([*echo, "$HOME;ls"])(wav, 2.0) == [Heard(0, 2, f"$HOME;ls {wav}")]
    text = program(tmp_path, "print('just a text')")
    assert recognizers.Command(text)(wav, 2.0) == [Heard(0, 2, "just a text")]


@pytest.mark.parametrize(("body", "told"), [
    ("print('on', file=sys.stderr); print('my word', file=sys.stderr); sys.exit(3)", "exit 3: my word"),
    ("print('{not json')", "not a transcription"), ("sys.stdout.buffer.write(b'\\xff')", "UTF-8"),
    ("print('{\"a\":' * 100000)", "not a transcription"),
    ("import time; time.sleep(30)", "timed out")])
def test_programs_that_fail(tmp_path: Path, wav: Path, body: str, told: str) -> None:
    with pytest.raises(InputError, match=told) as caught:
        recognizers.Command(program(tmp_path, body), seconds=1.0)(wav, 2.0)
    assert "\n" not in str(caught.value)


class Server(BaseHTTPRequestHandler):
    answer: tuple[int, dict[str, str], bytes] = (200, {}, b"{}")
    asked: list[tuple[str, dict[str, str], bytes]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        type(self).asked.append((self.path, dict(self.headers), body))
        code, headers, data = self.answer
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    Server.asked = []
    web = HTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{web.server_port}/v1"
    web.shutdown()
    web.server_close()


def test_a_server(server: str, wav: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "secret-key")
    Server.answer = (200, {}, json.dumps({"text": "Good day.", "words": WORDS}).encode())
    plug = recognizers.named(server, "a-model", "MY_KEY", "de")
    assert plug(wav, 2.0) == [Heard(0.1, 0.9, "Good day.", TIMED)]
    path, headers, body = Server.asked[0]
    assert path == "/v1/audio/transcriptions" and headers["Authorization"] == "Bearer secret-key"
    boundary = headers["Content-Type"].partition("boundary=")[2].encode()
    parts = body.split(b"--" + boundary)
    assert wav.read_bytes() in parts[-2] and b'filename="voice.wav"' in parts[-2]
    for field, value in (("model", "a-model"), ("response_format", "verbose_json"), ("language", "de"),
                         ("timestamp_granularities[]", "word")):
        assert any(f'name="{field}"\r\n\r\n{value}\r\n'.encode() in part for part in parts)
    assert "secret" not in plug.name and "secret" not in repr(plug)


@pytest.mark.parametrize(("answer", "told"), [
    ((500, {}, b"secret-key"), "500"), ((200, {}, b"no"), "not a transcription"),
    ((200, {}, b"[1]"), "not a transcription"), ((200, {}, b"x" * 300), "answered more"),
    ((302, {"Location": "/elsewhere"}, b""), "302"), ((307, {"Location": "http://127.0.0.1:1"}, b""), "307")])
def test_a_server_that_answers_otherwise(server, wav, monkeypatch, answer, told) -> None:
    """A redirection would carry the key and the sound to another place."""
    monkeypatch.setattr(recognizers, "LARGEST", 200)
    monkeypatch.setenv("MY_KEY", "secret-key")
    Server.answer = answer
    with pytest.raises(InputError, match=told) as caught:
        recognizers.named(server, None, "MY_KEY")(wav, 2.0)
    assert "secret" not in str(caught.value) and len(Server.asked) == 1


def test_addresses_and_keys_that_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWO_LINES", "a\nInjected: b")
    monkeypatch.delenv("NO_KEY", raising=False)
    for address, key in (("http://", ""), ("http://me:secret@host/v1", ""), ("http://host/v1?key=secret", ""),
                         ("http://host/v1", "NO_KEY"), ("http://host/v1", "TWO_LINES")):
        with pytest.raises(InputError) as caught:
            recognizers.Endpoint(address, "m", key)
        assert "secret" not in str(caught.value) and "\n" not in str(caught.value)


def test_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = recognizers.named(shlex.join([sys.executable, "-c", "a b"]))
    assert isinstance(command, recognizers.Command) and command.arguments[1:] == ["-c", "a b"]
    monkeypatch.setitem(sys.modules, "faster_whisper", SimpleNamespace(WhisperModel=None))
    for wrong, told in (("no-such-thing x", "can be run"), ("'", "quotation"), (str(tmp_path), "model.bin")):
        with pytest.raises(InputError, match=told):
            recognizers.named(wrong)
    with pytest.raises(InputError, match="address"):
        recognizers.named(sys.executable, key_variable="KEY")
    monkeypatch.setattr(recognizers.packaged_whisper, "folder", lambda name: None)
    with pytest.raises(InputError, match="pip install"):
        recognizers.named(None)


def test_whisper(tmp_path: Path, wav: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = [SimpleNamespace(word=" Good", start=0.1, end=0.4, probability=0.98765)]
    said = SimpleNamespace(start=0.0, end=0.5, text=" Good", words=words)
    asked = {}

    class Model:
        def __init__(self, *_: object, **__: object) -> None:
            pass

        def transcribe(self, sound: np.ndarray, **options: object) -> tuple[list, None]:
            asked.update(options, samples=len(sound))
            return [said], None

    monkeypatch.setitem(sys.modules, "faster_whisper", SimpleNamespace(WhisperModel=Model))
    (tmp_path / "model.bin").write_bytes(b"")
    plug = recognizers.named(str(tmp_path), language="nl")
    assert plug(wav, 2.0) == [Heard(0, 0.5, "Good", (("Good", 0.1, 0.4, 0.9877),))]
    assert asked["word_timestamps"] is True and asked["language"] == "nl" and asked["samples"] == 32000


def test_languages_that_a_model_does_not_know(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for known, wrong, right in ((["en"], "de", "en"), (["en", "de", "yue"], "fr", "yue")):
        class Model:
            supported_languages = known

            def __init__(self, *_: object, **__: object) -> None:
                pass

        monkeypatch.setitem(sys.modules, "faster_whisper", SimpleNamespace(WhisperModel=Model))
        (tmp_path / "model.bin").write_bytes(b"")
        for language in (wrong, "english", ""):
            with pytest.raises(InputError, match=f"--language {language}: "):
                recognizers.named(str(tmp_path), language=language)
        assert recognizers.named(str(tmp_path), language=right)
        assert recognizers.named(str(tmp_path), language=None)


def test_a_server_is_tried_before_anything_is_extracted(server: str, tmp_path: Path, monkeypatch,
                                                        capsys: pytest.CaptureFixture[str]) -> None:
    from avspeech import cli

    Server.answer = (401, {}, b"")
    (tmp_path / "v.mp4").write_bytes(b"no video")
    argv = ["transcribe", str(tmp_path / "v.mp4"), "-o", str(tmp_path / "out"), "--recognizer", server,
            "--mixture"]
    assert cli.main(argv) == 2 and "answered 401" in capsys.readouterr().err
    Server.answer = (200, {}, b'{"text": ""}')
    assert cli.main(argv) == 2 and "v.mp4" in capsys.readouterr().err
    assert len(Server.asked) == 2
