"""What the corpus files share: saying where a corpus comes from, counting it, splitting it,
writing its manifests.

A corpus is prepared into a folder `out` that holds `train.jsonl`, `dev.jsonl`, `test.jsonl` (paths
relative to the corpus itself, which is never written to) and `corpus.json` (`Prepared`: the corpus
root, the counts, the problems).
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

from avspeech.core import storage
from avspeech.data.manifest import Utterance, resolve, write_manifest
from avspeech.errors import InputError

SPLITS = ("train", "dev", "test")
DEV, TEST = 0.085, 0.115  # shares held out by default, of speakers or of clips

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class About:
    """Where a corpus comes from. name: as published; page: its official address; terms: licence and
    what it takes to get the corpus; layout: the folders expected, in words."""

    name: str
    page: str
    terms: str
    layout: str


@dataclass(frozen=True)
class Prepared:
    """What `corpus.json` says of a prepared corpus. root: absolute folder that the manifests' paths
    are relative to; split: "speaker", "clip", "published", or "none" (one manifest, `all.jsonl`);
    counts: utterances in each manifest; found, problems: lines to read."""

    corpus: str
    root: str
    split: str
    seed: int
    counts: dict[str, int] = field(default_factory=dict)
    found: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Media:
    """What a file's header says. audio, video: seconds on the file's clock at which each ends, 0.0
    where there is none; fps: frames a second; width, height: pixels."""

    audio: float = 0.0
    video: float = 0.0
    fps: float = 0.0
    width: int = 0
    height: int = 0


def made(make: Callable[[T], R], jobs: Sequence[T], workers: int) -> Iterator[R]:
    """`make` of each job, in order, in so many processes; with one worker, in this one."""
    if workers == 1:
        yield from map(make, jobs)
        return
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        yield from pool.map(make, jobs, chunksize=8)


def absent(source: str | Path, about: About) -> InputError:
    """The error for a corpus that is not there at all."""
    reason = "no such folder" if not Path(source).is_dir() else f"no {about.name} in it"
    return InputError(f"{source}: {reason}; expected {about.layout}. "
                      f"Get {about.name} from {about.page} ({about.terms}) and give its folder "
                      "as the source")


def named(names: Iterable[str], limit: int = 5) -> str:
    """'a, b, c and 12 more': the first few of some names."""
    names = list(names)
    more = f" and {len(names) - limit:,} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def counted(found: int, published: int, noun: str) -> str:
    """'700 of 34,000 clips'."""
    return f"{found:,} of {published:,} {noun}"


def folders(parent: Path) -> list[Path]:
    """The folders in `parent` by name, hidden ones left out; none where it does not exist."""
    return (sorted(p for p in parent.iterdir() if p.is_dir() and not p.name.startswith("."))
            if parent.is_dir() else [])


def files(parent: Path, *suffixes: str) -> list[Path]:
    """The files in `parent` with one of these suffixes (lower case, with the dot), by name."""
    if not parent.is_dir():
        return []
    return sorted(p for p in parent.iterdir()
                  if p.suffix.lower() in suffixes and not p.name.startswith(".") and p.is_file())


def below(path: Path, source: Path) -> str:
    """`path` relative to the corpus, with forward slashes, as manifests have it. Raises InputError
    for one outside of it, as a table may name."""
    try:  # in a name that is not UTF-8, "?" stands for each such byte
        return path.relative_to(source).as_posix().encode("utf-8", "replace").decode()
    except ValueError:
        raise InputError(f"{path}: named by a table of {source}, but not in that folder") from None


def is_file(path: Path) -> bool:
    """Whether there is such a file; False too for a name that no file can have, as a table may
    name."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def grouped(noun: str, names: Sequence[str], limit: int = 5) -> list[str]:
    """One line that counts and names some things, or none where there are none."""
    return [f"{len(names):,} {noun}: {named(names, limit)}"] if names else []


