"""Asks a voice for pitch, volume, tempo and emphasis on one word, and measures that word."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from avspeech import text
from avspeech.media import pitch as pitches
from avspeech.synthesis.speech import Manner, Speech
from avspeech.synthesis.synthesizer import Synthesizer
from avspeech.text.markup import EMPHASES
from avspeech.text.script import Style

HOP = 0.005  # seconds between two measurements of the pitch
# What is asked for: semitones, dB, and times the speed.
PITCHES, VOLUMES, TEMPOS = (-4.0, -2.0, 2.0, 4.0, 8.0), (-10.0, -4.0, 4.0), (0.75, 1.25, 1.5)
UNITS = {"pitch": " semitones", "volume": " dB", "tempo": " times"}
EMPHASIS = (" times as long", " semitones higher", " dB louder")


def styled(voice: Synthesizer, script: text.Script, manner: Manner,
           method: str) -> dict[str, list[list[float]]]:
    """Says a sentence with one word asked to be otherwise.

    Args:
        voice: one that makes a melody.
        script: the sentence; its longest word that is not the last one is changed.
        manner: of `Synthesizer.manner`.
        method: how F0 is found.

    Returns:
        {"pitch", "volume", "tempo": [[asked, measured], ...]; "emphasis strong" and the like:
        [[times as long, semitones higher, dB louder]]}, all against the same word where nothing is
        asked for; NaN where it is not voiced. Empty for a sentence of one word.
    """
    words = script.words
    if len(words) < 2:
        return {}
    place = max(range(len(words) - 1), key=lambda i: len(words[i].phones))
    plain = _word(voice.speech(script, manner), place, method)

    def measured(rate: float, style: Style) -> list[float]:
        said = voice.speech(script.with_styles({place: (rate, style)}), manner)
        length, semitones, decibels = _word(said, place, method)
        return [length / plain[0], semitones - plain[1], decibels - plain[2]]

    found: dict[str, list[list[float]]] = {
        "pitch": [[x, measured(1.0, Style(pitch=x))[1]] for x in PITCHES],
        "volume": [[x, measured(1.0, Style(gain=x))[2]] for x in VOLUMES],
        "tempo": [[x, 1 / measured(x, Style())[0]] for x in TEMPOS]}
    for level, (rate, semitones, decibels) in EMPHASES.items():
        if level != "none":
            style = Style(pitch=semitones, gain=decibels)
            found[f"emphasis {level}"] = [measured(rate, style)]
    return found


def _word(said: Speech, place: int, method: str) -> tuple[float, float, float]:
    """Seconds, semitones over 100 Hz (the median) and dB of a word."""
    entry = said.words[place]
    start, end = entry["start"], entry["end"]
    hertz, voiced = pitches.f0(said.audio, said.sample_rate, HOP, method=method)
    span = slice(round(start / HOP), round(end / HOP))
    heard = hertz[span][np.asarray(voiced[span], bool)]
    samples = said.audio[round(start * said.sample_rate): round(end * said.sample_rate)]
    power = float(np.mean(np.square(samples, dtype=np.float64)))
    return (end - start, 12 * math.log2(float(np.median(heard)) / 100) if len(heard) else math.nan,
            10 * math.log10(power + 1e-12))


def rows(found: Mapping[str, Sequence[Sequence[float]]]) -> list[list[str]]:
    """Rows for the table of `page.control_table`."""
    lines = []
    for kind, unit in UNITS.items():
        for asked in sorted({pair[0] for pair in found.get(kind, ())}):
            values = [p[1] for p in found[kind] if p[0] == asked and math.isfinite(p[1])]
            if values:
                sign = "" if kind == "tempo" else "+"
                lines.append([kind, f"{asked:{sign}g}{unit}", f"{np.mean(values):{sign}.2f}{unit}",
                              f"{np.std(values):.2f}", str(len(values))])
    for level, wanted in EMPHASES.items():
        measured = found.get(f"emphasis {level}", ())
        goals = (1 / wanted[0], *wanted[1:])
        for column, unit in enumerate(EMPHASIS if measured else ()):
            known = [row[column] for row in measured if math.isfinite(row[column])]
            lines.append([f"emphasis {level}", f"{goals[column]:.2f}{unit}",
                          f"{np.mean(known):.2f}{unit}" if known else "-",
                          f"{np.std(known):.2f}" if known else "", str(len(known))])
    return lines
