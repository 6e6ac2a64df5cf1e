"""Finds out about the recordings: phones, pitch, alignment, breaks, last words.

There is a file for each split; each function reads what the one before it wrote.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from avspeech import text
from avspeech.core import arrays, storage
from avspeech.data.manifest import Utterance, read_manifest, resolve, write_manifest
from avspeech.errors import InputError
from avspeech.synthesis import alignment, contours, vocoding


def write_json(path: Path, value: Any) -> None:
    """Writes a JSON file as a whole."""
    storage.write_atomically(path, json.dumps(value, ensure_ascii=False).encode())



def read_json(path: Path) -> Any:
    """The value in a JSON file; {} where there is no such file."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def script_of(utterance: Utterance, phonemiser: str) -> text.Script:
    """The script of an utterance's text, without any markup meant.

    Questions get no tone from the text: how the recording ends is read off its pitch.

    Args:
        utterance: with a text, in capitals or not.
        phonemiser: a phonemizer of `avspeech.text`.
    """
    said = utterance.text or ""
    said = said.lower() if said.isupper() else said
    plain = said.replace("&", "&amp;").replace("<", "&lt;")
    return text.analyse(plain, phonemiser, questions_rise=False)


def write_texts(manifests: Sequence[Path], root: Path, recogniser: str, path: Path) -> None:
    """Gives utterances without a text what a recognizer hears in them.

    Args:
        manifests: JSONL files; those that do not exist are left out.
        root: the folder that their paths are relative to.
        recogniser: of `judges.Recognizer`.
        path: a JSON file {id: text} of what was heard so far, so that nothing is heard twice.
    """
    from tqdm import tqdm

    from avspeech.media import audio
    from avspeech.synthesis import judges

    known = read_json(path)
    listen: judges.Recognizer | None = None
    for manifest in manifests:
        if not manifest.exists():
            continue
        utterances = read_manifest(manifest)
        for u in tqdm([u for u in utterances if not u.text and u.id not in known],
                      f"{manifest.parent.name} {manifest.stem}: texts", unit="utterance",
                      mininterval=5):
            listen = listen or judges.Recognizer(recogniser)
            sound = audio.read(resolve(root, u.audio), judges.RATE, u.start, u.duration)
            known[u.id] = listen(sound, judges.RATE)
            if len(known) % 20 == 0:
                write_json(path, known)
        write_json(path, known)
        write_manifest(manifest,
                       [dataclasses.replace(u, text=u.text or known[u.id]) for u in utterances])


def write_scripts(utterances: Sequence[Utterance], phonemiser: str, path: Path) -> None:
    """Writes {id: script} of a split, and says what could not be read or is guessed.

    Args:
        utterances: with texts.
        phonemiser: a phonemizer of `avspeech.text`.
        path: the JSON file.
    """
    scripts = {u.id: script_of(u, phonemiser) for u in utterances}
    write_json(path, {name: s.as_dict() for name, s in scripts.items() if s.words})
    guessed = {w.text for s in scripts.values() for w in s.words if w.source == "guess"}
    empty = [name for name, script in scripts.items() if not script.words]
    unread = sum(len(u.text) for script in scripts.values() for u in script.unread)
    if empty or unread:
        print(f"{path.stem}: {len(empty)} texts without any word are left out, {unread} characters "
              "have no reading")

    print(f"{path.stem}: {len(scripts):,} texts, {len(guessed):,} words with a guessed "
          "pronunciation")


def read_scripts(path: Path) -> dict[str, text.Script]:
    """{id: script} of a file of `write_scripts`."""
    return {name: text.Script.from_dict(record) for name, record in read_json(path).items()}


def write_pitch(utterances: Sequence[Utterance], roots: Mapping[str, Path], rate: int, hop: int,
                path: Path,
                **options: Any) -> None:
    """Writes {id: F0 `[T]` in hertz} of a split as .npz.

    Args:
        utterances, roots: of `material.utterances_of`.
        rate: of the samples, in hertz.
        hop: samples between frames.
        path: the file.
        options: of `vocoding.pitch_at_frames`.
    """
    from tqdm import tqdm

    sounds = vocoding.Sounds(utterances, roots, rate)
    found = {u.id: vocoding.pitch_at_frames(sounds.once(u.id), rate, hop, **options)
             for u in tqdm(utterances, f"{path.stem}: pitch", mininterval=5)}
    with storage.writing(path) as aside:
        np.savez(aside, **found)  # type: ignore[arg-type]



def read_pitch(path: Path) -> dict[str, np.ndarray]:
    """{id: F0 `[T]`} of a file of `write_pitch`."""
    return arrays.read(path)