def empty(paths: Iterable[Path], source: Path) -> list[str]:
    """One line that names the files of 0 bytes, or none."""
    return grouped("files of 0 bytes", [below(p, source) for p in paths if p.stat().st_size == 0])


def pointers(paths: Iterable[Path]) -> set[Path]:
    """Those files of which only Git LFS's pointer was downloaded."""
    stubs = set()
    for path in paths:
        if path.stat().st_size < 1024:
            with open(path, "rb") as data:
                if data.read(20) == b"version https://git-":
                    stubs.add(path)
    return stubs


def unfetched(stubs: Iterable[Path], source: Path) -> list[str]:
    """One line that names the `pointers`, or none."""
    return grouped("files are pointers of Git LFS, not sound (fetch them by 'git lfs pull')",
                   sorted(below(path, source) for path in stubs))


def listed(option: str | Sequence[str]) -> list[str]:
    """An option that is one name or several, as a list."""
    return [option] if isinstance(option, str) else list(option)


def chosen(option: str, wanted: str | Sequence[str] | None, known: Sequence[str]) -> list[str]:
    """The names in `wanted`, all of `known` for None. Raises InputError for a name that is not in
    `known`."""
    names = list(known) if wanted is None else listed(wanted)
    for name in names:
        if name not in known:
            raise InputError(f"{option}: '{name}' is not there; there are {named(known, 12)}")
    return names


def media(path: Path) -> Media:
    """What the header of a sound or video file says; where it does not give a length, the packets
    do.

    A stream whose format (codec) FFmpeg does not know counts as absent.

    Raises:
        InputError: for a file that cannot be read, or without sound or picture that can be decoded.
    """
    from avspeech.media import audio

    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise InputError(f"{str(path).encode('utf-8', 'replace').decode()}: its name is not text in "
                         "UTF-8; rename it") from None
    try:
        found = (Media(audio=round(audio.duration(path), 4))
                 if path.suffix.lower() in audio.SOUND_SUFFIXES
                 else _container(path))
    except InputError:
        raise
    except Exception as error:  # of a damaged file, from anywhere in the libraries that read it
        raise InputError(f"{path}: damaged, its length cannot be read ({error})") from None
    if found.audio <= 0 and found.video <= 0:
        raise InputError(f"{path}: neither sound nor picture in it that can be decoded")
    return found


def _container(path: Path) -> Media:
    from avspeech.media import audio

    ends = {"audio": 0.0, "video": 0.0}
    shape: tuple[float, int, int] = (0.0, 0, 0)
    for kind in ends:
        # Opened for each: where the header gives no length (Matroska, WebM, FLV), finding the end
        # of one stream reads the file to its end.
        with audio.open_container(path) as container:
            stream = next((s for s in container.streams if s.type == kind and s.codec_context),
                          None)
            if stream is not None:
                ends[kind] = round(audio.stream_end(container, stream), 4)
            if stream is not None and kind == "video":
                shape = (float(stream.average_rate or 0), stream.width, stream.height)
    return Media(ends["audio"], ends["video"], *shape)


def gather(items: Sequence[T], work: Callable[[T], R], label: str,
           workers: int = 1) -> tuple[list[R], list[str]]:
    """(what `work` made of the items, in order; the messages of those it raised InputError for),
    with a progress bar.

    workers: threads; opening files mostly waits for the disk.
    """
    from tqdm import tqdm

    def guarded(item: T) -> R | InputError:
        try:
            return work(item)
        except InputError as error:
            return error

    # Drawn only on a terminal, and only where it takes a while.
    quiet = True if len(items) < 200 else None
    with ThreadPoolExecutor(max(1, workers)) as pool:
        outcomes = pool.map(guarded, items) if workers > 1 else map(guarded, items)
        results = list(tqdm(outcomes, desc=label, total=len(items), unit="file", disable=quiet))
    errors = [str(r) for r in results if isinstance(r, InputError)]
    return [r for r in results if not isinstance(r, InputError)], errors


