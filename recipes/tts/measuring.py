"""Measures: test sentences said by every system beside their recordings, and control
experiments."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import styled
import torch
from material import MEASURED

from avspeech import text
from avspeech.core import pretrained, storage
from avspeech.media import audio
from avspeech.media import pitch as pitches
from avspeech.report import report
from avspeech.synthesis import prosody, scoring
from avspeech.synthesis.speech import Manner
from avspeech.synthesis.synthesizer import Speech, Synthesizer
from avspeech.synthesis.vocoding import Sounds

SHOWN = {"log_f0_rmse": 3, "break_f1": 1, "tone_accuracy": 1, "f0_frame_error": 1, "mcd": 2,
         "rate_ratio": 3,
         "wer": 1, "dnsmos": 2, "distillmos": 2}  # digits
CEILING = "recordings, resynthesized"
RECORDINGS = "recordings"
TOLD = " + reference"  # ends the name of a system that is given breaks and shapes
FAILED = "failed"  # sentences that are silent, unreadable or missing
# Measures against recordings of somebody else, whose pitch, tempo and timbre are others. Opinion
# scores, which take most of the time, are of the voice and hardly of the text.
PHRASED = ("wer", "break_f1", "tone_accuracy")
QUIET, QUIET_PAUSES = 8, (0.2, 0.4, 0.8)  # sentences and seconds: see `fit_quiet`
OBEYED = 0.5  # correlation of slopes asked and measured: see `tell_tones`


@dataclasses.dataclass(frozen=True)
class Test:
    """Test sentences that voices are measured on.

    Args:
        sounds: the recordings.
        records: of the words stage, by name.
        names: the sentences.
        exp: the experiment.
        corpus: where somebody else reads them, the corpus; "" for the voices' own.
    """

    sounds: Sounds
    records: Mapping[str, Any]
    names: Sequence[str]
    exp: Path
    corpus: str = ""

    @property
    def said(self) -> Path:
        """The folder with a folder of sounds for each system."""
        return (self.exp / MEASURED / self.corpus if self.corpus else self.exp) / "said"

    def speakers(self, default: str) -> dict[str, str]:
        """{name: the voice that says it}: who recorded it, or `default` for somebody else's."""
        return {n: default if self.corpus else self.sounds.utterances[n].speaker
                for n in self.names}

    def file(self, kind: str, label: str) -> Path:
        """The file of a kind ("results", "scores") of what `label` said."""
        return file_of(self.exp, kind, label, self.corpus)


def file_of(exp: Path, kind: str, label: str, corpus: str) -> Path:
    """See `Test.file`."""
    return exp / kind / f"{label}{f' on {corpus}' if corpus else ''}.json"


def condition(name: str, corpus: str) -> str:
    """The name of a measure of the sentences of a corpus ("": the voices' own)."""
    return f"{corpus}: {name}" if corpus else name


def reference(test: Test, vocoder: Any) -> None:
    """Writes the recordings, cut as in training, with notes, and the voices' own also through the
    vocoder.

    Args:
        test: the sentences.
        vocoder: the model.
    """
    sounds, hop = test.sounds, vocoder.config.hop
    for kind in (RECORDINGS, CEILING):  # of sentences that are not measured any more
        shutil.rmtree(test.said / kind, ignore_errors=True)
    for name in test.names:
        record = test.records[name]
        skip = record["skip"] * hop
        total = (sum(record["phones"]) + record["lead"] + sum(record["pauses"])) * hop
        sound = sounds[name][skip: skip + total]
        start = skip / sounds.sample_rate
        script = text.Script.from_dict(record["script"])
        note = {"text": script.text, "phones": len(record["phones"]),
                "words": [[max(0.0, a - start), max(0.0, b - start)] for a, b in record["words"]]}
        write_said(test.said / RECORDINGS / name, sound, sounds.sample_rate, note)
        if not test.corpus:
            torch.manual_seed(0)
            with torch.no_grad():
                again = vocoder(vocoder.mel(torch.from_numpy(sound)[None]))[0].numpy()
            write_said(test.said / CEILING / name, again[: len(sound)], sounds.sample_rate, note)


def write_said(stem: Path, samples: np.ndarray, sample_rate: int, note: Mapping[str, Any]) -> None:
    """Writes a sound and its notes.

    Args:
        stem: path without suffix; .wav and .json are written.
        samples: `[N]`; louder ones than full scale are turned down.
        sample_rate: in hertz.
        note: words, phones, text.
    """
    peak = float(np.abs(samples).max(initial=1e-9))
    audio.write(stem.with_name(stem.name + ".wav"), samples * min(1.0, 0.99 / peak), sample_rate)
    storage.write_atomically(stem.with_name(stem.name + ".json"), json.dumps(note).encode())



