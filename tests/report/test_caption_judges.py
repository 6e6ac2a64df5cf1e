"""Judges of captions, and the command: a loopback server and a program, no network."""

from __future__ import annotations

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from avspeech import cli
from avspeech.core.language import Command, Endpoint
from avspeech.errors import InputError
from avspeech.report.caption_judges import ModelJudge, word_coverage, words

POINTS = {"events": ("A man waves.", "A dog barks loudly"), "camera": ("{slow} pan",)}


def test_words():
    assert words("Don’t  STOP—the Ｃafé_2!") == ["dont", "stop", "the", "café", "2"]
    assert words("红门 door") == ["红", "门", "door"]


def test_word_coverage():
    assert word_coverage("The man waves; slow pan.", POINTS) == {"events": 1, "camera": 1}
    assert word_coverage("A dog barks.", POINTS) == {"events": 1, "camera": 0}  # two of three
    assert word_coverage("a dog", POINTS) == {"events": 0, "camera": 0}
    signs = {"acoustics": ("♪", "it is", "is it on")}
    assert word_coverage("♪ it was", signs) == {"acoustics": 1}
    assert word_coverage("It is.", signs) == {"acoustics": 2}
    assert word_coverage("", POINTS) == {"events": 0, "camera": 0}


@pytest.fixture
def server():
    got = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):  # noqa: N802
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            got.append(body["messages"][0]["content"])
            answer = {"good": "The stated facts:\n```json\n[3, 1, 1]\n```", "none": "[]"}.get(
                body["model"], body["model"])
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"choices": [{"message": {"content": answer}}]}).encode())

        def log_message(self, *args):
            pass

    http = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield f"http://127.0.0.1:{http.server_port}/v1", got
    http.shutdown()
    http.server_close()


def test_an_endpoint_whose_answers_are_kept(server, tmp_path):
    address, got = server
    kept = tmp_path / "answers"
    plug = Endpoint(address, "good")
    for judge in (ModelJudge(plug), ModelJudge(plug, kept), ModelJudge(plug, kept)):
        assert judge("A {facts} man {text}", POINTS) == {"events": 1, "camera": 1}
    assert len(got) == 2  # the third answer is the kept one of the second
    assert "A {facts} man {text}" in got[0]
    assert "1. A man waves.\n" in got[0] and "3. {slow} pan" in got[0]
    # Another text, other facts, or another model is another question
    ModelJudge(Endpoint(address, "good"), kept)("Another", POINTS)
    ModelJudge(Endpoint(address, "none"), kept)("A {facts} man {text}", POINTS)
    assert len(got) == 4 and len(list(kept.iterdir())) == 4 - 1
    next(kept.iterdir()).write_text("{")
    with pytest.raises(InputError, match="is no kept answer"):
        for text in ("A {facts} man {text}", "Another"):
            for model in ("good", "none"):
                ModelJudge(Endpoint(address, model), kept)(text, POINTS)


@pytest.mark.parametrize("answer", ["all", "[4]", "[0]", "[1,,2]", "[1] or [2]",
                                    "[1 2]", "[-1]", '{"a": 1}'])
def test_an_answer_that_is_none_is_an_error_and_not_kept(answer, server, tmp_path):
    with pytest.raises(InputError, match="the judge answered"):
        ModelJudge(Endpoint(server[0], answer), tmp_path)("A man", POINTS)
    assert not list(tmp_path.iterdir())


def test_a_command_that_changes_is_asked_again(tmp_path):
    program = tmp_path / "judge.py"
    judge = ModelJudge(Command([sys.executable, "-S", str(program)]), tmp_path / "answers")
    for answer, expected in (("[]", 0), ("[2]", 1)):
        program.write_text(f"print({answer!r})")
        assert judge("A man", POINTS) == {"events": expected, "camera": 0}
    program.write_text("print('[]')")
    program.rename(tmp_path / "gone")
    (tmp_path / "gone").rename(program)
    assert judge("A man", POINTS)["events"] == 0
    assert len(list((tmp_path / "answers").iterdir())) == 2


@pytest.fixture
def files(tmp_path):
    reference, predicted = tmp_path / "ref.jsonl", tmp_path / "hyp.vtt"
    scene = {"timestamp": "00:00-00:10", "key_points": POINTS}
    reference.write_text(json.dumps({"clip_path": "v.mp4", "scenes": [scene]}))
    predicted.write_text("WEBVTT\n\n00:00.000 --> 00:05.000\nA man waves\n\n"
                         "00:05.000 --> 00:10.000\nA slow pan\n")
    return [str(reference), str(predicted)]