def _rank(seed: int, key: str) -> str:
    # A digest rather than a shuffle: where a clip falls does not hang on how many others there are.
    return hashlib.sha256(f"{seed}/{key}".encode()).hexdigest()


def _held_out(size: float, total: int, name: str) -> int:
    if isinstance(size, bool) or not isinstance(size, (int, float)) or size < 0:
        raise InputError(f"{name}: expected a share below 1 or a whole count, got {size!r}")
    if size >= 1 and size != int(size):
        raise InputError(f"{name}: expected a share below 1 or a whole count, got {size!r}")
    return int(size) if size >= 1 else max(1, round(size * total)) if size else 0


def pick(keys: Iterable[str], seed: int = 0, dev: float = DEV, test: float = TEST) -> dict[str,
                                                                                           str]:
    """Split of each key. dev, test: how many to hold out, as a share (below 1) or a count;
    0 leaves a split empty.

    Raises InputError where nothing would be left to train on.
    """
    ranked = sorted(set(keys), key=lambda key: _rank(seed, key))
    n_dev, n_test = _held_out(dev, len(ranked), "dev"), _held_out(test, len(ranked), "test")
    if n_dev + n_test >= len(ranked):
        raise InputError(f"{len(ranked)} cannot be split into {n_dev} dev, {n_test} test and some to train "
                         "on; give more data, or fewer as dev= and test=")
    return {key: "test" if i < n_test else "dev" if i < n_test + n_dev else "train"
            for i, key in enumerate(ranked)}


def some(items: Sequence[T], group: Callable[[T], str], key: Callable[[T], str], limit: int,
         seed: int = 0) -> list[T]:
    """At most `limit` items of each group, drawn with the seed by their keys; in their old
    order."""
    if limit < 1:
        raise InputError(f"at least 1 of each must be taken, not {limit}")
    taken: dict[str, int] = {}
    kept = set()
    for number in sorted(range(len(items)), key=lambda n: _rank(seed, key(items[n]))):
        name = group(items[number])
        if taken.get(name, 0) < limit:
            taken[name] = taken.get(name, 0) + 1
            kept.add(number)
    return [item for number, item in enumerate(items) if number in kept]


def split(utterances: Sequence[Utterance], by: str = "auto", seed: int = 0, dev: float = DEV,
          test: float = TEST) -> tuple[dict[str, list[Utterance]], str]:
    """({"train", "dev", "test": utterances}, how). by: "speaker" (no speaker in two splits),
    "clip", or "auto": by speaker where there are three or more. Same seed, same files, same
    split."""
    if by not in ("auto", "speaker", "clip"):
        raise InputError(f"split: expected auto, speaker or clip, got '{by}'")
    speakers = {u.speaker for u in utterances}
    by = ("speaker" if len(speakers) >= 3 else "clip") if by == "auto" else by
    where = pick((u.speaker if by == "speaker" else u.id for u in utterances), seed, dev, test)
    parts: dict[str, list[Utterance]] = {name: [] for name in SPLITS}
    for utterance in utterances:
        parts[where[utterance.speaker if by == "speaker" else utterance.id]].append(utterance)
    return parts, by


def _refuse_links_out(root: str, utterances: Iterable[Utterance]) -> None:
    """What loaders would refuse later (`manifest.resolve`) is told now, once a folder."""
    for folder in sorted({os.path.dirname(p) for u in utterances
                          for p in (u.audio, *(v.video for v in u.views))}):
        try:
            resolve(root, folder)
        except InputError:
            raise InputError(f"{root}: {folder} is a link to somewhere else; give the folder it leads to, "
                             "or put the files themselves there") from None


