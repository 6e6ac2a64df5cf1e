"""Speaking with a tiny voice of random weights: what holds whatever the weights are."""

from __future__ import annotations

import itertools
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

import avspeech
from avspeech.cli import main
from avspeech.core import models, pretrained
from avspeech.errors import InputError
from avspeech.synthesis import files
from avspeech.synthesis.synthesizer import LONGEST, Synthesizer, limited
from avspeech.text.script import PARAGRAPH_REST, RESTS

TEXT = "I said <brk 0.4> no<rise>. Dr. Smith paid four dollars, <brk 0.3> and left for good<fall>!"
TINY = dict(width=16, layers=1, hidden=32, decoder=(16, 16), blocks=1, duration=16, phrasing=16,
            speaker_width=8, reference=8, tone=16, speakers=("ann", "bob"),
            vocoder=dict(width=16, hidden=32, layers=1, mels=20, n_fft=256, window=256, hop=128,
                         sample_rate=8000, high=4000.0, pitch_width=8))


def tiny(**differences: object) -> torch.nn.Module:
    torch.manual_seed(0)
    model = models.build("prosodyfm", **{**TINY, **differences}).eval()
    torch.nn.init.constant_(model.durations.out.bias, 1.6)  # some frames each
    return model


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    info = pretrained.ModelInfo("synthesis", "prosodyfm", dict(TINY), sample_rate=8000, fps=None)
    return pretrained.save(tmp_path_factory.mktemp("voice") / "tiny", tiny(), info)


@pytest.fixture(scope="module")
def voice(folder: Path) -> Synthesizer:
    found = avspeech.load(str(folder))
    assert isinstance(found, avspeech.Synthesizer)
    found.predict_breaks = False
    return found


def test_texts_are_phonemised_as_in_training() -> None:
    info = pretrained.ModelInfo("synthesis", "prosodyfm", dict(TINY), sample_rate=8000, fps=None,
                                frontend={"phonemiser": "nobody's"})
    with pytest.raises(InputError, match="nobody's"):
        Synthesizer(tiny(), info)("Yes.")
    assert len(Synthesizer(tiny(), info, phonemiser="default")("Yes.").audio)


def test_a_call_is_the_pieces_of_its_stream(voice: Synthesizer) -> None:
    speech = voice(TEXT)
    pieces = list(voice.stream(TEXT))
    assert len(pieces) == 4 and all(p.dtype == np.float32 for p in pieces)
    assert np.array_equal(np.concatenate(pieces), speech.audio)
    assert speech.sample_rate == 8000 and np.isfinite(speech.audio).all()
    assert speech.duration == pytest.approx(len(speech.audio) / 8000)


def test_joins_lie_in_breaks_and_are_smooth(voice: Synthesizer) -> None:
    speech, at = voice("I said <brk 0.4> no, <brk 0.6> not now."), 0
    middles = [(b["start"] + b["end"]) / 2 for b in speech.timestamps.breaks]
    lengths = [len(p) for p in voice.stream("I said <brk 0.4> no, <brk 0.6> not now.")]
    for length, middle in zip(lengths[:-1], middles, strict=True):
        at += length
        assert at / 8000 == pytest.approx(middle, abs=1e-4)
        steps = np.abs(np.diff(speech.audio[at - 200: at + 200]))
        assert steps[198:202].max() <= steps.max()  # no jump at the seam
    assert abs(speech.audio[0]) < 0.2 * np.abs(speech.audio).max()


