"""Mixtures: who speaks when and how loud, as data, and the sound and pictures made from that.

A `Mixture` says everything about one mixture. A test set is a JSONL file of them: drawn once from a
seed, the same whatever the number of workers. Training draws new ones with the same function,
`draw`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from avspeech.core import ranges
from avspeech.core.config import from_dict
from avspeech.data.manifest import Utterance, read_jsonl, resolve, write_jsonl
from avspeech.errors import InputError
from avspeech.media import audio, video
from avspeech.media.trimming import frame_power

FPS = 25.0


@dataclass(frozen=True)
class Source:
    """One interferer of a mixture."""

    utterance: str  # id
    gain_db: float = 0.0  # level over the target's, RMS over speech
    offset: float = 0.0  # seconds at which it begins
    speed: float = 1.0  # how many times as fast, and as high, it is played


@dataclass(frozen=True)
class Mixture:
    """One mixture, on the clock of its target's video."""

    id: str
    # "two": another speaker. "same": the same speaker, so that only the lips tell. "many": two or
    # three interferers. "partial": the interferer starts late or ends early. "noise": one
    # interferer and noise. "silent": the target's face is there, still; the right output is
    # silence.
    kind: str
    target: str  # utterance id
    duration: float  # seconds of the target that are used
    start: float = 0.0  # where they begin, in seconds
    interferers: tuple[Source, ...] = ()
    noise_db: float | None = None  # level of pink noise over the target's
    seed: int = 0  # of the noise
    views: tuple[str, ...] = ()  # names of the views that there are
    occlusions: tuple[tuple[str, float, float], ...] = ()  # (view, start, end), s: frames not seen

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InputError(f"kind={self.kind!r}: expected one of {', '.join(KINDS)}")
        ranges.above(self, 0, "duration")
        ranges.at_least(self, 0, "start", "seed")


KINDS = ("two", "same", "many", "partial", "noise", "silent")


@dataclass
class MixConfig:
    """What is drawn, in which proportion."""

    kinds: dict[str, float] = field(default_factory=lambda: {
        # weights
        "two": 0.35, "same": 0.25, "many": 0.1, "partial": 0.1, "noise": 0.1, "silent": 0.1})
    gains: tuple[float, float] = (-5.0, 5.0)  # dB: range of an interferer's level over the target's
    noise: tuple[float, float] = (-20.0, -5.0)  # dB: range of the noise's level over the target's
    occluded: float = 0.15  # chance that frames of a view are hidden for 0.2 to 1 s
    missing: float = 0.15  # chance that only some of the views are there
    views: tuple[str, ...] = ()  # names of the views that are used at all; empty: all
    speed: float = 0.0  # share by which another speaker's voice is played faster or slower at most

    def __post_init__(self) -> None:
        ranges.weights(self, "kinds", KINDS, "mixture")
        ranges.ascending(self, "gains", "noise")
        ranges.between(self, 0, 1, "occluded", "missing")
        ranges.between(self, 0, 0.5, "speed")


class Pool:
    """Utterances to draw from.

    Args:
        targets: utterances with views.
        others: voices that only interfere.

    Raises:
        InputError: no target has a view.
    """

    def __init__(self, targets: Sequence[Utterance], others: Sequence[Utterance] = ()):
        self.targets = [u for u in targets if u.views]
        if not self.targets:
            raise InputError(
                "no utterance with a view among the targets; check the manifest's 'views'"
            )
        self.by_speaker: dict[str, list[Utterance]] = {}
        for utterance in [*targets, *others]:
            self.by_speaker.setdefault(utterance.speaker, []).append(utterance)
        self.speakers = sorted(self.by_speaker)

    def same(self, rng: np.random.Generator, target: Utterance) -> Utterance | None:
        """Another utterance of the target's speaker, with other words where the texts are known;
        None without one.
        """
        mine = self.by_speaker[target.speaker]
        for _ in range(20):
            other = mine[rng.integers(len(mine))]
            if other.id != target.id and (target.text is None or other.text != target.text):
                return other
        return None

    def other(self, rng: np.random.Generator, target: Utterance) -> Utterance | None:
        """An utterance of another speaker, all speakers equally likely; None without one."""
        if len(self.speakers) < 2:
            return None
        i = int(rng.integers(len(self.speakers) - 1))
        speaker = self.speakers[i + (i >= self.speakers.index(target.speaker))]
        return self.by_speaker[speaker][rng.integers(len(self.by_speaker[speaker]))]