def finish(out: str | Path, parts: dict[str, list[Utterance]], prepared: Prepared) -> list[Path]:
    """Writes the manifests that have anything in them and `corpus.json`, prints what was found.
    Returns the manifests' paths; raises InputError where there is no utterance at all."""
    out = Path(out)
    if not any(parts.values()):
        raise InputError(f"{prepared.root}: no usable {prepared.corpus} utterance: "
                         f"{named(prepared.problems, 3)}")
    _refuse_links_out(prepared.root, (u for utterances in parts.values() for u in utterances))
    paths = []
    for name, utterances in parts.items():
        path = out / f"{name}.jsonl"
        if utterances:
            write_manifest(path, sorted(utterances, key=lambda u: u.id))
            paths.append(path)
        elif path.exists():  # of an earlier run with other shares
            path.unlink()
    prepared = dataclasses.replace(prepared, counts={name: len(parts[name]) for name in parts})
    record = json.dumps(dataclasses.asdict(prepared), indent=1, ensure_ascii=False) + "\n"
    storage.write_atomically(out / "corpus.json", record.encode())
    for line in prepared.found:
        print(f"{prepared.corpus}: {line}")
    for line in (p for p in prepared.problems if p not in prepared.found):
        print(f"{prepared.corpus}: problem: {line}")
    if prepared.split == "none":
        print(f"{prepared.corpus}: {sum(prepared.counts.values()):,} utterances")
    else:
        print(f"{prepared.corpus}: split by {prepared.split}, seed {prepared.seed}: "
              + ", ".join(f"{count:,} {name}" for name, count in prepared.counts.items()))
    return paths


def finish_whole(out: str | Path, about: About, corpus: str, source: str | Path,
                 utterances: Sequence[Utterance], found: list[str], problems: list[str],
                 incomplete: bool = False) -> list[Path]:
    """Writes one manifest, `all.jsonl`, of a corpus whose parts a protocol chooses
    (`data.protocol`).

    Where a protocol counts every file, a file less is another experiment: with `problems`, they are
    printed, nothing is written and InputError is raised, unless `incomplete` says to go on with
    what there is.
    """
    if problems and not incomplete:
        for line in found:
            print(f"{corpus}: {line}")
        for line in problems:
            print(f"{corpus}: problem: {line}")
        raise InputError(f"{source}: {about.name} is not as published: {'; '.join(problems[:3])}"
                         + (f"; and {len(problems) - 3} problems more, printed above"
                            if len(problems) > 3 else "")
                         + ". Mend it, or go on with what there is by incomplete=true "
                         "(in a recipe: corpus.incomplete=true)")
    return finish(out, {"all": list(utterances)},
                  Prepared(corpus, str(Path(source).resolve()), "none", 0, found=found,
                           problems=problems))


def cut_short(utterances: Sequence[Utterance], share: float = 0.2) -> list[str]:
    """One line where more than a `share` of the clips are as long as the longest, to the
    millisecond: copies cut to one length are about. None of fewer than 20 clips, and none where the
    corpus is so."""
    longest = max((u.duration for u in utterances), default=0.0)
    equal = sum(abs(u.duration - longest) < 1e-3 for u in utterances)
    if len(utterances) < 20 or equal <= share * len(utterances):
        return []
    return [f"{equal:,} of {len(utterances):,} clips last just {longest:.2f} s, and none longer: "
            "a copy that was cut"]


def read_prepared(out: str | Path) -> Prepared:
    """What `finish` wrote to `out/corpus.json`. Raises InputError where it is not there or not
    whole."""
    path = Path(out) / "corpus.json"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return Prepared(**record)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); prepare the corpus first") from None
    except (ValueError, TypeError, RecursionError):
        raise InputError(f"{path}: not what preparing a corpus writes; prepare it again") from None


def root_of(folder: str | Path) -> Path:
    """What the paths in a prepared corpus' manifests are relative to: the corpus, or, for one made
    on the spot, its folder."""
    return Path(read_prepared(folder).root) if (Path(folder)
                                                / "corpus.json").exists() else Path(folder)
