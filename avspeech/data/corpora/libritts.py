"""LibriTTS: LibriSpeech's audiobooks cut into sentences, with punctuation and capitals, 24 kHz.

H. Zen et al., "LibriTTS: A corpus derived from LibriSpeech for text-to-speech", Interspeech 2019. Each sound
has its text as printed (.original.txt) and in words (.normalized.txt), which is taken here. LibriTTS-R has
the same layout.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from avspeech.data.corpora import layout
from avspeech.data.manifest import Utterance
from avspeech.errors import InputError

ABOUT = layout.About(
    name="LibriTTS",
    page="https://www.openslr.org/60/",
    terms="free to download; CC BY 4.0",
    layout="LibriTTS/<part>/<speaker>/<chapter>/*.wav with .normalized.txt",
)

# Speakers: the paper's Table 2. Utterances: sounds in the archives.
SPEAKERS = {"dev-clean": 40, "dev-other": 33, "test-clean": 39, "test-other": 33, "train-clean-100": 247,
            "train-clean-360": 904, "train-other-500": 1160}
UTTERANCES = {"dev-clean": 5_736, "dev-other": 4_613, "test-clean": 4_837, "test-other": 5_120,
              "train-clean-100": 33_236, "train-clean-360": 116_500, "train-other-500": 205_044}


@dataclass(frozen=True)
class Clip:
    """part; name: "84_121123_000007_000001" (speaker, chapter, paragraph, sentence); path: of the sound."""

    part: str
    name: str
    path: Path

    @property
    def speaker(self) -> str:
        return self.name.split("_")[0]

    def text(self, kind: str = "normalized") -> str | None:
        """The text in words, or as printed ("original"); None where there is none."""
        path = self.path.with_name(f"{self.name}.{kind}.txt")
        try:
            return " ".join(path.read_text(encoding="utf-8").split()) or None
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError):
            raise InputError(f"{path}: cannot be read as text") from None


def read_sexes(path: Path) -> dict[str, str]:
    """{"14": "female"} of speakers.tsv: lines of reader, "M" or "F", part, name, parted by tabs."""
    sexes = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        cells = [cell.strip() for cell in line.split("\t")]
        if len(cells) >= 2 and cells[1] in ("M", "F"):
            sexes[cells[0]] = {"M": "male", "F": "female"}[cells[1]]
    return sexes


def _base(source: Path) -> Path:
    return next((source / name for name in ("LibriTTS", "LibriTTS_R") if (source / name).is_dir()), source)


def clips(source: str | Path) -> list[Clip]:
    """All sounds there are, by part and name. Raises InputError, saying where to get LibriTTS, for none."""
    base = _base(Path(source))
    found = [Clip(part, path.stem, path) for part in UTTERANCES for speaker in layout.folders(base / part)
             for chapter in layout.folders(speaker) for path in layout.files(chapter, ".wav", ".flac")]
    if not found:
        raise layout.absent(source, ABOUT)
    return found


def summary(found: Sequence[Clip]) -> list[str]:
    """Counts against the published ones, a line for each part there is."""
    lines = []
    for part in dict.fromkeys(c.part for c in found):
        own = [c for c in found if c.part == part]
        lines.append(f"{part}: {layout.counted(len({c.speaker for c in own}), SPEAKERS[part], 'speakers')}, "
                     + layout.counted(len(own), UTTERANCES[part], "utterances"))
    return lines


def _missing(source: Path, found: Sequence[Clip], wanted: Sequence[str]) -> list[str]:
    counts = {part: sum(c.part == part for c in found) for part in UTTERANCES}
    problems = layout.grouped("parts missing", [p for p in wanted if not counts[p]], limit=len(UTTERANCES))
    problems += [line for line in summary(found) if counts[line.partition(":")[0]]
                 != UTTERANCES[line.partition(":")[0]]]
    if not (_base(source) / "speakers.tsv").is_file():
        problems.append("speakers.tsv missing: the speakers' sex is not known")
    return problems + layout.empty((c.path for c in found), source)


def prepare(source: str | Path, out: str | Path, part: str | Sequence[str] | None = None,
            speakers: Sequence[str] | None = None, split: str = "auto", seed: int = 0,
            dev: float = layout.DEV,
            test: float = layout.TEST, workers: int = 4) -> list[Path]:
    """Writes train, dev and test manifests.

    part: one part or several, default all there are; speakers: only these ("84", ...). split: "auto" takes
    the published train, dev and test where all three are there, else splits by speaker, or by clip where
    there are fewer than three; "clip" holds out sentences of every speaker, as a voice of many speakers is
    tested; dev, test: shares or counts. Labels: sex; "chapter"; "raw", the text as printed. Raises InputError
    where LibriTTS is absent.
    """
    source = Path(source)
    found = clips(source)
    wanted = layout.chosen("part", part, list(dict.fromkeys(c.part for c in found)))
    found = [c for c in found if c.part in wanted]
    voices = layout.chosen("speakers", speakers, list(dict.fromkeys(c.speaker for c in found)))
    found = [c for c in found if c.speaker in voices]
    sexes = read_sexes(_base(source) / "speakers.tsv") if (_base(source) / "speakers.tsv").is_file() else {}

    def work(clip: Clip) -> tuple[str, Utterance]:
        text, raw = clip.text(), clip.text("original")
        if text is None:
            raise InputError(f"{clip.name}: no text")
        labels = {"chapter": clip.name.split("_")[1], **({"raw": raw} if raw else {}),
                  **({"sex": sexes[clip.speaker]} if clip.speaker in sexes else {})}
        return clip.part, Utterance(
            id=f"libritts-{clip.name}", audio=layout.below(clip.path, source),
            duration=layout.media(clip.path).audio, speaker=f"libri-{clip.speaker}", text=text, labels=labels)

    read, unusable = layout.gather(found, work, "LibriTTS", workers)
    parts: dict[str, list[Utterance]] = {name: [u for own, u in read if own.startswith(name)]
                                         for name in layout.SPLITS}
    by = split
    if split == "auto" and all(parts.values()):
        by = "published"
    elif read:
        parts, by = layout.split([u for _, u in read], split, seed, dev, test)
    problems = _missing(source, found, wanted) + layout.grouped("unusable utterances", unusable)
    return layout.finish(out, parts, layout.Prepared("libritts", str(source.resolve()), by, seed,
                                                     found=summary(found), problems=problems))


def check(source: str | Path) -> list[str]:
    """What is missing, a line each: parts, counts, texts. Raises InputError where LibriTTS is absent."""
    source = Path(source)
    found = clips(source)
    return _missing(source, found, tuple(UTTERANCES)) + layout.grouped(
        "utterances without .normalized.txt", [c.name for c in found if c.text() is None])