def draw(rng: np.random.Generator, pool: Pool, target: Utterance, config: MixConfig, id: str,
         segment: float | None = None) -> Mixture:
    """Draws a random mixture for a target.

    Where the pool lacks a second speaker or a second utterance, another kind of mixture is drawn.

    Args:
        rng: source of chance.
        pool: the utterances.
        target: whose voice is wanted.
        config: what is drawn.
        id: of the mixture.
        segment: length in seconds of the part of the target to use; None for all of it.

    Raises:
        InputError: one utterance alone, or none of the wanted views.
    """
    weights = np.array([config.kinds.get(kind, 0.0) for kind in KINDS])
    kind = KINDS[rng.choice(len(KINDS), p=weights / weights.sum())]
    duration = target.duration if segment is None else min(segment, target.duration)
    start = float(rng.uniform(0, target.duration - duration)) if duration < target.duration else 0.0
    start = round(start * FPS) / FPS  # on a video frame, so that sound and picture stay together
    picked: list[Utterance] = []
    for _ in range(int(rng.integers(2, 4)) if kind == "many" else 1):
        first, second = (pool.same, pool.other) if kind == "same" else (pool.other, pool.same)
        found = first(rng, target) or second(rng, target)
        if found is None:
            raise InputError("mixing needs at least two utterances; the manifest has one")
        picked.append(found)
    if kind in ("two", "same"):  # what it became, where the pool could not give what was drawn
        kind = "same" if picked[0].speaker == target.speaker else "two"
    sources = []
    for utterance in picked:
        slack = duration - utterance.duration
        if kind == "partial":
            offset = rng.choice([rng.uniform(0.3, 0.7) * duration,
                                 rng.uniform(0.3, 0.7) * duration - utterance.duration])
        else:  # overlapping as far as the lengths allow
            offset = (rng.uniform(min(slack, 0.0), max(slack, 0.0)) if segment is not None
                      else min(slack, 0.0) / 2)
        gain = round(float(rng.uniform(*config.gains)), 2)
        speed = (round(float(rng.uniform(1 - config.speed, 1 + config.speed)), 3)
                 if config.speed and utterance.speaker != target.speaker else 1.0)
        sources.append(Source(utterance.id, gain, round(float(offset), 3), speed))
    names = [v.name for v in target.views if not config.views or v.name in config.views]
    if not names:
        raise InputError(f"{target.id}: none of the views {', '.join(config.views)}; it has "
                         f"{', '.join(v.name for v in target.views)}")
    if len(names) > 1 and rng.random() < config.missing:
        kept = rng.choice(len(names), int(rng.integers(1, len(names))), replace=False)
        names = [names[i] for i in sorted(kept)]
    occlusions = []
    for name in names:
        if rng.random() < config.occluded:
            begin = float(rng.uniform(0, duration))
            occlusions.append(
                (name, round(begin, 2), round(begin + float(rng.uniform(0.2, 1.0)), 2))
            )
    return Mixture(id, kind, target.id, round(duration, 4), start, tuple(sources),
                   round(float(rng.uniform(*config.noise)), 2) if kind == "noise" else None,
                   int(rng.integers(2**31)), tuple(names), tuple(occlusions))


def write_mixtures(path: str | Path, mixtures: Sequence[Mixture]) -> None:
    """Writes a list of mixtures as JSONL."""
    write_jsonl(path, mixtures)


def read_mixtures(path: str | Path) -> list[Mixture]:
    """Reads a list of mixtures.

    Raises:
        InputError: a bad one, with file and line.
    """
    mixtures = []
    for where, record in read_jsonl(path):
        if not isinstance(record, dict):
            raise InputError(f"{where}: not a mixture; expected a JSON object")
        mixtures.append(from_dict(Mixture, record, where))
    return mixtures


def pink_noise(seed: int, samples: int) -> np.ndarray:
    """Noise of RMS 1 whose power falls with 1/f.

    Args:
        seed: of the noise.
        samples: its length N.

    Returns:
        float32 `[N]`.
    """
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(samples))
    spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)), 1.0))
    noise = np.fft.irfft(spectrum, samples)
    return (noise / max(float(np.sqrt(np.mean(noise**2))), 1e-9)).astype(np.float32)


