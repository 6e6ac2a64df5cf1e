import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from avspeech.core.language import Answers, Command, Endpoint, choice
from avspeech.errors import InputError


@pytest.mark.parametrize("answer, expected", [
    ("Sad.", 1), ("I would say: ANGRY", 0), ("sad or angry", None), ("sadly", None), (None, None),
    ("", None)])
def test_choice(answer, expected):
    assert choice(answer, ["angry", "sad"]) == expected


def test_a_class_within_another():
    assert choice("very sad", ["sad", "very sad"]) == 1


def test_answers(tmp_path):
    path = tmp_path / "labels"
    path.write_text('a\tsad\n\n{"id": "b", "label": "angry"}\n')
    plug = Answers(path)
    assert (plug("a", ""), plug("b", ""), plug("c", "")) == ("sad", "angry", None)
    path.write_text("a sad\n")
    with pytest.raises(InputError, match="labels:1: expected id<tab>label"):
        Answers(path)("a", "")


@pytest.fixture
def server():
    got: list[tuple[dict, str | None]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):  # noqa: N802
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            got.append((body, self.headers["Authorization"]))
            reply = b"{}" if body["model"] == "broken" else json.dumps(
                {"choices": [{"message": {"content": "sad"}}]}).encode()
            self.send_response(200 if self.path == "/v1/chat/completions" else 404)
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, *args):
            pass

    http = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{http.server_port}", got
    http.shutdown()
    http.server_close()


def test_endpoint(server, tmp_path, monkeypatch):
    address, got = server
    assert Endpoint(f"{address}/v1", "m")("a", "Which?") == "sad"
    assert got[0] == ({"model": "m", "temperature": 0, "messages": [{"role": "user", "content": "Which?"}]},
                      None)
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    monkeypatch.setenv("SOME_KEY", "k")
    Endpoint(f"{address}/v1/", "m", "SOME_KEY")("a", "Which?", tmp_path / "a.wav")
    body, key = got[1]
    assert key == "Bearer k"
    assert body["messages"][0]["content"][1] == {"type": "input_audio",
                                                 "input_audio": {"data": "UklGRg==", "format": "wav"}}
    for plug, message in ((Endpoint(f"{address}/v2", "m"), "a: no answer .*404"),
                          (Endpoint(f"{address}/v1", "broken"), "not a chat completion"),
                          (Endpoint("file:///etc/hosts", "m"), "expected http"),
                          (Endpoint(address, "m", "NO_SUCH_KEY"), "NO_SUCH_KEY is not set")):
        with pytest.raises(InputError, match=message):
            plug("a", "Which?")


def test_command():
    program = "import json, sys; r = json.load(sys.stdin); print(r['id'], r['prompt'])"
    assert Command([sys.executable, "-c", program])("a", "b $HOME") == "a b $HOME"
    with pytest.raises(InputError, match="exit 3: no"):
        Command([sys.executable, "-c", "import sys; print('no', file=sys.stderr); sys.exit(3)"])("a", "b")
    with pytest.raises(InputError, match="command /nowhere/program: a"):
        Command(["/nowhere/program"])("a", "b")


@pytest.mark.parametrize("sign", ["\u2028", "\x85", "\x0b", "\x0c", "\x1c"])
def test_a_line_ends_at_a_line_feed_alone(sign: str, tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_bytes(f"\ufeffa\tvery{sign}sad\r\nb\thappy\n".encode())
    assert Answers(tmp_path / "a.tsv").labels == {"a": f"very{sign}sad", "b": "happy"}


def test_answers_that_are_none_or_two(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text('{"id": "a", "label": null}\n{"id": "b", "label": "sad"}\n')
    assert Answers(file).labels == {"b": "sad"}
    for text, message in (("a\tsad\na\thappy\n", "a.jsonl:2: 'a' has another label"),
                          ("a\tsad\tx\n", "a.jsonl:1: expected id<tab>label"),
                          ('{"id": "a"}\n', "a.jsonl:1: expected"), ("a\n", "a.jsonl:1: expected"),
                          ('{"a":' * 100_000 + "\n", "a.jsonl:1: expected")):
        file.write_text(text)
        with pytest.raises(InputError, match=message):
            _ = Answers(file).labels
