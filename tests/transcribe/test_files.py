"""The whole way from a video to captions, with faces and a recognizer that the test makes."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from avspeech import cli
from avspeech.errors import InputError
from avspeech.extraction.choice import Report
from avspeech.media import audio, video
from avspeech.media.mouths import MouthTrack
from avspeech.media.muxing import mux, write_pictures
from avspeech.report import mcorec, transcripts, webvtt
from avspeech.transcribe import files, pages
from avspeech.transcribe.recognizers import Heard

RATE, SECONDS = 16000, 6.0
WHEN = {1: (1.0, 3.0), 2: (2.0, 5.0)}  # s in which each face speaks


def burst(start: float, end: float, level: float = 0.3) -> np.ndarray:
    t = np.arange(round(SECONDS * RATE)) / RATE
    return (level * np.sin(2 * np.pi * 300 * t) * ((t >= start) & (t < end))).astype(np.float32)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The video of `film`, made once."""
    folder = tmp_path_factory.mktemp("made")
    write_pictures(folder / "p.mkv", np.zeros((round(SECONDS * 25), 48, 64, 3), np.uint8), 25.0)
    audio.write(folder / "s.wav", burst(*WHEN[1]) + burst(*WHEN[2]), RATE)
    mux(folder / "p.mkv", folder / "s.wav", folder / "talk.mp4")
    return folder / "talk.mp4"