def write_alignments(parts: Mapping[str, tuple[list[Utterance], dict[str, Path]]], phones: Path,
                     rate_and_hop: tuple[int, int], turns: int, out: Path) -> None:
    """Writes {id: {phones, lead, pauses}} in frames (`alignment.Alignment`) of each split.

    Args:
        parts: {split: utterances and roots}; the aligner is fitted on the first with utterances.
        phones: the folder of `write_scripts`.
        rate_and_hop: hertz, and samples between frames of the voice.
        turns: of `alignment.Aligner.fit`.
        out: the folder.

    Raises:
        InputError: there is nothing to align.
    """
    rate, hop = rate_and_hop
    aligner: alignment.Aligner | None = None
    everything = {s: read_scripts(phones / f"{s}.json") for s in parts}
    known = [p for scripts in everything.values() for s in scripts.values() for w in s.words
             for p in w.phones]
    for split, (utterances, roots) in parts.items():
        scripts = everything[split]
        listed = [u for u in utterances if u.id in scripts]
        sounds = vocoding.Sounds(listed, roots, rate)
        words, least, raw, lengths = [], [], [], []
        for u in listed:
            words.append([w.phones for w in scripts[u.id].words])
            least.append(sum(map(len, words[-1])) * alignment.STATES)
            sound = sounds.once(u.id)
            raw.append(alignment.features(sound, rate, hop // 2))
            lengths.append(-(-len(sound) // hop))
        short = [u.id for u, x, n in zip(listed, raw, least) if len(x) < n]
        for name in short:
            print(f"{name}: left out, its text is longer than its sound", file=sys.stderr)
        keep = [i for i, u in enumerate(listed) if u.id not in short]
        speakers = [listed[i].speaker for i in keep]
        heard = alignment.normalised([raw[i] for i in keep], speakers) if keep else []
        del raw
        said = [words[i] for i in keep]
        if aligner is None:
            if not said:
                raise InputError(f"{out}: no utterance to align in {split}")
            aligner = alignment.Aligner(known)
            score = aligner.fit(said, heard, turns)
            print(f"aligned: log likelihood {score:.3f} a frame")
        found = aligner.align(said, heard, frames=[lengths[i] for i in keep]) if keep else []
        write_json(out / f"{split}.json",
                   {listed[i].id: dataclasses.asdict(a) for i, a in zip(keep, found)})


def write_breaks(exp: Path, seconds: float, threshold: float) -> None:
    """Writes {id: {word: frames}} of the pauses that are breaks.

    Args:
        exp: the experiment.
        seconds: length of a frame.
        threshold: seconds from which a pause between words is a break.
    """
    for split in ("train", "dev", "test"):
        aligned = read_json(exp / "align" / f"{split}.json")
        found = {}
        for name, a in aligned.items():
            pauses = enumerate(a["pauses"][:-1])
            found[name] = {str(w): p for w, p in pauses if p * seconds >= threshold}
        write_json(exp / "breaks" / f"{split}.json", found)
        gaps = sum(max(0, len(a["pauses"]) - 1) for a in aligned.values())
        count = sum(map(len, found.values()))
        print(f"{split}: {count:,} breaks at {gaps:,} word boundaries")


def write_words(exp: Path, seconds: float, edge: float) -> None:
    """Writes {id: record}, what training reads.

    A record holds the script, the frames of phones and pauses with the silence at both ends cut
    (`skip`: frames cut from the front), the breaks, and for each phrase its last word and contour:
    with breaks as detected ("heard"), and as punctuation has them ("written").

    Args:
        exp: the experiment.
        seconds: length of a frame.
        edge: seconds of silence that are kept at both ends.
    """
    most = round(edge / seconds)
    for split in ("train", "dev", "test"):
        scripts = read_json(exp / "phones" / f"{split}.json")
        aligned, breaks = (read_json(exp / kind / f"{split}.json") for kind in ("align", "breaks"))
        hertz = read_pitch(exp / "pitch" / f"{split}.npz")
        records = {}
        for name, a in aligned.items():
            script = text.Script.from_dict(scripts[name])
            skip = max(0, a["lead"] - most)
            pauses = [*a["pauses"][:-1], min(a["pauses"][-1], most)]
            at, spans = a["lead"], []
            counts = iter(a["phones"])
            for word, pause in zip(script.words, a["pauses"]):
                end = at + sum(next(counts) for _ in word.phones)
                spans.append((at, end))
                at = end + pause
            f0 = hertz[name]
            record = {"script": scripts[name], "phones": a["phones"], "lead": a["lead"] - skip,
                      "pauses": pauses, "skip": skip, "breaks": breaks[name],
                      "words": [(round(s * seconds, 4), round(e * seconds, 4)) for s, e in spans]}
            heard = script.with_breaks({int(w): p * seconds for w, p in breaks[name].items()},
                                       keep_asked=False)
            for kind, phrases in (("heard", heard.phrases(marks=False)),
                                  ("written", script.phrases())):
                ends = [p.last for p in phrases]
                cut = contours.of_last_words(f0, f0 > 0, [spans[w] for w in ends], seconds)
                record[kind] = []
                for w, c in zip(ends, cut):
                    record[kind].append([w, [round(float(x), 3) for x in c]])
            records[name] = record
        write_json(exp / "words" / f"{split}.json", records)
        count = sum(len(r["heard"]) for r in records.values())
        print(f"{split}: {count:,} phrases in {len(records):,} utterances")
