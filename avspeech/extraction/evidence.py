"""What a window of the signal says of faces and voices: the networks' part of `choice`, on arrays.

`examine` runs an engine and a splitter on a window; `choice.Chooser` decides what is put out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from avspeech.extraction.choice import (
    ENVELOPE,
    GROWS,
    GUIDE,
    HINT,
    KNOWN,
    LAGS,
    LEAST,
    SILENT,
    SPREAD,
    USUAL,
)
from avspeech.extraction.engine import Engine
from avspeech.extraction.spectra import Transform, level_of


class Lateness:
    """How late the lips of a face are beside the sound, by all that was heard of them so far."""

    def __init__(self) -> None:
        self.likely = -np.square((LAGS - USUAL) / SPREAD) / 2  # log probabilities of `LAGS`

    def hear(self, fits: np.ndarray) -> None:
        """Adds what a window says: `fits` at all lags, `[L, K, T]`."""
        self.likely = self.likely + GROWS * fits.sum(-1).max(1)

    @property
    def place(self) -> int:
        """That of the likeliest lag in `LAGS`."""
        return int(self.likely.argmax())

    def moved(self, planes: np.ndarray) -> np.ndarray:
        """Planes `[P, T, bands]` on the clock of the sound."""
        frames = planes.shape[1]
        return planes[:, (np.arange(frames) + LAGS[self.place]).clip(0, frames - 1)]


def fits(engine: Engine, planes: np.ndarray, bands: np.ndarray, shown: np.ndarray,
         lags: np.ndarray = LAGS) -> np.ndarray:
    """How well voices fit lips, frame by frame: see `choice`.

    Args:
        engine: its embeddings are used where it has any.
        planes: `[P, T, bands]` of its cue, on the lips' own clock.
        bands: `[K, T, bands]`, log spectra of the voices (`Transform.log_bands`).
        shown: bool `[T]`, where the face is seen.
        lags: by how many frames the lips are late.

    Returns:
        `[L, K, T]`, whose mean over the frames shown is e of `choice`, and which is 0 in the
        others.
    """
    guess, loud = _apart(planes[0])
    shapes, levels = _apart(bands)
    total = _parts(guess, shapes, shown, lags) + ENVELOPE * _parts(loud, levels, shown, lags)
    embedded = engine.embedded(planes, bands)
    return total if embedded is None else total + _parts(*embedded, shown, lags)


def estimate(engine: Engine, sound: np.ndarray, video: np.ndarray, present: np.ndarray,
             late: Lateness, new: int | None = None) -> np.ndarray:
    """What lips make by themselves of a mixture, which also tells how late they are.

    Args:
        engine: of any model; one that guesses no spectra is run as it is.
        sound: `[N]`, the mixture.
        video: `[V, T, H, W]` or `[V, T, C]`.
        present: bool `[V, T]`.
        late: of the face; hears this mixture.
        new: samples at the end of which nothing was heard yet; by default all.

    Returns:
        `[N]`.
    """
    stft = engine.transform
    if stft is None:
        return engine(sound, video, present)
    bands = stft.log_bands(sound[None] / level_of(sound))
    planes = engine.planes(video, present, bands.shape[1])
    shown = _shown(engine, stft, present, bands.shape[1])
    if shown.any():
        fresh = len(shown) if new is None else -(-new // stft.hop)
        late.hear(fits(engine, planes, bands, shown)[..., -fresh:])
    return engine.separate(sound, late.moved(planes))


def _shown(engine: Engine, stft: Transform, present: np.ndarray, count: int) -> np.ndarray:
    """Whether any view shows the face in frames of the STFT, bool `[count]`."""
    frame = (np.arange(count) * np.float32(stft.hop / stft.sample_rate * engine.fps)).astype(int)
    return np.any(present, 0)[frame.clip(0, present.shape[1] - 1)]


def _apart(bands: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log spectra without their mean over bands, and that mean, `[..., 1]`."""
    mean = bands.mean(-1, keepdims=True)
    return bands - mean, mean


def _parts(lips: np.ndarray, voices: np.ndarray, shown: np.ndarray,
           lags: np.ndarray) -> np.ndarray:
    """Parts `[L, K, T]` of the correlations of `[T, C]` and `[K, T, C]` at some lags."""
    seen = shown[:, None].astype(np.float32)
    count = np.float32(shown.sum())
    moved = lips[(np.arange(len(lips)) + lags[:, None]).clip(0, len(lips) - 1)]  # [L, T, C]
    x, y = ((z - (z * seen).sum(-2, keepdims=True) / count) * seen for z in (moved, voices))
    least = max(LEAST * float(count * lips.shape[1]) ** 0.5, 1e-6)
    norms = [np.maximum(np.sqrt(np.square(z).sum((1, 2))), least) for z in (x, y)]
    products = x.transpose(1, 0, 2) @ y.transpose(1, 2, 0)  # [T, L, K]
    return np.asarray(products.transpose(1, 2, 0)
                      / (norms[0][:, None, None] * norms[1][:, None]) * count)