def speak(voice: Synthesizer, records: Mapping[str, Any], names: Sequence[str],
          speakers: Mapping[str, str], steps: int, seed: int, out: Path,
          given: bool = False) -> None:
    """Says sentences as a user of the voice hears them, into sound files with notes.

    Args:
        voice: one that puts its own breaks; with `given` one that puts none.
        records: of the recipe's words stage, by name.
        names: the sentences.
        speakers: the voice's speaker for each of them.
        steps: of the flow.
        seed: of the noise.
        out: the folder.
        given: whether the breaks and the last words' contours of the recording are used.
    """
    config = voice.config
    for name in names:
        record = records[name]
        script = text.Script.from_dict(record["script"])
        contours = None
        if given:
            script = as_recorded(script, record["breaks"] if config.breaks else None)
        else:
            script = voice.read(script.source)
        if given and config.intonation:
            heard = record["heard" if config.breaks else "written"]
            contours = {int(word): np.asarray(contour, np.float32) for word, contour in heard}
        manner = voice.manner(steps=steps, seed=seed, voice=speakers[name], contours=contours)
        said = voice.speech(script, manner)
        write_said(out / name, said.audio, said.sample_rate,
                   {"text": script.text, "phones": len(record["phones"]),
                    "words": word_times(said)})


def word_times(said: Speech) -> list[tuple[float, float]]:
    """(start, end) of each word in seconds."""
    return [(word["start"], word["end"]) for word in said.words]


def as_recorded(script: text.Script, breaks: Mapping[str, Any] | None) -> text.Script:
    """A script with the breaks of its recording in place of its own, and no rests but those.

    Args:
        script: of the recording's text.
        breaks: the words that a break follows; None: the script is left as it is.
    """
    if breaks is None:
        return script
    sentences = tuple(dataclasses.replace(sentence, rest=0.0) for sentence in script.sentences)
    script = dataclasses.replace(script, sentences=sentences)
    return script.with_breaks({int(word): None for word in breaks}, keep_asked=False)


def measure(system: str, seed: int | None, test: Test, label: str, wer: str | None, mos: bool,
            pitch: str, meta: Mapping[str, str], code: str) -> None:
    """Scores a folder of sentences against the recordings into a result file, one row a measure,
    and into a file of scores, with each sentence, as `avspeech score --json` writes.

    Files that are there are kept where they were made of the same sounds by the same code.

    Args:
        system, seed: what said the sentences.
        test: the sentences.
        label: the folder of what was said.
        wer, mos, pitch: of `scoring.score`; opinion scores are of the voices' own sentences alone.
        meta: to write into the file.
        code: a hash of the code that measures.
    """
    refer, said, names = test.said / RECORDINGS, test.said / label, test.names
    out, pairs = test.file("results", label), test.file("scores", label)
    state = hashlib.sha256(code.encode())
    for folder in (refer, said):
        for name in names:
            for file in (folder / f"{name}.wav", folder / f"{name}.json"):
                state.update(storage.content_hash(file).encode() if file.exists() else b"none")
    settings = {"sounds": state.hexdigest()[:12], "recogniser": str(wer), "mos": str(mos),
                "pitch": pitch}
    if (out.exists() and pairs.exists()
            and settings.items() <= report.read_results(out)[1].items()):
        return
    scores = scoring.score(refer, said, wer=wer, mos=mos and not test.corpus, method=pitch,
                           progress=True)
    kept = (PHRASED if seed is not None else ("wer",)) if test.corpus else SHOWN
    rows = []
    for key, found in scores.summary.items():
        if key in kept:
            mean, low, high = (x * (100 if scoring.MEASURES[key][1] == "%" else 1) for x in found)
            rows.append({"system": system, "seed": seed, "condition": condition(key, test.corpus),
                         "n": scores.counts[key], "value": mean, "low": low, "high": high})
    labels = {name: test.sounds.utterances[name].labels for name in names}
    if not test.corpus and all("tones" in labels[name] for name in names):
        rows += [{"system": system, "seed": seed, "condition": key, "n": count, "value": value}
                 for key, (value, count) in against_truth(said, names, labels, pitch).items()]
    if scores.failed:
        rows.append({"system": system, "seed": seed, "condition": condition(FAILED, test.corpus),
                     "n": len(names), "value": float(len(scores.failed))})
    storage.write_atomically(pairs, json.dumps(scores.as_dict()).encode())
    report.write_results(out, rows, {**meta, **settings})