def resampled(samples: np.ndarray, count: int) -> np.ndarray:
    """The same time in another number of samples: the spectrum is cut or extended with zeros.

    Args:
        samples: `[N]`.
        count: M.

    Returns:
        float32 `[M]`.
    """
    if not len(samples) or not count:
        return np.zeros(count, np.float32)
    return (np.fft.irfft(np.fft.rfft(samples), count) * (count / len(samples))).astype(np.float32)


def revoiced(samples: np.ndarray, pitch: float, formants: float) -> np.ndarray:
    """The same words at the same times and the same RMS in another voice.

    A phase vocoder (Flanagan & Golden 1966) stretches the sound, which is then played faster. What
    that does to the envelope of the spectrum (its cepstrum up to 2 ms) is undone, and the envelope
    is moved instead.

    Args:
        samples: `[N]`.
        pitch: factor of the fundamental frequency.
        formants: factor of the resonances of the vocal tract.

    Returns:
        float32 `[N]`.
    """
    import librosa

    n_fft, hop, smooth = 1024, 256, 30
    if len(samples) < n_fft or not samples.any():
        return samples

    def spectrum(x: np.ndarray) -> np.ndarray:
        return librosa.stft(x, n_fft=n_fft, hop_length=hop)

    def envelope(x: np.ndarray) -> np.ndarray:
        cepstrum = np.fft.irfft(np.log(np.abs(x) + 1e-5), axis=0)
        cepstrum[smooth: 1 - smooth] = 0
        return np.fft.rfft(cepstrum, axis=0).real

    old = spectrum(samples)
    drawn = librosa.phase_vocoder(old, rate=1 / pitch, hop_length=hop, n_fft=n_fft)
    # In whole hops: Fourier transforms of awkward lengths are slow
    high = librosa.istft(
        drawn, n_fft=n_fft, hop_length=hop, length=round(len(samples) * pitch / hop) * hop
    )
    new = spectrum(resampled(high, len(samples)))
    bins = np.arange(len(old))
    wanted = np.stack([np.interp(bins / formants, bins, frame) for frame in envelope(old).T], 1)
    new *= np.exp(np.clip(wanted - envelope(new), -3, 3))
    voice = librosa.istft(new, n_fft=n_fft, hop_length=hop, length=len(samples))
    return (voice * np.sqrt(np.mean(samples**2) / max(float(np.mean(voice**2)), 1e-12))).astype(
        np.float32
    )


def speech_level(samples: np.ndarray) -> float:
    """RMS about the mean over the 20 ms stretches (at 16 kHz) within 40 dB of the loudest; at least
    1e-6.

    Args:
        samples: `[N]`.
    """
    power = frame_power(samples, 320)
    if not len(power):
        return 1e-6
    return max(float(np.sqrt(power[power >= power.max() * 1e-4].mean())), 1e-6)


