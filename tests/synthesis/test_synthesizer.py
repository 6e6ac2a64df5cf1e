"""Speaking with a tiny voice of random weights: what holds whatever the weights are."""

from __future__ import annotations

import dataclasses
import io
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import warnings
import zlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

import avspeech
from avspeech.cli import main
from avspeech.core import models, pretrained
from avspeech.errors import InputError
from avspeech.synthesis import engine, files
from avspeech.synthesis.script_parts import LONGEST
from avspeech.synthesis.synthesizer import Speech, Synthesizer, limited
from avspeech.text import symbols
from avspeech.text.script import RESTS

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


def test_breaks_get_less_by_what_a_pause_is_heard_longer(voice: Synthesizer) -> None:
    info = dataclasses.replace(voice.info, config=dict(TINY, quiet=0.08))
    shorter = Synthesizer(tiny(quiet=0.08), info, predict_breaks=False)
    lengths = [[b["end"] - b["start"] for b in v("No, <brk 0.4> not <brk 0.05> now.").timestamps.breaks]
               for v in (voice, shorter)]
    assert lengths[0] == pytest.approx([0.4, 0.05], abs=0.009)
    assert lengths[1] == pytest.approx([0.32], abs=0.009)  # none is less than nothing
    plain = "We went, as ever, to the sea."  # without breaks whose length is asked for
    assert np.array_equal(voice(plain).audio, shorter(plain).audio)


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


def test_a_voice_takes_its_own_steps_unless_others_are_asked_for(voice: Synthesizer) -> None:
    own = voice.config.steps
    assert voice.manner().steps == own and voice.manner(steps=own + 1).steps == own + 1
    assert (voice("Go on.").audio == voice("Go on.", steps=own).audio).all()


def test_a_reference_and_tones_change_the_planned_sound(voice: Synthesizer, tmp_path: Path) -> None:
    hertz = 150 * 2 ** (np.linspace(0, 6, 12000) / 12)
    sound = sum(np.sin(2 * np.pi * k * np.cumsum(hertz) / 8000) / k for k in range(1, 9)) * 0.1
    soundfile.write(tmp_path / "rise.wav", sound, 8000)
    contours, frames = voice.listen(tmp_path / "rise.wav")
    assert frames.tolist() == [[25]]  # 0.4 s at 16 ms
    line = contours[0, 0]
    assert np.polyfit(np.arange(25) * 0.016, line, 1)[0] == pytest.approx(4, abs=0.4)  # 6 semitones in 1.5 s
    plain = voice("Go on.").audio
    assert not np.array_equal(plain, voice("Go on.", reference=tmp_path / "rise.wav").audio)
    assert not np.array_equal(voice("Go on<rise>.").audio, voice("Go on<fall>.").audio)


def test_a_voice_that_follows_no_tones_says_so() -> None:
    info = pretrained.ModelInfo("synthesis", "prosodyfm", dict(TINY), sample_rate=8000, fps=None)
    deaf = Synthesizer(tiny(tones=False), info, predict_breaks=False)
    with pytest.warns(UserWarning, match="does not follow the tones"):
        deaf("Go on<rise>.")
    sound = np.sin(2 * np.pi * 150 * np.arange(8000) / 8000).astype(np.float32)
    with pytest.warns(UserWarning, match="does not follow the tones"):
        deaf.manner(reference=sound)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # nothing was asked for, so nothing is said
        script = deaf.read("Did you go? I went.")
    assert not any(word.tone for word in script.words)


def test_a_very_long_sentence_is_cut(voice: Synthesizer) -> None:
    text = " ".join(["go"] * (2 * LONGEST + 5))
    speech = voice(text, steps=1)
    assert len(speech.words) == 2 * LONGEST + 5
    starts = [w["start"] for w in speech.words]
    assert starts == sorted(starts) and [w["from"] for w in speech.words] == list(range(0, len(text), 3))