TRUTH = {"truth break_f1": "break F1 (%)", "truth tone_accuracy": "terminal-tone accuracy (%)"}


def against_truth(said: Path, names: Sequence[str], labels: Mapping[str, Mapping[str, Any]],
                  pitch: str
                  ) -> dict[str, tuple[float, int]]:
    """Compares sentences with the breaks and tones that the corpus was made to have, whatever a
    recording would give.

    Args:
        said: the folder of the sentences.
        names: of the sentences.
        labels: of the sentences, with "breaks", "tones" and "words" as `mini_tts` has them.
        pitch: how F0 is found.

    Returns:
        {measure: (percentage, sentences compared)}.
    """
    breaks, hits, tones, compared = prosody.Breaks(), 0, 0, 0
    for name in names:
        words = [(float(a), float(b))
                 for a, b in json.loads((said / f"{name}.json").read_text())["words"]]
        truth = labels[name]
        if len(words) != len(truth["words"]):  # a word that the text front end takes for two
            continue
        compared += 1
        rate = rate_of(said / f"{name}.wav")
        samples = audio.read(said / f"{name}.wav", rate)
        melody = prosody.Melody.of(samples, rate, words, method=pitch)
        found = prosody.boundary_pauses(words, prosody.silences(samples, rate))
        wanted = np.zeros(len(words) - 1)
        wanted[[word for *_, word in truth["breaks"]]] = 1.0
        breaks += prosody.break_counts(wanted, found)
        for word, kind, *_ in truth["tones"]:
            tones, hits = tones + 1, hits + (prosody.tone(melody.slope(*words[word])) == kind)
    if compared < len(names):
        print(f"{said.name}: {len(names) - compared} of {len(names)} sentences are not compared "
              f"with the "
              "corpus's own breaks and tones, as their text has other words", file=sys.stderr)
    return {"truth break_f1": (100 * breaks.f1, compared),
            "truth tone_accuracy": (100 * hits / tones if tones else float("nan"), compared)}


# --- control --------------------------------------------------------------------------------------


def control(voice: Synthesizer, records: Mapping[str, Any], names: Sequence[str],
            slopes: Sequence[float],
            pauses: Sequence[float], steps: int, seed: int, pitch: str, out: Path
            ) -> dict[str, list[list[float]]]:
    """Says sentences with a slope asked of the last word, with a break put in and taken out, and
    with one word of another pitch, volume, tempo and emphasis, and measures the sound.

    F0 of last words is searched for in the voice's own range (`pitch.own_range` of all sentences
    that were said with a slope): an octave error in a few frames outweighs any slope that is asked.

    Returns:
        {"slope": [[asked, measured], ...] in semitones over the word; "pause": [[asked, measured],
        ...] in seconds; "break": [[without, with], ...] seconds of silence at the place; and what
        `styled.styled` gives}.
    """
    found: dict[str, list[list[float]]] = {"slope": [], "pause": [], "break": []}
    config, rate = voice.config, voice.sample_rate
    manner = voice.manner(steps=steps, seed=seed)
    # No breaks but those of the script
    exact = Synthesizer(voice.model, voice.info, predict_breaks=False)

    sloped: list[tuple[float, np.ndarray, list[tuple[float, float]]]] = []
    for name in names:
        script = text.Script.from_dict(records[name]["script"])
        last = len(script.words) - 1
        for slope in slopes if config.intonation else ():
            said = voice.speech(script.with_tones({last: text.Tone.of(slope)}), manner)
            times = word_times(said)
            write_said(out / f"{name}_slope{slope:+g}", said.audio, rate, {"words": times})
            sloped.append((slope, said.audio, times))
        if config.intonation:
            for kind, values in styled.styled(exact, script, manner, pitch).items():
                found.setdefault(kind, []).extend(values)
        middle = len(script.words) // 2 - 1
        if middle < 0 or not config.breaks:
            continue
        bare = script.with_breaks({}, keep_asked=False)
        silent = _pause_at(middle, exact.speech(bare, manner))
        for pause, said, heard in _paused(exact, bare, middle, pauses, manner):
            write_said(out / f"{name}_pause{pause:g}", said.audio, rate,
                       {"words": word_times(said)})
            found["pause"].append([pause, heard])
        free = exact.speech(bare.with_breaks({middle: None}), manner)
        found["break"].append([silent, _pause_at(middle, free)])
    search = pitches.own_range([pitches.f0(sound, rate, prosody.HOP, method=pitch)[0]
                                for _, sound, _ in sloped])
    for slope, sound, times in sloped:
        start, end = times[-1]
        melody = prosody.Melody.of(sound, rate, times, method=pitch, search=search)
        found["slope"].append([slope, melody.slope(start, end) * (end - start)])
    return found


