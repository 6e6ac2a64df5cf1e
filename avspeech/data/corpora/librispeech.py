"""LibriSpeech: read audiobooks, 16 kHz FLAC with transcripts. No pictures:
voices to interfere with, and the sex task.

V. Panayotov et al., "Librispeech: an ASR corpus based on public domain audio books", ICASSP 2015.

Besides the corpus as distributed, a folder `one_per_speaker` of single utterances
(<speaker>-<chapter>-<nnnn>.opus or .flac) is read as a part of that name: a small set of many voices.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from avspeech.data.corpora import layout
from avspeech.data.manifest import Utterance
from avspeech.errors import InputError

ABOUT = layout.About(
    name="LibriSpeech",
    page="https://www.openslr.org/12/",
    terms="free to download, no agreement; CC BY 4.0",
    layout="LibriSpeech/<part>/<speaker>/<chapter>/*.flac with .trans.txt (or one_per_speaker/*.opus)",
)

# Speakers: Table 1 of the paper. Utterances: the transcript lines of each archive.
SPEAKERS = {"dev-clean": 40, "dev-other": 33, "test-clean": 40, "test-other": 33,
            "train-clean-100": 251, "train-clean-360": 921, "train-other-500": 1166}
UTTERANCES = {"dev-clean": 2_703, "dev-other": 2_864, "test-clean": 2_620, "test-other": 2_939,
              "train-clean-100": 28_539, "train-clean-360": 104_014, "train-other-500": 148_688}
ONE_PER_SPEAKER = "one_per_speaker"


@dataclass(frozen=True)
class Clip:
    """One utterance: part, name "19-198-0000", of which the first number is the speaker;
    text in capitals, or None."""

    part: str
    name: str
    path: Path
    text: str | None

    @property
    def speaker(self) -> str:
        return self.name.split("-")[0]


def read_transcripts(path: Path) -> dict[str, str]:
    """{"19-198-0000": "NORTHANGER ABBEY ..."} of a .trans.txt.
    Raises InputError for a line without a name."""
    texts = {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise InputError(f"{path}: cannot be read as text") from None
    for number, line in enumerate(lines, 1):
        name, _, text = line.strip().partition(" ")
        if name and not re.fullmatch(r"\d+-\d+-\d+", name):
            raise InputError(f"{path}:{number}: expected '<speaker>-<chapter>-<number> TEXT', "
                             f"got '{line[:40]}'")
        if name:
            texts[name] = text.strip()
    return texts


def read_sexes(path: Path) -> dict[str, str]:
    """{"19": "F"} of SPEAKERS.TXT: lines of "ID | SEX | SUBSET | MINUTES | NAME",
    and comments that begin with ";"."""
    sexes = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if not line.startswith(";") and len(cells) >= 3 and cells[1] in ("M", "F"):
            sexes[cells[0]] = cells[1]
    return sexes


def _base(source: Path) -> Path:
    return source / "LibriSpeech" if (source / "LibriSpeech").is_dir() else source


def _sexes(source: Path) -> dict[str, str]:
    paths = (source / "SPEAKERS.TXT", _base(source) / "SPEAKERS.TXT")
    return next((read_sexes(p) for p in paths if p.is_file()), {})


def _chapters(source: Path, part: str) -> list[Path]:
    return [chapter for speaker in layout.folders(_base(source) / part)
            for chapter in layout.folders(speaker)]


def _transcripts(source: Path, part: str) -> dict[str, str]:
    texts: dict[str, str] = {}
    for chapter in _chapters(source, part):
        for path in layout.files(chapter, ".txt"):
            texts.update(read_transcripts(path))
    return texts


def clips(source: str | Path) -> list[Clip]:
    """All utterances there are, by part and name. Raises InputError,
    saying where to get LibriSpeech, for none."""
    source = Path(source)
    found = []
    for part in UTTERANCES:
        texts = _transcripts(source, part)
        found += [Clip(part, p.stem, p, texts.get(p.stem)) for chapter in _chapters(source, part)
                  for p in layout.files(chapter, ".flac", ".wav", ".opus")]
    found += [Clip(ONE_PER_SPEAKER, p.stem, p, None)
              for p in layout.files(source / ONE_PER_SPEAKER, ".opus", ".flac", ".wav")]
    if not found:
        raise layout.absent(source, ABOUT)
    return found


def summary(found: Sequence[Clip]) -> list[str]:
    """Counts against the published ones, a line for each part there is."""
    lines = []
    for part in dict.fromkeys(c.part for c in found):
        own = [c for c in found if c.part == part]
        speakers = len({c.speaker for c in own})
        if part == ONE_PER_SPEAKER:
            lines.append(f"{part}: {len(own):,} utterances of {speakers:,} speakers")
        else:
            lines.append(f"{part}: {layout.counted(speakers, SPEAKERS[part], 'speakers')}, "
                         + layout.counted(len(own), UTTERANCES[part], "utterances"))
    return lines


def _missing(source: Path, found: Sequence[Clip], wanted: Sequence[str]) -> list[str]:
    have = {part: {c.name for c in found if c.part == part} for part in (*UTTERANCES, ONE_PER_SPEAKER)}
    gone = [p for p in UTTERANCES if p in wanted and not have[p]]
    problems = layout.grouped("parts missing", gone, limit=len(UTTERANCES))
    problems += [line for line in summary(found) for part in UTTERANCES
                 if line.startswith(part + ":") and len(have[part]) != UTTERANCES[part]]
    for part in UTTERANCES:
        if have[part]:  # a chapter's transcript names what its folder should hold
            problems += layout.grouped(f"utterances of {part} in a transcript, not in its folder",
                                       sorted(set(_transcripts(source, part)) - have[part]))
    problems += layout.grouped("utterances without a transcript", [
        c.name for c in found if c.text is None and c.part != ONE_PER_SPEAKER])
    sexes = _sexes(source)
    if not sexes:
        problems.append("SPEAKERS.TXT missing: the speakers' sex is not known")
    else:
        problems += layout.grouped("speakers not in SPEAKERS.TXT",
                                   sorted({c.speaker for c in found} - set(sexes)))
    return problems + layout.empty((c.path for c in found), source)


def prepare(source: str | Path, out: str | Path, part: str | Sequence[str] | None = None, split: str = "auto",
            seed: int = 0, dev: float = layout.DEV, test: float = layout.TEST,
            workers: int = 4, speakers: str | Sequence[str] | None = None) -> list[Path]:
    """Writes train, dev and test manifests of utterances without views.

    part: one part or several ("train-clean-100", ..., "one_per_speaker"); default: the published parts
    there are, or one_per_speaker where there are none. speakers: only these ("19", ...). split: "auto" takes
    the published train, dev and test where all three are there, else splits by speaker, or by clip where
    there are fewer than three; "speaker" and "clip" do just that; dev, test: shares or counts held out.
    Labels: sex. Raises InputError where LibriSpeech is absent.
    """
    source = Path(source)
    found = clips(source)
    there = list(dict.fromkeys(c.part for c in found))
    published = [p for p in there if p != ONE_PER_SPEAKER]
    wanted = layout.chosen("part", part if part is not None else published or None, there)
    found = [c for c in found if c.part in wanted]
    voices = layout.chosen("speakers", speakers, list(dict.fromkeys(c.speaker for c in found)))
    found = [c for c in found if c.speaker in voices]
    sexes = _sexes(source)

    def work(clip: Clip) -> tuple[str, Utterance]:
        sex = sexes.get(clip.speaker)
        return clip.part, Utterance(
            id=f"libri-{clip.name}", audio=layout.below(clip.path, source),
            duration=layout.media(clip.path).audio, speaker=f"libri-{clip.speaker}", text=clip.text,
            labels={"sex": sex} if sex else {})

    read, unusable = layout.gather(found, work, "LibriSpeech", workers)
    # A single utterance of a speaker can be in its own part too.
    utterances = list({utterance.id: utterance for _, utterance in reversed(read)}.values())
    parts: dict[str, list[Utterance]] = {
        name: [u for own, u in read if own.startswith(name)] for name in layout.SPLITS}
    by = split
    if split == "auto" and all(parts.values()) and ONE_PER_SPEAKER not in wanted:
        by = "published"
    elif utterances:
        parts, by = layout.split(utterances, split, seed, dev, test)
    problems = _missing(source, found, wanted) + layout.grouped("unusable utterances", unusable)
    return layout.finish(out, parts, layout.Prepared("librispeech", str(source.resolve()), by, seed,
                                                     found=summary(found), problems=problems))


def check(source: str | Path) -> list[str]:
    """What is missing, a line each: parts, counts, transcripts,
    utterances that a transcript names; files of 0 bytes.

    Raises InputError where LibriSpeech is absent.
    """
    source = Path(source)
    return _missing(source, clips(source), tuple(UTTERANCES))