def test_the_command(files, capsys):
    assert cli.main(["score", "captions", *files]) == 0
    out = capsys.readouterr().out
    assert "SodaM                66.7" in out and "words" in out and "--as-released" in out
    assert cli.main(["score", "captions", "--as-released", "--json", *files, "--quiet"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["mean"]["events"]["f1"] == 0.5 and record["as_released"]
    assert record["mean"]["speech"]["f1"] == 0 and record["videos"]["v"]["groups"] == {"0": [0, 1]}
    assert record["mean"]["time"]["f1"] == 1


def test_the_command_with_models(files, server, tmp_path, capsys):
    argv = ["score", "captions", *files, "--json", "--answers", str(tmp_path / "answers")]
    assert cli.main([*argv, "--judge", server[0], "--judge-model", "good"]) == 0
    assert json.loads(capsys.readouterr().out)["mean"]["all"]["f1"] == pytest.approx(2 / 3)
    program = tmp_path / "judge.py"
    program.write_text("import json, sys\nprint('[2]' if 'barks' in json.load(sys.stdin)['prompt'] "
                       "else '[]')")
    assert cli.main([*argv, "--judge", f"{sys.executable} -S {program}"]) == 0
    assert json.loads(capsys.readouterr().out)["mean"]["all"]["f1"] == pytest.approx(1 / 3)
    program.write_text("import sys; sys.exit('out of order')")
    assert cli.main([*argv, "--judge", f"{sys.executable} -S {program}"]) == 2
    err = capsys.readouterr().err
    assert "v: scene 1: command" in err and "out of order" in err and err.count("\n") == 1
    assert cli.main([*argv, "--as-released", "--judge", f"{sys.executable} -S {program}"]) == 0
    assert json.loads(capsys.readouterr().out)["videos"]["v"]["failed"] == 1


def test_what_could_not_be_read_is_named_and_the_rest_scored(files, capsys):
    with open(files[0], "a") as file:
        file.write('\n{"clip_path": "w"}\n')
    assert cli.main(["score", "captions", *files]) == 2
    out, err = capsys.readouterr()
    assert "SodaM                66.7" in out and f"{files[0]}:2: w: " in err


def test_an_unreadable_prediction_is_named_once_and_counts_0(tmp_path, files, capsys):
    (tmp_path / "hyps").mkdir()
    (tmp_path / "hyps" / "v.vtt").write_text("WEBVTT\n\nlost")
    assert cli.main(["score", "captions", files[0], str(tmp_path / "hyps"), "--json"]) == 2
    out, err = capsys.readouterr()
    assert json.loads(out)["mean"]["all"]["f1"] == 0 and json.loads(out)["missing"] == ["v"]
    assert err.count("\n") == 1 and "v.vtt:3: " in err


def test_the_help_names_captions(capsys):
    with pytest.raises(SystemExit):
        cli.main(["score", "--help"])
    assert "avspeech score captions [options] REF HYP" in capsys.readouterr().out


@pytest.mark.parametrize(("argv", "message"), [
    (["captions", "a.vtt"], "captions"), (["a", "b", "c"], "expected two folders"),
    (["captions", "no.vtt", "no.vtt"], "no.vtt: cannot be read"),
    (["captions", "a", "b", "--mos"], "--mos is for recordings"),
    (["captions", "a", "b", "--pause", "0.2"], "--pause is for recordings"),
    (["a", "b", "--as-released"], "--as-released is for captions"),
    (["a", "b", "--judge", "words"], "--judge is for captions"),
    (["captions", "a", "b", "--judge-model", "m"], "belong to an endpoint"),
    (["captions", "a", "b", "--judge", "http://x"], "needs --judge-model"),
    (["captions", "a", "b", "--judge", "'"], "--judge '"),
    (["captions", "a", "b", "--judge", " "], "empty"),
    (["captions", "a", "b", "--answers", "d"], "needs none")])
def test_a_wrong_command_line(argv, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["score", *argv]) == 2
    err = capsys.readouterr().err
    assert message in err and err.count("\n") == 1


def test_a_folder_named_captions_is_still_a_folder(tmp_path, monkeypatch):
    from avspeech.synthesis import scoring

    class Found(Exception):
        pass

    def measure(reference, hypothesis, **options):
        raise Found(str(reference), str(hypothesis), options["pause"], options["tone"])

    monkeypatch.setattr(scoring, "score", measure)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "captions").mkdir()
    for argv in (["captions", "other"], ["captions", "--quiet", "other"]):
        with pytest.raises(Found) as caught:
            cli.main(["score", *argv])
        assert caught.value.args == ("captions", "other", 0.2, 4.0)