def _pause_at(word: int, said: Speech) -> float:
    """Seconds of silence behind a word."""
    quiet = prosody.silences(said.audio, said.sample_rate, 0.03)
    return float(prosody.boundary_pauses(word_times(said), quiet)[word])


def _paused(exact: Synthesizer, bare: text.Script, word: int, pauses: Sequence[float],
            manner: Manner) -> Iterator[tuple[float, Speech, float]]:
    """(seconds asked, what is said, seconds heard) of each pause behind a word of a script."""
    for pause in pauses:
        said = exact.speech(bare.with_breaks({word: pause}), manner)
        yield pause, said, _pause_at(word, said)


def fit_quiet(folder: Path, records: Mapping[str, Any], steps: int, seed: int) -> float:
    """Writes into a voice's folder by how much its pauses are heard longer than their frames
    (`quiet` of its settings).

    Args:
        folder: of the voice.
        records: of the words stage, of development sentences; up to `QUIET` of them are said.
        steps, seed: of `Synthesizer.manner`.

    Returns:
        Seconds: the median over pauses of `QUIET_PAUSES` in the middle of the sentences; what is
        there already where no sentence has two words.
    """
    voice = Synthesizer.from_pretrained(folder)
    manner = voice.manner(steps=steps, seed=seed)
    exact = Synthesizer(voice.model, voice.info, predict_breaks=False)
    longer: list[float] = []
    scripts = [text.Script.from_dict(record["script"]) for record in records.values()]
    for script in [s for s in scripts if len(s.words) > 1][:QUIET]:
        middle = len(script.words) // 2 - 1
        bare = script.with_breaks({}, keep_asked=False)
        longer += [heard - pause + voice.config.quiet
                   for pause, _, heard in _paused(exact, bare, middle, QUIET_PAUSES, manner)]
    if not longer:
        return voice.config.quiet
    quiet = round(max(0.0, float(np.median(longer))), 3)
    info = pretrained.read_info(folder)
    pretrained.update(folder, config={**info.config, "quiet": quiet})
    return quiet


def correlation(pairs: Sequence[Sequence[float]]) -> float:
    """Pearson's r of (asked, measured) pairs; NaN where fewer than three were measured."""
    known = np.array([p for p in pairs if np.isfinite(p).all()], float).reshape(-1, 2)
    if len(known) < 3 or known.std(0).min() == 0:
        return float("nan")
    return float(np.corrcoef(known.T)[0, 1])


def rate_of(path: Path) -> int:
    """The rate of a sound file in hertz."""
    import soundfile

    return int(soundfile.info(str(path)).samplerate)


def card_metrics(results: Path, system: str, seed: int) -> dict[str, float]:
    """The test numbers of a model, for its card."""
    if not results.exists():
        return {}
    rows, _ = report.read_results(results)
    return {f"test {scoring.MEASURES[r['condition']][0]} "
            f"{scoring.MEASURES[r['condition']][1]}".strip():
            round(r["value"], 3) for r in rows if r["system"] == system and r["seed"] == seed
            and r["condition"] in SHOWN and r["value"] is not None}


def update_card(model: Path, metrics: Mapping[str, float], steps: int) -> None:
    """Adds numbers to the card of a model folder, and the steps that they were measured with as
    those that the voice takes unless others are asked for."""
    info = pretrained.read_info(model)
    pretrained.update(model, metrics={**info.metrics, **metrics},
                      config={**info.config, "steps": steps})


def tell_tones(model: Path, slopes: Sequence[Sequence[float]]) -> None:
    """Writes into a model folder whether slopes (of `control`) that are asked of last words are
    heard. The least correlation, `OBEYED`, is our choice: well above what 40 pairs show by
    chance."""
    info = pretrained.read_info(model)
    heard = correlation(slopes) >= OBEYED
    pretrained.update(model, config={**info.config, "tones": heard})


