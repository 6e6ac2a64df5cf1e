"""The settings of voices and vocoders."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from avspeech.core import ranges
from avspeech.text import symbols as table

TYPICAL_FRAMES = 24  # a last word of about 0.4 s, for a slope that comes without a contour
LOUDEST = 8.0  # natural log of the largest size of a vocoder's filters


@dataclass(frozen=True)
class VocoderConfig:
    """What a vocoder is built of.

    The mel is that of HiFi-GAN and Matcha-TTS: Slaney's scale and area, of magnitudes, natural log.
    """

    sample_rate: int = 16_000  # hertz
    n_fft: int = 1024  # samples
    window: int = 1024  # samples
    hop: int = 256  # samples
    mels: int = 80  # bands
    low: float = 0.0  # hertz, of the lowest band
    high: float = 8000.0  # hertz, of the highest band
    width: int = 256  # channels of the backbone
    hidden: int = 512  # channels within its blocks
    layers: int = 5  # blocks of the backbone
    kernel: int = 7  # frames
    source: Literal["harmonic", "none"] = "harmonic"  # see the module
    # The others are of the harmonic source. Times within a hop at which the head says how loud
    # pulses and noise are, so that a burst is sharper than a window (0: never)
    gates: int = 0
    # Hertz over which the mel is smoothed before filters are made of it, so that they know no
    # harmonics and the pulses alone make the pitch (0: not; 200 leaves 4 % of the ripple from 100
    # Hz on)
    smooth: float = 0.0
    pitch_width: int = 96  # channels of the pitch reader
    pitch_low: float = 60.0  # hertz, the lowest F0
    pitch_high: float = 500.0  # hertz, the highest F0

    def __post_init__(self) -> None:
        ranges.at_least(self, 1, "sample_rate", "n_fft", "window", "hop", "mels", "width", "hidden",
                        "layers", "kernel", "pitch_width")
        ranges.at_least(self, 0, "low", "gates", "smooth")
        ranges.above(self, self.low, "high")
        ranges.above(self, 0, "pitch_low")
        ranges.above(self, self.pitch_low, "pitch_high")


@dataclass(frozen=True)
class VoiceConfig:
    """What a voice is built of; the defaults are `prosodyfm-small`."""

    symbols: int = len(table.SYMBOLS)  # how many of `avspeech.text.symbols.SYMBOLS` it knows
    speakers: tuple[str, ...] = ("default",)  # names in the order of the speaker table
    # "table", or "vector": d-vectors of `vector` values from an encoder of the user's
    embeddings: Literal["table", "vector"] = "table"
    vector: int = 192  # values of a speaker vector
    speaker_width: int = 64  # channels of a speaker
    breaks: bool = True  # pauses are symbols of their own; off: marks and word boundaries hold them
    intonation: bool = True  # shapes on last words
    width: int = 160  # channels of the text encoder
    layers: int = 3  # of the text encoder
    heads: int = 2  # of its attention
    hidden: int = 320  # channels within its layers
    kernel: int = 3  # symbols, of its convolutions
    prenet: int = 3  # symbols, kernel of the three convolutions before it
    dropout: float = 0.1  # of the encoders, in training
    fusion: int = 1  # layers of the fusion encoder
    decoder: tuple[int, ...] = (160, 224)  # channels of the U-Net's levels
    blocks: int = 2  # of each level of the U-Net
    expansion: int = 2  # of the U-Net's blocks
    attention: bool = False  # at the bottom of the U-Net
    duration: int = 128  # channels of the duration predictor
    phrasing: int = 64  # channels of the break predictor
    tokens: int = 6  # shapes of the Terminal Intonation Encoder
    tone: int = 64  # values of an embedding of intonation
    tone_heads: int = 4  # of the Terminal Intonation Encoder
    reference: int = 128  # channels of its LSTM
    mel_mean: float = -5.5  # of the training data's log-mel
    mel_std: float = 2.0  # its standard deviation
    melody_mean: float = 6.0  # of the training data's melody, in semitones over 100 Hz
    melody_std: float = 5.0  # its standard deviation
    break_threshold: float = 0.5  # probability from which the predictor's break is made
    temperature: float = 0.667  # deviation of the flow's noise, unless another is asked for
    steps: int = 4  # of the flow, unless others are asked for
    # What the pulses of the sound follow: "melody", the one that the flow makes, with the contours
    # of last words, or "mel", what the vocoder reads off the mel, with the contours asked for alone
    pulses: Literal["melody", "mel"] = "melody"
    # By how much the log-mel differs more from its mean over 9 bands than the flow makes it, which
    # is smoother than speech (0: not)
    sharpen: float = 0.0
    # Seconds by which a pause is heard longer than its frames, because words end and begin quietly;
    # pauses that are asked for get so much less
    quiet: float = 0.0
    # whether tones asked of last words are heard: the recipe measures it (`measuring.control`)
    tones: bool = True
    # Fields of `Vocoder.Config` in which it differs; its mels and rates are those of the voice
    vocoder: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ranges.at_least(self, 1, "symbols", "vector", "speaker_width", "width", "layers", "heads",
                        "hidden", "kernel", "prenet", "fusion", "decoder", "blocks", "expansion",
                        "duration", "phrasing", "tokens", "tone", "tone_heads", "reference",
                        "steps")
        ranges.at_least(self, 0, "temperature", "sharpen", "quiet")
        ranges.above(self, 0, "mel_std", "melody_std")
        ranges.below_one(self, "dropout")
        ranges.between(self, 0, 1, "break_threshold")