@pytest.fixture
def film(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two faces, found by their left edge, and a sound with both voices."""
    def mouth_tracks(path: Path, fps: float = 25.0, **_: Any) -> list[MouthTrack]:
        frames = round(SECONDS * fps)
        tracks = []
        for x in (0, 30):
            boxes = np.tile(np.array([x, 0, x + 16, 24], np.float32), (frames, 1))
            tracks.append(MouthTrack(np.full((frames, 96, 96), x, np.uint8), np.ones(frames, bool), boxes))
        return tracks

    monkeypatch.setattr(video, "mouth_tracks", mouth_tracks)
    (tmp_path / "in").mkdir()
    return shutil.copy(made, tmp_path / "in/talk.mp4")


def together(read: Any, length: int, faces: Any, wanted: Any) -> Iterator[list[np.ndarray]]:
    who = [1 if faces[f][0].crops[0, 0, 0] == 0 else 2 for f in wanted]
    yield [burst(*WHEN[face])[:length] for face in who]
    yield [np.zeros(max(0, length - round(SECONDS * RATE)), np.float32)] * len(who)


EXTRACTOR: Any = SimpleNamespace(together=together, sample_rate=RATE, fps=25.0, reports=None,
                                 identity="made here")


class Echo:
    """Says how long the sound is, from its very beginning."""

    name = "echo"

    def __init__(self, text: str = "said") -> None:
        self.text, self.lengths = text, list[float]()

    def __call__(self, wav: Path, seconds: float) -> list[Heard]:
        assert audio.read(wav, RATE).shape == (round(seconds * RATE),)
        self.lengths.append(seconds)
        return [Heard(0.0, seconds, self.text, ((self.text, 0.0, seconds, 0.5),))]


def run(film: Path, out: Path, recognizer: Any = None, **options: Any) -> files.Result:
    return files.transcribe(film, out, EXTRACTOR, recognizer or Echo(), progress=False, **options)


def test_each_voice_is_recognized_where_it_speaks_on_the_clock(film: Path, tmp_path: Path) -> None:
    echo = Echo()
    result = run(film, tmp_path / "out", echo)
    assert np.allclose(echo.lengths, [2.5, 3.5], atol=0.1)  # with margins of 0.25 s
    read = transcripts.read(tmp_path / "out/talk_captions.json")
    assert read == result.transcript and read.speakers == ["face1", "face2"]
    for number, segment in enumerate(read.segments, 1):
        assert segment.speaker == f"face{number}"
        assert np.allclose([segment.start, segment.end], WHEN[number], atol=0.06)  # the margin is cut off
        assert segment.words[0].probability == 0.5
    captions = transcripts.read(tmp_path / "out/talk_captions.vtt").segments
    assert [(s.speaker, s.text) for s in captions] == [("face1", "said"), ("face2", "said")]
    folder = tmp_path / "out/talk"
    assert webvtt.read(folder / "face2.vtt")[0].spoken() == [(None, "said")]
    assert mcorec.read_clusters(folder / mcorec.CLUSTERS) == result.conversations == {"face1": 0, "face2": 0}
    assert [p.name for p in result.paths] == [
        "talk_captions.html", "talk_captions.vtt", "talk_captions.json", "face1.vtt", "face2.vtt",
        mcorec.CLUSTERS]
    record = json.loads((tmp_path / "out/talk_captions.json").read_text())
    assert record["recognizer"] == "echo" and record["extraction"] is True and "confidence" not in str(record)


def test_each_segment_says_how_sure_the_extractor_was_while_it_was_spoken(film: Path, tmp_path: Path) -> None:
    begins = np.arange(0, SECONDS, 0.5)
    trust = {face: np.where((begins >= start) & (begins < end), 0.25 * face, 1.0)
             for face, (start, end) in WHEN.items()}
    reports = [Report(begins.tolist(), trust[face].tolist(), [1.0] * len(begins)) for face in WHEN]
    sure: Any = SimpleNamespace(**{**vars(EXTRACTOR), "reports": reports})
    with pytest.warns(UserWarning, match="do not tell for sure"):
        result = files.transcribe(film, tmp_path / "out", sure, Echo(), progress=False, page=False)
    # What is heard begins and ends up to 0.06 s within the half seconds beside it
    assert [s.confidence for s in result.transcript.segments] == pytest.approx([0.25, 0.5], abs=0.05)
    assert transcripts.read(tmp_path / "out/talk_captions.json") == result.transcript


def test_a_voice_that_is_hardly_the_faces_is_in_no_caption(film: Path, tmp_path: Path) -> None:
    begins = np.arange(0, SECONDS, 0.5)
    low = files.UNSURE / 2  # of the second face, whose lips fit nothing
    reports = [Report(begins.tolist(), [t] * len(begins), [t] * len(begins)) for t in (1.0, low)]
    unsure: Any = SimpleNamespace(**{**vars(EXTRACTOR), "reports": reports})
    with pytest.warns(UserWarning, match="^face2: the lips fit no voice"):
        result = files.transcribe(film, tmp_path / "out", unsure, Echo(), progress=False, page=False)
    assert [s.speaker for s in result.transcript.segments] == ["face1"]
    assert "1 more are left out" in result.speakers[1].remark(30)
    assert "left out" not in result.speakers[0].remark(30) and result.speakers[0].words == 1
    first, second = json.loads((tmp_path / "out/talk_captions.json").read_text())["speakers"]
    assert (first["doubt"], first["left_out"]) == (None, []) and "no voice" in second["doubt"]
    assert [s["text"] for s in second["left_out"]] == ["said"]
    assert transcripts.read(tmp_path / "out/talk_captions.json") == result.transcript
    assert webvtt.read(tmp_path / "out/talk/face2.vtt") == []


def test_without_extraction_each_face_gets_the_whole_sound(film: Path, tmp_path: Path) -> None:
    echo = Echo()
    files.transcribe(film, tmp_path / "out", None, echo, progress=False, page=False)
    assert np.allclose(echo.lengths, [4.5, 4.5], atol=0.1)
    assert json.loads((tmp_path / "out/talk_captions.json").read_text())["extraction"] is False
    assert not any((tmp_path / f"out/talk_captions.{suffix}").exists() for suffix in ("html", "mp4"))


def test_a_silent_face_is_not_recognized_and_that_is_said(film: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(WHEN, 2, (5.9, 5.9))
    echo = Echo()
    result = run(film, tmp_path / "out", echo)
    assert len(echo.lengths) == 1 and "nothing recognized" in result.speakers[1].remark(30)
    assert "1 words in 2.5 of 6.0 s; the rest is silence" in result.speakers[0].remark(30)
    assert transcripts.read(tmp_path / "out/talk_captions.json").speakers == ["face1", "face2"]
    assert webvtt.read(tmp_path / "out/talk/face2.vtt") == []


@pytest.mark.parametrize("options, expected", [
    ({}, ["face1", "face2"]), ({"names": ["Anna", "Ben"]}, ["Anna", "Ben"]),
    ({"face": 2, "names": ["Ben"]}, ["Ben"]),
])
def test_what_is_told_of_a_face_calls_it_as_the_captions_do(film: Path, tmp_path: Path, recwarn,
                                                            options: dict[str, Any],
                                                            expected: list[str]) -> None:
    def loud(*about: Any) -> Iterator[list[np.ndarray]]:
        return ([4 * block for block in blocks] for blocks in together(*about))

    beyond: Any = SimpleNamespace(**{**vars(EXTRACTOR), "together": loud})
    files.transcribe(film, tmp_path / "out", beyond, Echo(), progress=False, page=False, **options)
    told = [str(w.message) for w in recwarn if w.category is UserWarning]
    for what in ("its face is 16 pixels wide", "samples beyond full scale"):
        assert [line.split(": ")[0] for line in told if what in line] == expected
    assert not any(".part" in line or "_voices" in line for line in told)  # a folder that is gone


def test_names_and_one_face(film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(film, tmp_path / "out", names=["Ann Lee", "spk_1"])
    assert (tmp_path / "out/talk/Ann Lee.vtt").is_file()
    assert run(film, tmp_path / "one", face=2).transcript.speakers == ["face2"]
    for wrong in (["a"], ["a", "a"], ["a", "../b"], ["a", ""], ["a", ".b"], ["a", "b/c"], ["a", "b\nc"]):
        with pytest.raises(InputError):
            run(film, tmp_path / "wrong", names=wrong)
    assert not list(tmp_path.glob("wrong/*"))
    monkeypatch.delattr(files.extraction, "extract")  # it takes long: names are counted before
    with pytest.raises(InputError, match="3 names for 2 faces"):
        run(film, tmp_path / "wrong", names=["a", "b", "c"])


def test_the_video_itself_is_not_replaced(film: Path) -> None:
    before = film.read_bytes()
    (film.parent / "talk.vtt").write_text("a reference")
    run(film, film.parent)
    assert film.read_bytes() == before
    assert 'src="talk.mp4"' in (film.parent / "talk_captions.html").read_text()
    assert (film.parent / "talk.vtt").read_text() == "a reference"
    assert not (film.parent / "talk_captions.mp4").exists()


def test_the_video_beside_the_page_has_sound_and_pictures(film: Path, tmp_path: Path) -> None:
    run(film, tmp_path / "out")
    shown = tmp_path / "out/talk_captions.mp4"
    assert len(list(video.read_frames(shown))) == round(SECONDS * 25)
    sound = audio.read(shown, RATE)
    assert np.abs(sound[round(2.2 * RATE): round(2.8 * RATE)]).max() > 0.2
    assert abs(len(sound) / RATE - SECONDS) < 0.1


def test_the_page_asks_no_other_host_and_runs_no_text(film: Path, tmp_path: Path) -> None:
    nasty = "</script><script>alert(1)</script><!-- @data@ & \u2028"
    run(film, tmp_path / "out", Echo(nasty))
    page = (tmp_path / "out/talk_captions.html").read_text(encoding="utf-8")
    assert page.count("<script") == 2 and page.count("</script>") == 2 and "alert(1)</" not in page
    assert not re.search(r"(src|href)=\"(?!talk_captions\.mp4\")|https?:", page)
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.S)[1])  # type: ignore[index]
    assert [s["text"] for s in data["segments"]] == [nasty] * 2
    boxes = data["speakers"][1]["boxes"]
    assert boxes[0] == [0.0, 0.469, 0.0, 0.25, 0.5] and boxes[1][0] == 0.2
    assert len({s["color"] for s in data["speakers"]}) == 2


def test_names_of_files_are_escaped_on_the_page(tmp_path: Path) -> None:
    transcript = transcripts.Transcript.of([], ["a"])
    pages.write(tmp_path / "p.html", "<b>@data@", 'a"b<c>:#%.mp4', transcript, {}, {})
    page = (tmp_path / "p.html").read_text()
    assert "<title>&lt;b&gt;@data@</title>" in page and 'src="a%22b%3Cc%3E%3A%23%25.mp4"' in page


def test_the_page_allows_only_its_own_script(tmp_path: Path) -> None:
    import base64
    import hashlib

    pages.write(tmp_path / "p.html", "t", "v.mp4", transcripts.Transcript.of([], ["a"]), {}, {})
    page = (tmp_path / "p.html").read_text()
    script = re.search(r"<script>(.*?)</script>", page, re.S)[1]  # type: ignore[index]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page and "default-src 'none'" in page


class Failing(Echo):
    """Echoes, and fails at the n-th piece."""

    def __init__(self, at: int, error: BaseException) -> None:
        super().__init__()
        self.left, self.error = at, error

    def __call__(self, wav: Path, seconds: float) -> list[Heard]:
        self.left -= 1
        if not self.left:
            raise self.error
        return super().__call__(wav, seconds)


@pytest.mark.parametrize("error", [InputError("no"), KeyboardInterrupt(), RuntimeError("of a library")])
@pytest.mark.parametrize("at", [1, 2])
def test_a_recognizer_that_fails_costs_no_extraction(film, tmp_path, monkeypatch, recwarn, error, at) -> None:
    whole = run(film, tmp_path / "whole")
    with pytest.raises(type(error)) as raised:
        run(film, tmp_path / "out", Failing(at, error))
    kept = tmp_path / "out/talk_captions_voices"
    told = [str(raised.value), *(str(w.message) for w in recwarn)]
    assert sum(f"kept in {kept}" in line for line in told) == 1
    assert [p.name for p in (tmp_path / "out").iterdir()] == [kept.name]
    assert sorted(p.name for p in kept.iterdir()) == ["talk_face1.wav", "talk_face2.wav", "voices.json"]
    with monkeypatch.context() as patch:
        patch.delattr(files.extraction, "extract")
        patch.delattr(files.extraction, "find_faces")
        with pytest.raises(InputError, match="1 names for 2 faces"):
            run(film, tmp_path / "out", names=["Ann"])
        result = run(film, tmp_path / "out")
    assert result.transcript == whole.transcript and not kept.exists()
    same = {p.name: p.read_bytes() for p in (tmp_path / "whole").glob("*.*") if p.suffix != ".mp4"}
    assert same == {name: (tmp_path / "out" / name).read_bytes() for name in same}


def test_kept_voices_of_something_else_are_made_anew(film: Path, tmp_path: Path, monkeypatch) -> None:
    def fail(place: Path, **options: Any) -> None:
        with pytest.raises(InputError):
            run(film, place, Failing(1, InputError("no")), **options)

    times: list[Any] = []
    real = files.extraction.extract
    monkeypatch.setattr(files.extraction, "extract", lambda *a, **k: times.append(a) or real(*a, **k))
    kept = tmp_path / "out/talk_captions_voices"
    fail(tmp_path / "out")
    fail(tmp_path / "out")
    assert len(times) == 1
    fail(tmp_path / "out", face=2)  # other voices
    assert len(times) == 2 and sorted(p.name for p in kept.glob("*.wav")) == ["talk_face2.wav"]
    (kept / "talk_face2.wav").write_bytes(b"damaged")
    fail(tmp_path / "out", face=2)
    assert len(times) == 3
    film.write_bytes(film.read_bytes() + bytes(8))  # another video under its name
    fail(tmp_path / "out", face=2)
    assert len(times) == 4
    unknown: Any = SimpleNamespace(**{**vars(EXTRACTOR), "identity": None})
    with pytest.raises(InputError, match="^no$"):
        files.transcribe(film, tmp_path / "other", unknown, Failing(1, InputError("no")), progress=False)
    assert not (tmp_path / "other").exists()
    (kept / "voices.json").unlink()
    with pytest.raises(InputError, match="not replaced"):
        run(film, tmp_path / "out")


def test_nothing_is_left_where_the_extraction_ends(film: Path, tmp_path: Path) -> None:
    def stopped(*_: Any) -> Iterator[list[np.ndarray]]:
        yield [np.zeros(100, np.float32)] * 2
        raise KeyboardInterrupt

    ends: Any = SimpleNamespace(**{**vars(EXTRACTOR), "together": stopped})
    before = sorted(tmp_path.iterdir())
    for call in (lambda: files.transcribe(film, tmp_path / "new/out", ends, Echo(), progress=False),
                 lambda: files.extraction.extract(stopped, RATE, 25.0, [film], tmp_path / "new/out",
                                                  progress=False)):
        with pytest.raises(KeyboardInterrupt):
            call()
        assert sorted(tmp_path.iterdir()) == before
    with pytest.raises(InputError, match="face 3"):
        run(film, tmp_path / "new/out", face=3)
    assert sorted(tmp_path.iterdir()) == before


def test_speakers_of_an_earlier_run_are_gone_and_a_folder_of_the_user_stays(film, tmp_path) -> None:
    run(film, tmp_path / "out", names=["a", "b"])
    run(film, tmp_path / "out", face=1)
    folder = tmp_path / "out/talk"
    assert sorted(p.name for p in folder.iterdir()) == ["face1.vtt", mcorec.CLUSTERS]
    (folder / "notes.txt").write_text("mine")
    echo = Echo()
    for place in (tmp_path / "out", tmp_path / "in"):
        if place.name == "in":
            (place / "talk").write_text("a file")
        with pytest.raises(InputError, match="--out"):
            run(film, place, echo)
    assert (folder / "notes.txt").read_text() == "mine" and echo.lengths == []
    reference = tmp_path / "labels/talk/a.vtt"
    webvtt.write(reference, [webvtt.Line(0, 1, "said")])
    with pytest.raises(InputError, match="another making"):
        run(film, tmp_path / "labels", echo)
    assert reference.is_file()


def test_the_command(film: Path, tmp_path: Path, monkeypatch, capsys: pytest.CaptureFixture[str]) -> None:
    from avspeech.extraction import extractor

    monkeypatch.setattr(extractor.Extractor, "from_pretrained", lambda name: EXTRACTOR)
    (tmp_path / "r.py").write_text("print('good day')\n")
    options = ["--recognizer", f"{sys.executable} {tmp_path / 'r.py'}", "--quiet"]
    options += ["-o", str(tmp_path / "out")]
    assert cli.main(["transcribe", str(film), *options, "--names", "Ann, Ben"]) == 0
    told = capsys.readouterr()
    assert told.out.splitlines()[0] == str(tmp_path / "out/talk_captions.html")
    assert "Ann: 2 words" in told.err and "Ben: 2 words" in told.err
    (tmp_path / "r.py").write_text("raise SystemExit('not today')\n")
    for wrong, line in ((options, "not today"), (["--recognizer", "nothing-here"], "nothing-here"),
                        ([*options, "--floor", "0"], "floor"), ([*options, "--key", "K"], "address"),
                        ([*options, "--face", "3"], "face 3")):
        assert cli.main(["transcribe", str(film), *wrong]) == 2
        err = capsys.readouterr().err
        assert line in err and err.count("\n") == 1, err


def test_a_sound_without_pictures_is_refused_before_anything_is_loaded(tmp_path: Path, capsys) -> None:
    audio.write(tmp_path / "talk.wav", np.sin(np.arange(16000) / 9) / 2, 16000)
    assert cli.main(["transcribe", str(tmp_path / "talk.wav"), "--recognizer", "none"]) == 2
    assert "talk.wav: a sound without pictures" in capsys.readouterr().err
