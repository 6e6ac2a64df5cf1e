"""Speech with phone times, and phones of a text, from espeak-ng.

It is used through ctypes, as the library in the `espeakng-loader` wheel (extra `tts`). espeak-ng is
GPL-3: it is an optional extra, loaded only when this is called, and no part of it is in this
package.

One process holds one espeak-ng, and what it says depends a little on what it has said before: where
the samples must be the same every time, speak each text in a process of its own.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

import numpy as np

from avspeech.errors import InputError

_SYNCHRONOUS, _PHONEME_EVENTS, _IPA_EVENTS, _DONT_EXIT, _UTF8 = 2, 0x0001, 0x0002, 0x8000, 1
_IPA, _SEPARATED = 0x02, ord("_") << 8
_RATE, _PITCH, _RANGE = 1, 3, 4
_END, _WORD, _PHONEME = 0, 1, 7


class _Id(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_void_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [("type", ctypes.c_int), ("unique_identifier", ctypes.c_uint),
                ("text_position", ctypes.c_int), ("length", ctypes.c_int),
                ("audio_position", ctypes.c_int), ("sample", ctypes.c_int),
                ("user_data", ctypes.c_void_p), ("id", _Id)]


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int,
                             ctypes.POINTER(_Event))


@dataclass(frozen=True)
class Phone:
    """A phone by its espeak-ng name ("sil" for a pause), from `start` to `end` seconds."""

    start: float
    end: float
    name: str
    stressed: bool = False


@dataclass(frozen=True)
class Speech:
    """samples: float32 [N] in -1..1 at `sample_rate` Hz; phones: without gaps from 0 to the end;
    words: (start, end, word), times in seconds."""

    samples: np.ndarray
    sample_rate: int
    phones: tuple[Phone, ...]
    words: tuple[tuple[float, float, str], ...]


@functools.lru_cache(maxsize=1)
def _library() -> tuple[Any, bytes]:
    try:
        import espeakng_loader
    except ImportError:
        raise InputError("espeak-ng is not installed; it comes with the extra 'tts': "
                         "pip install 'avspeech[tts]'") from None
    try:
        library = ctypes.CDLL(str(espeakng_loader.get_library_path()))
    except OSError as error:
        raise InputError(f"espeak-ng does not load ({error}); reinstall it: "
                         "pip install espeakng-loader") from None
    library.espeak_Initialize.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_int]
    library.espeak_SetSynthCallback.argtypes = [_Callback]
    library.espeak_ng_SetRandSeed.argtypes = [ctypes.c_long]
    library.espeak_SetVoiceByName.argtypes = [ctypes.c_char_p]
    library.espeak_SetParameter.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int]
    library.espeak_Synth.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int,
                                     ctypes.c_uint, ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p]
    library.espeak_TextToPhonemes.argtypes = [ctypes.POINTER(ctypes.c_char_p), ctypes.c_int,
                                              ctypes.c_int]
    library.espeak_TextToPhonemes.restype = ctypes.c_char_p
    return library, str(espeakng_loader.get_data_path()).encode()


def _start(library: Any, data: bytes, options: int) -> int:
    sample_rate = library.espeak_Initialize(_SYNCHRONOUS, 0, data, options | _DONT_EXIT)
    if sample_rate <= 0:
        raise InputError(f"espeak-ng does not start with the data in {data.decode()}; "
                         "reinstall espeakng-loader")
    return sample_rate


def _choose(library: Any, voice: str) -> None:
    # Some languages go by their short name alone: "en-gb" is "en", "fr-fr" is "fr".
    names = (voice, voice.partition("-")[0])
    if all(library.espeak_SetVoiceByName(name.encode()) != 0 for name in names):
        raise InputError(f"espeak-ng has no voice '{voice}'")


def phonemes(texts: Sequence[str], voice: str = "en-us") -> list[list[list[str]]]:
    """The phones of each text in the IPA, by words, as `voice` of espeak-ng says them.

    Stress marks are before vowels. Words that espeak-ng joins are given as one.

    Raises InputError where the extra `tts` is not installed or the voice is unknown.
    """
    library, data = _library()
    _start(library, data, 0)
    found = []
    try:
        _choose(library, voice)
        for text in texts:
            rest, parts = ctypes.c_char_p(text.encode()), []
            while rest.value is not None:  # a clause at a time
                said = library.espeak_TextToPhonemes(ctypes.byref(rest), _UTF8, _IPA | _SEPARATED)
                parts.append((said or b"").decode("utf-8", "replace"))
            words = []
            for word in " ".join(parts).split():
                words.append([phone for phone in word.split("_") if phone])
            found.append(words)
    finally:
        library.espeak_Terminate()
    return found


def synthesise(text: str, voice: str = "en-us", rate: int = 160, pitch: int = 50,
               pitch_range: int = 50, ipa: bool = False) -> Speech:
    """`text` spoken by espeak-ng's `voice` (a language, "+" and a variant may follow: "en-us+f3").

    rate: words a minute (80..450); pitch, pitch_range: 0..100; ipa: name phones in the IPA. Raises
    InputError where the extra `tts` is not installed, the voice is unknown, or nothing comes out.
    """
    library, data = _library()
    events = _PHONEME_EVENTS | (_IPA_EVENTS if ipa else 0)
    sample_rate = _start(library, data, events)
    library.espeak_ng_SetRandSeed(1)  # breath noise; by default from the clock
    pieces: list[np.ndarray] = []
    phones: list[tuple[int, str]] = []
    words: list[tuple[int, str]] = []

    def collect(wave: Any, count: int, events: Any) -> int:
        if wave and count > 0:
            pieces.append(np.ctypeslib.as_array(wave, (count,)).copy())
        i = 0
        while events[i].type != _END:
            event = events[i]
            if event.type == _PHONEME:
                phones.append((event.sample, event.id.string.decode("utf-8", "replace")))
            elif event.type == _WORD:
                first = event.text_position - 1
                words.append((event.sample, text[first:first + event.length]))
            i += 1
        return 0

    callback = _Callback(collect)
    encoded = text.encode()
    try:
        library.espeak_SetSynthCallback(callback)
        _choose(library, voice)
        for parameter, value in ((_RATE, rate), (_PITCH, pitch), (_RANGE, pitch_range)):
            library.espeak_SetParameter(parameter, value, 0)
        library.espeak_Synth(encoded, len(encoded) + 1, 0, 1, 0, _UTF8, None, None)
        library.espeak_Synchronize()
    finally:
        library.espeak_Terminate()
    if not pieces or not phones:
        raise InputError(f"espeak-ng said nothing for the text {text!r}")
    samples = np.concatenate(pieces).astype(np.float32) / 32768.0
    timed = _phones([(_closure(samples, start, name, sample_rate), name) for start, name in phones],
                    len(samples), sample_rate)
    return Speech(samples, sample_rate, timed, _words(words, timed, sample_rate))


def synthesise_apart(*arguments: Any) -> Speech:
    """`synthesise` in a process of its own, so that the speech does not depend on earlier texts."""
    with get_context("fork").Pool(1) as pool:
        return pool.apply(synthesise, arguments)


def _closure(samples: np.ndarray, start: int, name: str, sample_rate: int) -> int:
    """Where a stop begins: espeak-ng reports the burst of a voiceless stop,
    the silence before it is its closure."""
    if name.strip("',%=|")[:1] not in set("ptkbdg") or start == 0:
        return start
    step, first = sample_rate // 200, start
    while (first > step and start - first < 0.1 * sample_rate
           and np.abs(samples[first - step:first]).max() < 1e-3):
        first -= step
    return first


def _phones(events: list[tuple[int, str]], total: int, sample_rate: int) -> tuple[Phone, ...]:
    """Phones from the events' starts: each lasts until the next; pauses in a row become one."""
    merged: list[tuple[int, str, bool]] = []
    if events[0][0] > 0:
        merged.append((0, "sil", False))
    for start, name in events:
        stressed = "'" in name or "ˈ" in name
        name = name.strip("',%=|")
        name = "sil" if not name or name.startswith("_") else name
        if not (name == "sil" and merged and merged[-1][1] == "sil"):
            merged.append((start, name, stressed))
    ends = [start for start, _, _ in merged[1:]] + [total]
    return tuple(Phone(start / sample_rate, end / sample_rate, name, stressed)
                 for (start, name, stressed), end in zip(merged, ends) if end > start)


def _words(events: list[tuple[int, str]], phones: tuple[Phone, ...],
           sample_rate: int) -> tuple[tuple[float, float, str], ...]:
    """Words end where the next begins, or where a pause does before that."""
    pauses = [phone.start for phone in phones if phone.name == "sil"]
    starts = [start / sample_rate for start, _ in events] + [phones[-1].end]
    words = []
    for (_, word), start, following in zip(events, starts, starts[1:]):
        end = min([following] + [pause for pause in pauses if pause > start])
        if end > start:
            words.append((start, end, word))
    return tuple(words)