def timbre(bands: np.ndarray) -> np.ndarray:
    """What a voice sounds like: the mean log spectrum of its louder frames, without its mean.

    Args:
        bands: `[..., T, bands]`, log spectra (`Transform.log_bands`).

    Returns:
        `[..., bands]`; NaN for a voice that is silent.
    """
    loud = bands.mean(-1)
    louder = (loud >= np.quantile(loud, 0.4, -1, keepdims=True)).astype(bands.dtype)[..., None]
    mean = (bands * louder).sum(-2) / louder.sum(-2)
    silent = mean.max(-1, keepdims=True) < SILENT
    return np.where(silent, np.nan, mean - mean.mean(-1, keepdims=True))


def guided(transform: Transform, guess: np.ndarray, shown: np.ndarray, sound: np.ndarray,
           estimate: np.ndarray, voices: np.ndarray) -> np.ndarray:
    """Voices under a mask that trusts the lips a little.

    The mask is 2 sigmoid(GUIDE g) (|E| / |X|)^HINT, with g the guess without its mean over time, E
    the spectrum of the lips' own estimate and X that of the mixture: from nearly 0 to 2 where the
    guess is that of lips that the model knows, and near 1 where it says little.

    Args:
        transform: of the model.
        guess: `[T, bands]`, the first of the planes, on the clock of the sound.
        shown: as for `fits`; the mask is 1 in other frames.
        sound: `[N]`, the mixture at an RMS of 1.
        estimate: `[N]`, at the same scale.
        voices: `[K, N]`.

    Returns:
        `[K, N]`.
    """
    x = transform.spectrum(np.concatenate([voices, estimate[None], sound[None]]))  # [K + 2, T, F]
    moved = guess - guess[shown].mean(0)
    hint = ((np.abs(x[-2]) + 1e-4) / (np.abs(x[-1]) + 1e-4)).clip(0.0, 1.0) ** HINT
    mask = 2 / (1 + np.exp(-GUIDE * moved)) @ transform.matrix * hint
    masked = x[:-2] * np.where(shown[:, None], mask, 1.0).astype(np.float32)
    return transform.sound(masked, voices.shape[-1])


@dataclass
class Window:
    """A window of the signal with everything that may be put out.

    Attributes:
        start: its first sample.
        mixture: `[N]`.
        voices: `[K, N]`, separated; in the order of the windows before (`choice.follow`).
        own: `[F, N]`, what the lips of each face made by themselves.
        guided: `[F, K, N]` of `guided`.
        fits: `[F, K, T]` of `fits`, for the voices.
        own_fits: `[F, T]`, for `own`.
        seen: bool `[F, T]`, where each face is seen.
        timbres: `[K, bands]`, of the voices.
        moves: `[F, T]`, how far the lips' guess is from its mean over time, mean square.
    """

    start: int
    mixture: np.ndarray
    voices: np.ndarray
    own: np.ndarray
    guided: np.ndarray
    fits: np.ndarray
    own_fits: np.ndarray
    seen: np.ndarray
    timbres: np.ndarray
    moves: np.ndarray

    def reorder(self, order: Sequence[int]) -> None:
        """Puts the voices into another order."""
        self.voices, self.fits = self.voices[order], self.fits[:, order]
        self.guided, self.timbres = self.guided[:, order], self.timbres[order]


def examine(
    engine: Engine,
    split: Callable[[np.ndarray], np.ndarray],
    start: int,
    mixture: np.ndarray,
    sound: np.ndarray,
    clips: Sequence[tuple[np.ndarray, np.ndarray] | None],
    wanted: Sequence[int],
    late: Sequence[Lateness],
) -> Window:
    """Runs the networks on a window.

    Args:
        engine: of a model that guesses spectra.
        split: gives voices `[K, N]` of a mixture `[N]`: see `engine.splitter_of`.
        start: the first sample of the window.
        mixture: `[N]`.
        sound: the same, padded to at least the length of the pictures.
        clips: for each face crops `[V, T, H, W]` and mask `[V, T]`; None for one that is neither
            seen nor heard here.
        wanted: the faces whose own estimates are needed.
        late: of each face; hears what this window says.
    """
    stft = engine.transform
    assert stft is not None
    voices, level = split(sound), level_of(sound)
    bands = stft.log_bands(voices / level)
    length, count = len(mixture), bands.shape[1]
    faces = len(clips)
    window = Window(
        start, mixture, voices[:, :length], np.zeros((faces, length), np.float32),
        np.repeat(voices[None, :, :length], faces, 0), np.zeros((faces, len(voices), count)),
        np.zeros((faces, count)), np.zeros((faces, count), bool), timbre(bands),
        np.zeros((faces, count)))
    for f, clip in enumerate(clips):
        if clip is None:
            continue
        crops, mask = clip
        shown = _shown(engine, stft, mask, count)
        planes = engine.planes(crops, mask, count)
        known = shown.sum() * stft.hop >= KNOWN * stft.sample_rate
        if known:
            window.seen[f] = shown
            window.moves[f] = np.square(planes[0] - planes[0][shown].mean(0)).mean(-1) * shown
            every = fits(engine, planes, bands, shown)
            late[f].hear(every)
            window.fits[f] = every[late[f].place]
        if f not in wanted:
            continue
        planes = late[f].moved(planes)
        own = engine.separate(sound, planes)
        window.own[f] = own[:length]
        if known:
            window.guided[f] = guided(stft, planes[0], shown, sound / level, own / level,
                                      voices)[:, :length]
            mine = stft.log_bands(own[None] / level)
            window.own_fits[f] = fits(engine, planes, mine, shown, np.zeros(1, int))[0, 0]
    return window