@pytest.mark.parametrize(("options", "said"), [
    (dict(rate=0), "rate"), (dict(rate=9.0), "faster"), (dict(steps=0), "steps"), (dict(steps=2.5), "steps"),
    (dict(seed=-1), "seed"),
    (dict(rate="fast"), "rate fast: expected"), (dict(steps="4"), "steps"), (dict(seed="x"), "seed"),
    (dict(temperature="1"), "temperature"), (dict(sentence_rest="1"), "sentence_rest 1: expected"),
    (dict(paragraph_rest=float("nan")), "paragraph_rest"), (dict(rate=None), "rate None"),
    (dict(seed=float("nan")), "seed"), (dict(seed=float("inf")), "seed"),
    (dict(voice="²"), "ann, bob"), (dict(voice="eve"), "ann, bob"), (dict(temperature=-1.0), "temperature"),
    (dict(reference="none.wav"), "no such file"), (dict(reference=np.zeros(8000, np.float32)), "voiced")])
def test_bad_wishes_are_said_at_once(voice: Synthesizer, options: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        voice.stream("Go on.", **options)
    for text in ("", " -- ", "no <brk", "go<rise slope=x>", None, 3, b"go", ["go"]):
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


@pytest.mark.parametrize("text", ["I said <brk 0.4> no, you did.", "I said, <brk 0.4> no, you did."])
def test_a_voice_without_breaks_makes_the_pauses_asked_for(text: str) -> None:
    """It never learned the symbol of a break: the mark or word boundary there takes the time."""
    plain = Synthesizer(tiny(breaks=False, intonation=False), pretrained.ModelInfo("synthesis", "prosodyfm"))
    speech, pieces = plain(text), list(plain.stream(text))
    words, (pause,) = speech.words, speech.timestamps.breaks
    assert pause["end"] - pause["start"] == pytest.approx(0.4, abs=0.01) and pause["after"] == 1
    assert words[2]["start"] - words[1]["end"] == pytest.approx(0.4, abs=0.01)
    assert len(pieces) == 2 and np.array_equal(np.concatenate(pieces), speech.audio)
    plain.model.embed.weight.data[symbols.NUMBER[symbols.BREAK]] = 1e3
    assert np.array_equal(plain(text).audio, speech.audio)


def test_a_script_is_said_as_its_text(voice: Synthesizer) -> None:
    script = voice.read(TEXT)
    assert np.array_equal(voice.speech(script, voice.manner()).audio, voice(TEXT).audio)


def test_contours_belong_to_the_words_of_the_whole_script(voice: Synthesizer) -> None:
    """Each changes its own sentence alone, and a tone in the text wins."""
    script = voice.read("Go on. Stay here.")
    plain = voice.speech(script, voice.manner())
    rise = np.linspace(-4, 4, 20, dtype=np.float32)
    first, second = (voice.speech(script, voice.manner(contours={word: rise})) for word in (1, 3))
    end = round(plain.words[2]["start"] * 8000) - 1000
    assert not np.array_equal(first.audio[:end], plain.audio[:end])
    assert np.array_equal(second.audio[: end // 2], plain.audio[: end // 2])
    assert not np.array_equal(second.audio, plain.audio)
    toned = voice.read("Go on<fall>.")
    one, two = (voice.speech(toned, voice.manner(contours=c)).audio for c in (None, {1: rise}))
    assert np.array_equal(one, two)


@pytest.mark.parametrize("word", ["", " ", "--"])
def test_a_pronunciation_that_no_text_can_use_is_refused(voice: Synthesizer, word: str) -> None:
    with pytest.raises(InputError, match="pronunciation"):
        Synthesizer(voice.model, voice.info, pronunciations={word: "N UW1"})


def test_bad_pronunciations_are_said_when_the_voice_is_made(voice: Synthesizer) -> None:
    with pytest.raises(InputError, match="QQ"):
        Synthesizer(voice.model, voice.info, pronunciations={"fine": "QQ"})
    with pytest.raises(InputError, match="type list, expected a dict"):
        Synthesizer(voice.model, voice.info, pronunciations=["fine"])  # type: ignore[arg-type]
    own = Synthesizer(voice.model, voice.info, predict_breaks=False, pronunciations={"Fine": "N OW1"})
    assert np.array_equal(own("Fine.", seed=0).audio, voice("No.", seed=_swap("fine.", "no.")).audio)


def _swap(one: str, other: str) -> int:
    """The seed with which one text has the noise that another has with seed 0."""
    return zlib.crc32(one.encode()) ^ zlib.crc32(other.encode())


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
    parts = [voice(p) for p in ("Chapter one.", BOOK.split("\n\n")[1], "The end.")]
    rests = sum(0.8 - edge_after(one) - edge_before(two) for one, two in itertools.pairwise(parts))
    assert seconds == pytest.approx(sum(p.duration for p in parts) + rests, abs=1e-3)
    gaps = [b["start"] - a["end"] for a, b in itertools.pairwise(record["words"])]
    assert gaps[1] == pytest.approx(0.8, abs=0.01) == gaps[-2]


def edge_before(speech: Speech) -> float:
    return speech.words[0]["start"]


def edge_after(speech: Speech) -> float:
    return speech.duration - speech.words[-1]["end"]


def test_paragraphs_of_any_length(tmp_path: Path) -> None:
    book, text = tmp_path / "b.txt", "One two three. " * 2000
    book.write_text("\n\n" + text + "\n\nLast.\n")
    parts = [(part.offset, part.text) for part in files._parts(files.open_text(book))]
    whole = book.read_text()
    assert all(whole[at: at + len(part)] == part for at, part in parts)
    assert "".join(part for _, part in parts).split() == whole.split()
    assert max(len(part) for _, part in parts) <= 2 * files.CHARACTERS
    assert all(part.rstrip().endswith(".") for _, part in parts)


@pytest.mark.parametrize(("text", "place"), [
    ("<grin>", "line 1, column 1:"), ("One.\n\n\n  <grin>", "line 4, column 3:"),
    ("One.\r\n\r\nTwo\r\nno <grin>\r\n", "line 4, column 4:"),
    ("One. " * 30 + "<grin>", "line 1, column 151:"), ("One.\n" * 50 + "a <grin>", "line 51, column 3:"),
    ("\n\n" + "x" * 90 + " <grin>", "line 3, column 92:")])
def test_the_place_of_a_fault_is_that_in_the_file(voice: Synthesizer, tmp_path: Path, text: str, place: str,
                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "CHARACTERS", 40)
    (tmp_path / "t.txt").write_bytes(text.encode())
    with pytest.raises(InputError, match=place):
        files.speak_file(voice, tmp_path / "t.txt", tmp_path / "t.wav")


def test_bad_files(voice: Synthesizer, folder: Path, tmp_path: Path,
                   capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "bad.txt"
    out = tmp_path / "bad.wav"
    for content, said in ((b"\xff\xfe\x00a", "UTF-8"), (b"fine.\n\nnot <brk\n", "line 3, column 5"),
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


@pytest.mark.parametrize("late", ["not <grin> now", "no <brk", "<prosody rate=2>fast", "go<rise><fall>"])
def test_a_bad_tag_late_in_a_book_is_found_before_anything_is_said(
        voice: Synthesizer, tmp_path: Path, late: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "book.txt").write_text("A good line.\n\n" * 30 + late + "\n")
    (tmp_path / "book.wav").write_bytes(b"what was there")
    monkeypatch.setattr(voice, "say", lambda *a: pytest.fail("said"))
    with pytest.raises(InputError, match=r"book.txt, line 61, column \d+: [^\n]*$"):
        files.speak_file(voice, tmp_path / "book.txt", tmp_path / "book.wav", tmp_path / "book.json")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["book.txt", "book.wav"]
    assert (tmp_path / "book.wav").read_bytes() == b"what was there"


def test_what_was_said_is_kept_where_the_rest_fails(voice: Synthesizer, tmp_path: Path,
                                                    monkeypatch: pytest.MonkeyPatch,
                                                    capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "book.txt").write_text("One.\n\nTwo.\n\nThree.\n")
    (tmp_path / "book.wav").write_bytes(b"what was there")
    real, said = voice.say, []

    def say(script: object, *rest: object):  # type: ignore[no-untyped-def]
        if len(said) == 2:
            raise KeyboardInterrupt
        said.append(script)
        return real(script, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(voice, "say", say)
    with pytest.raises(KeyboardInterrupt):
        files.speak_file(voice, tmp_path / "book.txt", tmp_path / "book.wav")
    assert (tmp_path / "book.wav").read_bytes() == b"what was there"
    assert soundfile.info(tmp_path / "book.unfinished.wav").frames > 0
    assert "book.unfinished.wav" in capsys.readouterr().err
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("way", ["-", "fifo"])
def test_a_text_from_a_pipe(folder: Path, tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "Go on.\n\nStay.\n"
    (tmp_path / "text.txt").write_text(text)
    arguments = ["--model", str(folder), "--quiet", "-o"]
    assert main(["speak", "--file", str(tmp_path / "text.txt"), *arguments, str(tmp_path / "file.wav")]) == 0
    if way == "-":
        stdin = SimpleNamespace(buffer=io.BytesIO(text.encode()))
        monkeypatch.setattr(sys, "stdin", stdin)
        source = "-"
    else:
        source = str(tmp_path / "fifo")
        os.mkfifo(source)
        threading.Thread(target=lambda: Path(source).write_text(text), daemon=True).start()
    assert main(["speak", "--file", source, *arguments, str(tmp_path / "pipe.wav")]) == 0
    assert (tmp_path / "pipe.wav").read_bytes() == (tmp_path / "file.wav").read_bytes()


def test_a_pipe_without_end_is_refused(voice: Synthesizer, tmp_path: Path,
                                       monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "PIPED", 1000)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"yes " * 300)))
    with pytest.raises(InputError, match="standard input: more than"):
        files.speak_file(voice, "-", tmp_path / "a.wav")


def test_what_cannot_be_said_is_said_once(folder: Path, tmp_path: Path,
                                          capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "t.txt").write_text("Go on \u4f60.\n\n\u597d\n\nStay, blorvitz.\n", encoding="utf-8")
    assert main(["speak", "--file", str(tmp_path / "t.txt"), "-o", str(tmp_path / "t.wav"), "--model",
                 str(folder), "--quiet"]) == 0
    said = capsys.readouterr().err.splitlines()
    assert [line for line in said if "no reading" in line] == [
        "avspeech: 2 characters have no reading and are left out: \u4f60 \u597d"]
    assert [line for line in said if "guessed" in line] == [
        "avspeech: the pronunciation of 1 word is guessed: blorvitz"]
    assert main(["speak", "\u4f60\u597d", "-o", str(tmp_path / "n.wav"), "--model", str(folder)]) == 2
    assert "no word to say; 2 characters have no reading" in capsys.readouterr().err


def test_own_pronunciations_from_a_file(folder: Path, voice: Synthesizer, tmp_path: Path,
                                        capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "own.txt").write_text("# mine\nJSON\tJH EY1 S AH0 N\n")
    arguments = ["speak", "JSON.", "--model", str(folder), "--timestamps", str(tmp_path / "t.json"), "-o",
                 str(tmp_path / "t.wav"), "--lexicon", str(tmp_path / "own.txt")]
    assert main(arguments) == 0
    phones = [p["phone"] for p in json.loads((tmp_path / "t.json").read_text())["phones"]]
    assert phones == list(symbols.from_arpabet("JH EY1 S AH0 N"))
    (tmp_path / "own.txt").write_text("JSON\tJH QQ\n")
    assert main(arguments) == 2
    assert "own.txt, line 1" in capsys.readouterr().err


# --- rests ------------------------------------------------------------------------------------------------


def gap(speech: Speech, word: int) -> float:
    return speech.words[word + 1]["start"] - speech.words[word]["end"]


@pytest.mark.parametrize(("text", "options", "rest"), [
    ("Go on. Stay.", {}, 0.4), ("Go on? Stay.", {}, 0.4), ("Go on\u2026 Stay.", {}, RESTS["\u2026"]),
    ("Go on.\n\nStay.", {}, 0.8), ("Go on. Stay.", {"sentence_rest": 1.3}, 1.3),
    ("Go on.\n\nStay.", {"paragraph_rest": 2.0}, 2.0), ("Go on.\n\nStay.", {"sentence_rest": 1.0}, 2.0)])
def test_rests_between_sentences_and_paragraphs(voice: Synthesizer, text: str, options: dict,
                                                rest: float) -> None:
    speech = voice(text, **options)
    assert gap(speech, 1) == pytest.approx(rest, abs=0.01)
    assert np.array_equal(np.concatenate(list(voice.stream(text, **options))), speech.audio)
    between = speech.audio[round(speech.words[1]["end"] * 8000): round(speech.words[2]["start"] * 8000)]
    assert (between == 0).mean() > 0.3


def test_no_rest_is_as_before_and_a_break_asked_for_stands_for_it(voice: Synthesizer) -> None:
    none = voice("Go on. Stay.", sentence_rest=0)
    one, two = voice("Go on."), voice("Stay.")
    assert none.duration == pytest.approx(one.duration + two.duration)
    assert gap(none, 1) == pytest.approx(edge_after(one) + edge_before(two), abs=1e-3)
    always = Synthesizer(voice.model, voice.info, predict_breaks=False, sentence_rest=0.7)
    assert gap(always("Go on. Stay."), 1) == pytest.approx(0.7, abs=0.01)
    assert gap(always("Go on. Stay.", sentence_rest=0.9), 1) == pytest.approx(0.9, abs=0.01)
    asked = voice("Go on. <brk 0.1> Stay.")
    assert gap(asked, 1) < 0.1 + edge_after(one) + edge_before(two) + 0.05
    for rest in (-1.0, 1e9, float("nan")):
        with pytest.raises(InputError, match="rest"):
            voice("Go on. Stay.", sentence_rest=rest)


def test_ellipsis_within_a_sentence_rests(voice: Synthesizer) -> None:
    assert gap(voice("Go \u2026 on."), 0) == pytest.approx(RESTS["\u2026"], abs=0.02)
    assert gap(voice("Go \u2026 <brk 0.2> on."), 0) != pytest.approx(RESTS["\u2026"], abs=0.05)


def test_a_long_paragraph_rests_as_between_sentences(voice: Synthesizer, tmp_path: Path,
                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "CHARACTERS", 40)
    (tmp_path / "t.txt").write_text("Go on. " * 12)
    files.speak_file(voice, tmp_path / "t.txt", tmp_path / "t.wav", tmp_path / "t.json")
    words = json.loads((tmp_path / "t.json").read_text())["words"]
    gaps = [b["start"] - a["end"] for a, b in itertools.pairwise(words)][1::2]
    assert len(gaps) == 11 and np.allclose(gaps, 0.4, atol=0.01)


def test_what_is_not_read_is_warned_of(voice: Synthesizer) -> None:
    with pytest.warns(UserWarning, match="1 character has no reading"):
        voice("Go on \u4f60.")


def test_yes_no_questions_rise_and_others_do_not(voice: Synthesizer) -> None:
    tones = {text: voice.read(text).words[-1].tone for text in
             ("Are you ready?", "Where are you?", "You are ready.", "Are you ready<fall>?")}
    shapes = [tone.shape if tone else None for tone in tones.values()]
    assert shapes == ["rise", None, None, "fall"]
    assert np.array_equal(voice("Are you ready?").audio, voice("Are you ready<rise>?").audio)


# --- places that cannot be written to ---------------------------------------------------------------------


def test_places_that_cannot_be_written_to(folder: Path, tmp_path: Path,
                                          capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("no folder")
    (tmp_path / "out.wav").write_bytes(b"what was there")
    (tmp_path / "taken.wav").mkdir()
    for out, times, why in (("file/out.wav", None, "cannot be written"),
                            ("taken.wav", None, "a folder; expected a file"),
                            ("out.wav", "file/out.json", "cannot be written"),
                            ("x" * 300 + ".wav", None, "cannot be written")):
        more = ["--timestamps", str(tmp_path / times)] if times else []
        assert main(["speak", "Go on.", "-o", str(tmp_path / out), "--model", str(folder), *more]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("avspeech: error: ") and why in line
    assert (tmp_path / "out.wav").read_bytes() == b"what was there"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "out.wav", "taken.wav"]


def test_standard_output_gets_what_a_file_would(folder: Path, tmp_path: Path,
                                                capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    said = ["speak", "Go on.", "--model", str(folder), "--quiet", "--steps", "1", "-o"]
    assert main([*said, str(tmp_path / "a.wav")]) == 0
    capfdbinary.readouterr()
    assert main([*said, "-"]) == 0
    piped = np.frombuffer(capfdbinary.readouterr().out[44:], "<i2").astype(int)
    written = np.frombuffer((tmp_path / "a.wav").read_bytes()[44:], "<i2").astype(int)
    assert len(piped) == len(written) > 2000 and np.abs(piped - written).max() <= 1


def test_a_folder_that_vanishes(voice: Synthesizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = voice.say

    def say(*arguments: object):  # type: ignore[no-untyped-def]
        yield from real(*arguments)  # type: ignore[arg-type]
        shutil.rmtree(tmp_path / "out")

    monkeypatch.setattr(voice, "say", say)
    with pytest.raises(InputError, match="cannot be written"):
        files.speak_text(voice, "Go on.", tmp_path / "out" / "a.wav")


FULL = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000))
from avspeech.cli import main
book, model, *outs = sys.argv[1:]
print([main(["speak", "--file", book, "--model", model, "--quiet", "--steps", "1", "-o", o]) for o in outs])
"""


def test_a_disk_that_is_full(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "book.txt").write_text("It was a dark and stormy night. " * 20)
    outs = [tmp_path / f"book{suffix}" for suffix in (".wav", ".flac", ".ogg")]
    for out in outs:
        out.write_bytes(b"what was there")
    done = subprocess.run([sys.executable, "-c", FULL, str(tmp_path / "book.txt"), str(folder),
                           *map(str, outs)], capture_output=True, text=True)
    assert done.stdout == "[2, 2, 2]\n", done.stderr
    for line, out in zip(done.stderr.splitlines(), outs, strict=True):
        assert line.startswith(f"avspeech: error: {out}: cannot be written")
        assert out.read_bytes() == b"what was there"
    assert len(list(tmp_path.iterdir())) == 4


@pytest.mark.slow
def test_killed_while_reading_leaves_no_file(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "book.txt").write_text("It was a dark and stormy night. " * 20000)
    process = subprocess.Popen([sys.executable, "-m", "avspeech", "speak", "--file",
                                str(tmp_path / "book.txt"), "-o", str(tmp_path / "book.wav"), "--model",
                                str(folder), "--quiet"])
    for _ in range(600):
        time.sleep(0.1)
        if any(p.stat().st_size > 50_000 for p in tmp_path.glob(".book.*")):
            break
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "book.wav").exists()


def test_loud_sound_is_bent_not_cut() -> None:
    sound = np.linspace(-3, 3, 601, dtype=np.float32)
    bent = limited(sound)
    assert np.array_equal(bent[np.abs(sound) <= 0.9], sound[np.abs(sound) <= 0.9])
    assert np.abs(bent).max() <= 1 and (np.diff(bent) >= 0).all() and np.allclose(bent, -bent[::-1])


def said_f0(voice: Synthesizer, text: str, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """The melody that the vocoder is given, in semitones, phrase by phrase in one row."""
    found, vocode = [], voice._vocode
    monkeypatch.setattr(voice, "_vocode", lambda mel, f0, seed: found.append(f0) or vocode(mel, f0, seed))
    voice(text)
    monkeypatch.undo()
    return 12 * np.log2(np.concatenate(found) / 100)


def test_pitch_moves_the_melody_of_its_words_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    info = pretrained.ModelInfo("synthesis", "prosodyfm", dict(TINY), sample_rate=8000, fps=None)
    voice = Synthesizer(tiny(), info, predict_breaks=False)
    vocoder = voice.model.vocoder  # whose bounds a random melody would meet
    vocoder.config = dataclasses.replace(vocoder.config, pitch_low=1.0, pitch_high=4000.0)
    voice.engine.vocoder = vocoder.config
    plain = said_f0(voice, "I said no more of it.", monkeypatch)
    text = 'I said <prosody pitch="+2st">no more</prosody> of it.'
    moved = said_f0(voice, text, monkeypatch) - plain
    edges = [i for i in range(len(moved)) if 0.01 < moved[i] < 1.99]
    assert moved.max() == pytest.approx(2, abs=1e-3) and moved.min() == pytest.approx(0, abs=1e-3)
    assert 0 < len(edges) <= 4 and moved[0] == moved[-1] == 0


def test_volume_scales_the_sound_of_its_words(voice: Synthesizer) -> None:
    plain = voice("I said no more of it.")
    soft = voice('I said <prosody volume="-12dB">no more</prosody> of it.')
    silent = voice('I said <prosody volume="silent">no more</prosody> of it.')
    start, end = (round(plain.words[2]["start"] * 8000) + 200, round(plain.words[3]["end"] * 8000) - 200)
    assert soft.audio[start:end] == pytest.approx(plain.audio[start:end] * 10 ** (-12 / 20), abs=1e-6)
    assert not silent.audio[start:end].any() and silent.audio[: start - 500].any()
    assert np.array_equal(soft.audio[: start - 500], plain.audio[: start - 500])
    assert np.array_equal(soft.audio[end + 500:], plain.audio[end + 500:])


def test_a_voice_may_change_within_a_text(voice: Synthesizer) -> None:
    both = voice('No. <voice name="bob">Yes.</voice>')
    one, two = voice("No."), voice("Yes.", voice="bob")
    assert np.array_equal(both.audio[: len(one.audio)], one.audio)
    assert np.array_equal(both.audio[-len(two.audio):], two.audio)
    assert np.array_equal(voice('<voice name="1">Yes.</voice>').audio, two.audio)
    with pytest.raises(InputError, match="column 1: voice 'eve' is not known; this model has: ann, bob"):
        voice('<voice name="eve">Yes.</voice>')
    with pytest.raises(InputError, match=r"has: ann, bob; \S+ is a model \(--model prosodyfm-michael\)$"):
        voice("Yes.", voice="prosodyfm-michael")
    with pytest.raises(InputError, match="has: ann, bob$"):
        voice("Yes.", voice="eve")


def test_named_places_have_times(voice: Synthesizer, tmp_path: Path) -> None:
    text = ('<mark name="a"/>I said <mark name="b"/><brk 0.4> no. <mark name="c"/>Not <mark name="d"/>now.'
            '<mark name="e"/>')
    speech = voice(text)
    words, pause = speech.words, speech.timestamps.breaks[0]
    wanted = {"a": words[0]["start"], "b": pause["start"], "c": words[3]["start"], "d": words[4]["start"],
              "e": speech.duration}
    times = {mark["name"]: mark["start"] for mark in speech.timestamps.marks}
    assert list(times) == list("abcde")
    for name, at in wanted.items():
        assert times[name] == pytest.approx(at, abs=0.02 if name == "e" else 1e-3), name
    files.speak_text(voice, text, tmp_path / "a.wav", tmp_path / "a.json")
    record = json.loads((tmp_path / "a.json").read_text())
    assert record["marks"] == [{"name": name, "time": pytest.approx(times[name])} for name in "abcde"]


def test_markup_is_checked_before_anything_is_said(voice: Synthesizer, tmp_path: Path) -> None:
    book = tmp_path / "book.txt"
    for bad, match in (('<say-as interpret-as="date">soon</say-as>', "'soon' is no date"),
                       ('<voice name="eve">x</voice>', "voice 'eve'"), ("<audio/>", "not supported")):
        book.write_text(f"Fine.\n\nStill fine.\n\nNot {bad}\n")
        with pytest.raises(InputError, match=rf"line 5, column \d+: .*{match}"):
            files.speak_file(voice, book, tmp_path / "book.wav")
        assert not (tmp_path / "book.wav").exists()


def test_a_voice_without_intonation_refuses_pitch() -> None:
    info = pretrained.ModelInfo("synthesis", "prosodyfm", dict(TINY), sample_rate=8000, fps=None)
    flat = Synthesizer(tiny(intonation=False), info, predict_breaks=False)
    with pytest.raises(InputError, match="without intonation"):
        flat("<emphasis>No</emphasis> way.")
    assert len(flat('<prosody volume="soft" rate="slow">No</prosody> way.').audio)


def test_what_is_asked_of_phrases_by_whatever_means() -> None:
    lines = np.zeros((1, 3, 5), np.float32), np.array([[0, 5, 0]])
    voice = engine.TorchEngine(tiny())

    def asked(**more: Any) -> list[bool]:
        wish = engine.Wish([3] * 4, [0, 1, 2, 3], np.zeros(1, np.int64), [1.0] * 4, [np.nan] * 4, **more)
        return voice.plan(wish)[2].tolist()

    assert asked() == [False] * 3 and asked(reference=lines) == [True] * 3
    assert asked(slopes=[np.nan, np.nan, -4.0]) == [False, False, True]
    assert asked(slopes=[4.0], contours=lines) == [True, True, False]