def test_the_first_phrase_comes_before_the_second_is_made(voice: Synthesizer,
                                                          monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    real = voice.model.decode
    monkeypatch.setattr(voice.model, "decode", lambda *a, **k: (made.append(1), real(*a, **k))[1])
    stream = voice.stream(TEXT * 50)
    assert made == []
    next(stream)
    assert made == [1]


def test_breaks_last_as_asked_and_rate_is_faster_when_larger(voice: Synthesizer) -> None:
    breaks = voice(TEXT).timestamps.breaks
    assert [round(b["end"] - b["start"], 2) for b in breaks] == [0.4, 0.3]  # 16 ms frames: 25 and 18.75
    assert [b["after"] for b in breaks] == [1, 7]
    plain, fast, slow = (voice("We went to the sea.", rate=r).duration for r in (1, 2, 0.5))
    assert fast < 0.7 * plain and slow > 1.5 * plain


def test_words_have_times_and_places(voice: Synthesizer) -> None:
    speech = voice(TEXT)
    words, phones = speech.words, speech.timestamps.phones
    assert [w["word"] for w in words][:5] == ["i", "said", "no", "doctor", "smith"]
    assert TEXT[words[3]["from"]: words[3]["to"]] == "Dr."
    times = list(itertools.chain.from_iterable((w["start"], w["end"]) for w in words))
    assert times == sorted(times) and 0 <= times[0] and times[-1] <= speech.duration
    assert all(p["end"] - p["start"] > 0 for p in phones)
    assert phones[0]["start"] == words[0]["start"] and phones[-1]["end"] == words[-1]["end"]


def test_a_seed_repeats_and_a_sentence_sounds_alike_anywhere(voice: Synthesizer) -> None:
    one, two, other = voice("Go on.", seed=3), voice("Go on.", seed=3), voice("Go on.", seed=4)
    assert np.array_equal(one.audio, two.audio) and not np.array_equal(one.audio, other.audio)
    both = voice("Go on. Stay.", seed=3)
    assert np.array_equal(both.audio[: len(one.audio)], one.audio)


def test_voices_and_steps_differ(voice: Synthesizer) -> None:
    ann = voice("Go on.", voice="ann")
    assert np.array_equal(ann.audio, voice("Go on.").audio)
    assert np.array_equal(voice("Go on.", voice="bob").audio, voice("Go on.", voice="1").audio)
    assert not np.array_equal(ann.audio, voice("Go on.", voice="bob").audio)
    assert len(voice("Go on.", steps=1).audio) == len(ann.audio)


def test_a_reference_and_tones_change_the_planned_sound(voice: Synthesizer, tmp_path: Path) -> None:
    hertz = 150 * 2 ** (np.linspace(0, 6, 12000) / 12)
    sound = sum(np.sin(2 * np.pi * k * np.cumsum(hertz) / 8000) / k for k in range(1, 9)) * 0.1
    soundfile.write(tmp_path / "rise.wav", sound, 8000)
    contours, frames = voice.listen(tmp_path / "rise.wav")
    assert frames.tolist() == [[25]]  # 0.4 s at 16 ms
    line = contours[0, 0].numpy()
    assert np.polyfit(np.arange(25) * 0.016, line, 1)[0] == pytest.approx(4, abs=0.4)  # 6 semitones in 1.5 s
    plain = voice("Go on.").audio
    assert not np.array_equal(plain, voice("Go on.", reference=tmp_path / "rise.wav").audio)
    assert not np.array_equal(voice("Go on<rise>.").audio, voice("Go on<fall>.").audio)


def test_a_very_long_sentence_is_cut(voice: Synthesizer) -> None:
    text = " ".join(["go"] * (2 * LONGEST + 5))
    speech = voice(text, steps=1)
    assert len(speech.words) == 2 * LONGEST + 5
    starts = [w["start"] for w in speech.words]
    assert starts == sorted(starts) and [w["from"] for w in speech.words] == list(range(0, len(text), 3))


@pytest.mark.parametrize(("options", "said"), [
    (dict(rate=0), "rate"), (dict(rate=9.0), "faster"), (dict(steps=0), "steps"), (dict(steps=2.5), "steps"),
    (dict(seed=-1), "seed"), (dict(voice="eve"), "ann, bob"), (dict(temperature=-1.0), "temperature"),
    (dict(reference="none.wav"), "no such file"), (dict(reference=np.zeros(8000, np.float32)), "voiced")])
def test_bad_wishes_are_said_at_once(voice: Synthesizer, options: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        voice.stream("Go on.", **options)
    for text in ("", " -- ", "no <brk", "go<rise slope=x>"):
        with pytest.raises(InputError):
            voice.stream(text)


def test_voices_without_some_parts() -> None:
    info = pretrained.ModelInfo("synthesis", "prosodyfm")
    plain = Synthesizer(tiny(breaks=False, intonation=False), info)
    assert plain("Well, go<rise>.").duration > 0
    with pytest.raises(InputError, match="intonation"):
        plain("Go.", reference=np.zeros(8000, np.float32))
    vector = Synthesizer(tiny(embeddings="vector", vector=5), info)
    assert vector.voices == () and vector("Go.", voice=np.ones(5)).duration > 0
    with pytest.raises(InputError, match="vector of 5"):
        vector("Go.", voice="ann")


# --- files ------------------------------------------------------------------------------------------------


def test_speak_writes_sound_and_times(folder: Path, tmp_path: Path,
                                      capsys: pytest.CaptureFixture[str]) -> None:
    out, stamps = tmp_path / "a" / "out.wav", tmp_path / "out.json"
    assert main(["speak", TEXT, "-o", str(out), "--model", str(folder), "--timestamps", str(stamps)]) == 0
    assert capsys.readouterr().out.strip() == str(out)
    info, record = soundfile.info(out), json.loads(stamps.read_text())
    assert info.samplerate == 8000 and info.frames / 8000 == pytest.approx(record["duration"], abs=1e-3)
    assert record["text"] == TEXT and record["words"][0]["word"] == "i"
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["a", "out.json", "out.wav"]


BOOK = "Chapter one.\n\nIt was a dark night. <brk 0.5> Was it<rise>?\nIt was.\n\n\n----\n\nThe end.\n"


def test_a_file_is_read_paragraph_by_paragraph(voice: Synthesizer, tmp_path: Path) -> None:
    book = tmp_path / "book.txt"
    book.write_text(BOOK)
    seconds = files.speak_file(voice, book, tmp_path / "book.flac", tmp_path / "book.json")
    record = json.loads((tmp_path / "book.json").read_text())
    assert soundfile.info(tmp_path / "book.flac").frames / 8000 == pytest.approx(seconds)
    assert [BOOK[w["from"]: w["to"]].lower() for w in record["words"]] == [w["word"] for w in record["words"]]
    assert record["words"][-1]["word"] == "end" and len(record["breaks"]) == 1
    parts = [voice(p).duration for p in ("Chapter one.", BOOK.split("\n\n")[1], "The end.")]
    assert seconds == pytest.approx(sum(parts) + 2 * PARAGRAPH_REST, abs=1e-3)


def test_rests_between_sentences_and_paragraphs(voice: Synthesizer) -> None:
    one = voice("Go on.").duration
    for text, rest in (("Go on. Go on.", RESTS["."]), ("Go on.\n\nGo on.", PARAGRAPH_REST),
                       ("Go on. <brk 0.1> Go on.", 0.0)):
        assert voice(text).duration - 2 * one == pytest.approx(rest or voice(
            "Go on. <brk 0.1>").duration - one, abs=1e-3), text
    short = Synthesizer(voice.model, voice.info, sentence_rest=0.1, paragraph_rest=0.2)
    apart = sum(short(text).duration for text in ("Go on.", "Stay.", "Go."))
    assert short("Go on. Stay.\n\nGo.").duration == pytest.approx(apart + 0.3, abs=1e-3)
    with pytest.raises(InputError, match="sentence_rest -1: expected seconds from 0 to 60"):
        Synthesizer(voice.model, voice.info, sentence_rest=-1)("Go on.")


def test_paragraphs_of_any_length(tmp_path: Path) -> None:
    book, text = tmp_path / "b.txt", "One two three. " * 2000
    book.write_text("\n\n" + text + "\n\nLast.\n")
    parts = list(files.paragraphs(book))
    whole = book.read_text()
    assert all(whole[at: at + len(part)] == part for at, part in parts)
    assert "".join(part for _, part in parts).split() == whole.split()
    assert max(len(part) for _, part in parts) <= 2 * files.CHARACTERS
    assert all(part.rstrip().endswith(".") for _, part in parts)


def test_bad_files(voice: Synthesizer, folder: Path, tmp_path: Path,
                   capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "bad.txt"
    out = tmp_path / "bad.wav"
    for content, said in ((b"\xff\xfe\x00a", "UTF-8"), (b"fine.\n\nnot <brk\n", "paragraph at character 7"),
                          (b"", "no word"), (b"- -\n", "no word")):
        bad.write_bytes(content)
        with pytest.raises(InputError, match=said):
            files.speak_file(voice, bad, out)
    with pytest.raises(InputError, match="such file"):
        files.speak_file(voice, tmp_path / "none.txt", out)
    with pytest.raises(InputError, match="mp3"):
        files.speak_text(voice, "Go.", tmp_path / "a.mp3")
    assert [p.name for p in tmp_path.iterdir()] == ["bad.txt"]
    for words in (["speak"], ["speak", "a", "--file", "b"],
                  ["speak", "Go.", "--rate", "0", "--model", str(folder)],
                  ["speak", "Go.", "--model", "mvtf-small"]):
        assert main(words) == 2
        assert capsys.readouterr().err.startswith("avspeech: error: ")


@pytest.mark.slow
def test_killed_while_reading_leaves_no_file(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "book.txt").write_text("It was a dark and stormy night. " * 20000)
    process = subprocess.Popen([sys.executable, "-m", "avspeech", "speak", "--file",
                                str(tmp_path / "book.txt"), "-o", str(tmp_path / "book.wav"), "--model",
                                str(folder), "--quiet"])
    for _ in range(600):
        time.sleep(0.1)
        if any(p.stat().st_size > 50_000 for p in tmp_path.glob(".book.wav*")):
            break
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "book.wav").exists()


def test_loud_sound_is_bent_not_cut() -> None:
    sound = np.linspace(-3, 3, 601, dtype=np.float32)
    bent = limited(sound)
    assert np.array_equal(bent[np.abs(sound) <= 0.9], sound[np.abs(sound) <= 0.9])
    assert np.abs(bent).max() <= 1 and (np.diff(bent) >= 0).all() and np.allclose(bent, -bent[::-1])