class Studio:
    """Makes the sound and the pictures of mixtures.

    Decoded sound is kept in memory, up to a bound; crops are not, since reading them costs little.

    Args:
        utterances: all that mixtures may name.
        roots: for each utterance id the folder that its paths are relative to, and the folder that
            its cached crops are relative to.
        sample_rate: in Hz.
        keep: bytes of sound that are kept.

    Attributes:
        frame: shape of a frame that `lips` gives.
        dtype: its type.
    """

    frame: tuple[int, ...] = (96, 96)
    dtype: type = np.uint8

    def __init__(self, utterances: Sequence[Utterance], roots: dict[str, tuple[Path, Path]],
                 sample_rate: int = 16000, keep: int = 2**30):
        self.utterances = {u.id: u for u in utterances}
        self.roots, self.sample_rate, self.keep = roots, sample_rate, keep
        self._sounds: dict[str, np.ndarray] = {}

    def sound(self, id: str) -> np.ndarray:
        """All sound of an utterance.

        Returns:
            float32 `[N]`.

        Raises:
            InputError: an id that no manifest has, or a file that cannot be read.
        """
        if id in self._sounds:
            return self._sounds[id]
        if id not in self.utterances:
            raise InputError(f"mixture names utterance '{id}', which no manifest has")
        u = self.utterances[id]
        samples = audio.read(
            resolve(self.roots[id][0], u.audio), self.sample_rate, u.start, u.duration
        )
        if self.keep >= samples.nbytes:
            self._sounds[id] = samples
            self.keep -= samples.nbytes
        return samples

    def crops(self, id: str, view: str) -> tuple[np.ndarray, np.ndarray]:
        """All crops of an utterance in a view.

        Returns:
            (crops uint8 `[T, 96, 96]`, shown bool `[T]`).

        Raises:
            InputError: the view has no crops, or they cannot be read.
        """
        u = self.utterances[id]
        v = u.view(view)
        if v.crops is None:
            raise InputError(
                f"{id}: view '{view}' has no mouth crops yet; run the crops stage first"
            )
        return video.read_crops(resolve(self.roots[id][1], v.crops), v.start, u.duration)

    def seen(self, mixture: Mixture, view: str) -> tuple[np.ndarray, np.ndarray]:
        """What `lips` shows of a view of a mixture's whole target: here its crops."""
        return self.crops(mixture.target, view)

    def voices(self, mixture: Mixture) -> tuple[np.ndarray, np.ndarray]:
        """The sound of a mixture.

        Returns:
            (mixture float32 `[N]`, target float32 `[N]`); the target is zero for the kind "silent".
        """
        n = round(mixture.duration * self.sample_rate)
        target = np.zeros(n, np.float32)
        whole = self.sound(mixture.target)
        part = whole[round(mixture.start * self.sample_rate):][:n]
        target[: len(part)] = part
        level = speech_level(whole)
        total = target.copy() if mixture.kind != "silent" else np.zeros(n, np.float32)
        for source in mixture.interferers:
            voice = self.sound(source.utterance)
            gain = level / speech_level(voice) * 10 ** (source.gain_db / 20)
            begin = round(source.offset * self.sample_rate)
            count = max(n - max(begin, 0), 0)
            voice = voice[max(-begin, 0):][: round(count * source.speed)]
            if source.speed != 1:
                voice = resampled(voice, min(round(len(voice) / source.speed), count))
            total[max(begin, 0):][: len(voice)] += np.float32(gain) * voice
        if mixture.noise_db is not None:
            total += np.float32(level * 10 ** (mixture.noise_db / 20)) * pink_noise(mixture.seed, n)
        return total, target if mixture.kind != "silent" else np.zeros(n, np.float32)

    def lips(self, mixture: Mixture, views: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """The pictures of a mixture.

        A view that the mixture does not have is not shown. For the kind "silent" the mouth keeps
        still: the first 0.2 s of the utterance, before it starts to speak, played to and fro.

        Args:
            mixture: which.
            views: names of the views.

        Returns:
            (crops uint8 `[V, T, 96, 96]`, shown bool `[V, T]`), T = ceil(duration * 25).
        """
        frames = int(np.ceil(mixture.duration * FPS - 1e-6))
        crops: np.ndarray = np.zeros((len(views), frames, *self.frame), self.dtype)
        shown = np.zeros((len(views), frames), bool)
        for i, name in enumerate(views):
            if name not in mixture.views:
                continue
            picture, present = self.seen(mixture, name)
            index = round(mixture.start * FPS) + np.arange(frames)
            if mixture.kind == "silent":
                index = np.abs((np.arange(frames) + 4) % 8 - 4)
            index = index[index < len(picture)]
            crops[i, : len(index)], shown[i, : len(index)] = picture[index], present[index]
            for view, begin, end in mixture.occlusions:
                if view == name:
                    shown[i, int(begin * FPS): int(np.ceil(end * FPS))] = False
        crops[~shown] = 0
        return crops, shown


def proportions(mixtures: Sequence[Mixture]) -> dict[str, Any]:
    """Counts for a report: of each kind, with occluded frames, and with only some of the views."""
    views = max((len(m.views) for m in mixtures), default=0)
    counts: dict[str, Any] = {kind: sum(m.kind == kind for m in mixtures) for kind in KINDS}
    return {**counts, "occluded": sum(bool(m.occlusions) for m in mixtures),
            "views missing": sum(len(m.views) < views for m in mixtures)}
