"""Functions for corpus files: where a corpus comes from, its files, counting, writing manifests.

A corpus is prepared into a folder `out` that holds `train.jsonl`, `dev.jsonl`, `test.jsonl` (with
paths relative to the corpus itself, which is only read) and `corpus.json` (`Prepared`: the root of
the corpus, the counts, the problems).
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from avspeech.core import pools, storage
from avspeech.core.listing import is_hidden
from avspeech.data.manifest import Utterance, resolve, write_manifest
from avspeech.errors import InputError

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class About:
    """Where a corpus comes from."""

    name: str  # as published
    page: str  # its official address
    terms: str  # license, and what is needed to get the corpus
    layout: str  # the expected folders, in words


@dataclass(frozen=True)
class Prepared:
    """The content of `corpus.json`."""

    corpus: str  # name in the registry
    # Absolute folder that the manifests' paths are relative to; in the file "." for its own folder
    root: str
    split: str  # "speaker", "clip", "published", "text", or "none" (one manifest, `all.jsonl`)
    seed: int  # of the split
    counts: dict[str, int] = field(default_factory=dict)  # utterances in each manifest
    found: list[str] = field(default_factory=list)  # lines that were printed
    problems: list[str] = field(default_factory=list)  # lines that were printed


def made(make: Callable[[T], R], jobs: Sequence[T], workers: int) -> Iterator[R]:
    """Runs `make` on each job.

    Args:
        make: a function that a new process can import.
        jobs: its arguments.
        workers: number of processes; 1: this process.

    Yields:
        The results, in order.
    """
    if workers == 1:
        yield from map(make, jobs)
        return
    with pools.pool(workers) as pool:
        yield from pool.map(make, jobs, chunksize=8)


# Suffixes of sound, the one first that is taken where a clip is there in several formats
SOUNDS = (".wav", ".flac", ".aiff", ".aif", ".mp3", ".ogg", ".opus", ".m4a", ".aac", ".wma")
OWN = "your own disk"  # the page of corpora that nobody publishes
TABLES = (".parquet", ".arrow")  # of the Hugging Face library `datasets`, with sounds inside
PACKED = (".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".7z", ".rar", *TABLES)
IN_TABLES = ("is an export to other programs with the sounds inside, which is not read here: write "
             "each row's audio bytes to a file of its own, in the folders and tables as expected")


def sound(path: Path) -> Path:
    """The file of a sound: `path`, or where it does not exist one beside it of the same name in
    another format, as users convert corpora; `path` if there is none.

    Args:
        path: as a corpus names it.
    """
    if path.suffix.lower() in (*SOUNDS, ".mp4") and not is_file(path):
        for suffix in SOUNDS:
            for other in (path.with_suffix(suffix), path.with_suffix(suffix.upper())):
                if is_file(other):
                    return other
    return path


def _one_below(folder: Path, *suffixes: str, depth: int = 4) -> Path | None:
    """A file below a folder with one of the suffixes (as `files`); None where there is none."""
    if here := files(folder, *suffixes):
        return here[0]
    inner = folders(folder)[:20] if depth else []
    below_them = (_one_below(place, *suffixes, depth=depth - 1) for place in inner)
    return next(filter(None, below_them), None)


def absent(source: str | Path, about: About) -> InputError:
    """The error for a corpus that is absent.

    Args:
        source: the given folder.
        about: of the corpus.
    """
    folder = Path(source)
    reason = "no such folder" if not folder.is_dir() else f"nothing of {about.name} in it"
    packed, strange = _one_below(folder, *PACKED), _one_below(folder, ".wav", ".mp4", ".mpg")
    if packed is not None:
        reason += f", and {packed.name} " + (IN_TABLES if packed.suffix in TABLES else
                                             "is not unpacked")
    elif strange is not None:
        reason += (f", as {below(strange, folder)} and what is beside it have other names, places "
                   "or tables than published")
    where = "" if about.page == OWN else (
        f". Get {about.name} from {about.page} ({about.terms}) and give its folder as the source")
    return InputError(f"{source}: {reason}; expected {about.layout}{where}")


def named(names: Iterable[str], limit: int = 5) -> str:
    """The first few names: "a, b, c and 12 more".

    Args:
        names: the names.
        limit: how many are shown.
    """
    names = list(names)
    more = f" and {len(names) - limit:,} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def counted(found: int, published: int, noun: str) -> str:
    """A count with the published count: "700 of 34,000 clips".

    Args:
        found: the count.
        published: the count that was published.
        noun: what is counted.
    """
    return f"{found:,} of {published:,} {noun}"


def folders(parent: Path) -> list[Path]:
    """The folders in a folder.

    Args:
        parent: the folder.

    Returns:
        Sorted by name, without hidden ones; [] if `parent` does not exist.
    """
    return (sorted(p for p in parent.iterdir() if p.is_dir() and not is_hidden(p.name))
            if parent.is_dir() else [])


def files(parent: Path, *suffixes: str, stem: str = "",
          strange: list[Path] | None = None) -> list[Path]:
    """The files in a folder with certain suffixes. Where ".wav" is among them, other formats of
    sound are taken as well, and of a name in several formats the first of `SOUNDS`.

    Args:
        parent: the folder.
        suffixes: lower case, with the dot.
        stem: a pattern of their names without suffix, in either case. A copy such as "001 (1)"
            would count twice.
        strange: takes those of another name.

    Returns:
        Sorted by name, without hidden ones; [] if `parent` does not exist.
    """
    if not parent.is_dir():
        return []
    taken = {*suffixes, *(SOUNDS if ".wav" in suffixes else ())}
    found = sorted(p for p in parent.iterdir()
                   if p.suffix.lower() in taken and not is_hidden(p.name) and p.is_file())
    if ".wav" in suffixes:
        first: dict[str, Path] = {}
        for path in sorted((p for p in found if p.suffix.lower() in SOUNDS),
                           key=lambda p: SOUNDS.index(p.suffix.lower())):
            first.setdefault(path.stem, path)
        found = [p for p in found if first.get(p.stem, p) == p or p.suffix.lower() not in SOUNDS]
    named_so = [not stem or bool(re.fullmatch(stem, p.stem, re.IGNORECASE)) for p in found]
    if strange is not None:
        strange += [p for p, so in zip(found, named_so) if not so]
    return [p for p, so in zip(found, named_so) if so]


def below(path: Path, source: Path) -> str:
    """A path relative to the corpus, with forward slashes, as manifests have it.

    Args:
        path: a file.
        source: the corpus.

    Raises:
        InputError: the file is outside the corpus; a table may name such a file.
    """
    try:  # in a name that is not UTF-8, "?" stands for each such byte
        return path.relative_to(source).as_posix().encode("utf-8", "replace").decode()
    except ValueError:
        raise InputError(f"{path}: named by a table of {source}, but not in that folder") from None


def is_file(path: Path) -> bool:
    """Whether a file exists. A name that no file can have, which a table may contain, gives False.

    Args:
        path: the file.
    """
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def grouped(noun: str, names: Sequence[str], limit: int = 5) -> list[str]:
    """One line that counts and names some things.

    Args:
        noun: what they are.
        names: their names.
        limit: how many names are shown.

    Returns:
        The line in a list; [] if there are no names.
    """
    return [f"{len(names):,} {noun}: {named(names, limit)}"] if names else []


def misnamed(paths: Iterable[Path], source: Path, corpus: str) -> list[str]:
    """One line that names the files that were left out for their names, in a list; [] if none.

    Args:
        paths: files in its folders.
        source: the corpus.
        corpus: its name.
    """
    return grouped(f"files that are not named as {corpus}'s, left out",
                   [below(p, source) for p in paths])


def empty(paths: Iterable[Path], source: Path) -> list[str]:
    """One line that names the files of 0 bytes, in a list; [] if there are none.

    Args:
        paths: files of a corpus.
        source: the corpus.
    """
    return grouped("files of 0 bytes", [below(p, source) for p in paths if p.stat().st_size == 0])


def pointers(paths: Iterable[Path]) -> set[Path]:
    """The files that are only a pointer of Git LFS.

    Args:
        paths: files of a corpus.
    """
    stubs = set()
    for path in paths:
        if path.stat().st_size < 1024:
            with open(path, "rb") as data:
                if data.read(20) == b"version https://git-":
                    stubs.add(path)
    return stubs


def unfetched(stubs: Iterable[Path], source: Path) -> list[str]:
    """One line that names the `pointers`, in a list; [] if there are none.

    Args:
        stubs: of `pointers`.
        source: the corpus.
    """
    return grouped("files are pointers of Git LFS, not sound (fetch them by 'git lfs pull')",
                   sorted(below(path, source) for path in stubs))


def listed(option: str | Sequence[str]) -> list[str]:
    """An option that is one name or several, as a list.

    Args:
        option: its value.
    """
    return [option] if isinstance(option, str) else list(option)


def chosen(option: str, wanted: str | Sequence[str] | None, known: Sequence[str]) -> list[str]:
    """The names that an option selects.

    Args:
        option: its name, for the error.
        wanted: its value; None: all of `known`.
        known: the possible names.

    Raises:
        InputError: a name is not in `known`.
    """
    names = list(known) if wanted is None else listed(wanted)
    for name in names:
        if name not in known:
            raise InputError(f"{option}: '{name}' is not there; there are {named(known, 12)}")
    return names


def gather(items: Sequence[T], work: Callable[[T], R], label: str,
           workers: int = 1) -> tuple[list[R], list[str]]:
    """Runs `work` on items, with a progress bar on a terminal.

    Args:
        items: the items.
        work: may raise InputError for an item.
        label: of the progress bar.
        workers: threads; opening files mostly waits for the disk.

    Returns:
        (results in order, messages of the InputErrors).
    """
    from tqdm import tqdm

    def guarded(item: T) -> R | InputError:
        try:
            return work(item)
        except InputError as error:
            return error

    # The bar is shown only on a terminal, and only for many files.
    quiet = True if len(items) < 200 else None
    with ThreadPoolExecutor(max(1, workers)) as pool:
        outcomes = pool.map(guarded, items) if workers > 1 else map(guarded, items)
        results = list(tqdm(outcomes, desc=label, total=len(items), unit="file", disable=quiet))
    errors = [str(r) for r in results if isinstance(r, InputError)]
    return [r for r in results if not isinstance(r, InputError)], errors


def refuse_links_out(root: str, utterances: Iterable[Utterance]) -> None:
    """Checks each folder and each link once for what leads out of the corpus, which loaders would
    refuse later (`manifest.resolve`).

    Args:
        root: the corpus.
        utterances: of it.

    Raises:
        InputError: a link leads to another place.
    """
    paths = {p for u in utterances for p in (u.audio, *(v.video for v in u.views))}
    links = {p for p in paths if os.path.islink(os.path.join(root, p))}
    for path in sorted(links | {os.path.dirname(p) for p in paths}):
        try:
            resolve(root, path)
        except InputError:
            raise InputError(f"{root}: {path} is a link to another place; give the folder it leads "
                             "to, or put the files themselves there") from None


def finish(out: str | Path, parts: dict[str, list[Utterance]], prepared: Prepared) -> list[Path]:
    """Writes the manifests that are not empty and `corpus.json`, and prints what was found.

    Args:
        out: folder for the manifests.
        parts: {name of the manifest: utterances}.
        prepared: the content of corpus.json, without the counts.

    Returns:
        The paths of the manifests.

    Raises:
        InputError: there is no utterance at all.
    """
    out = Path(out)
    if not any(parts.values()):
        # The last problems are those of the files: why nothing can be used
        raise InputError(f"{prepared.root}: no usable {prepared.corpus} utterance: "
                         f"{named(prepared.problems[::-1], 3)}")
    refuse_links_out(prepared.root, (u for utterances in parts.values() for u in utterances))
    paths = []
    for name, utterances in parts.items():
        path = out / f"{name}.jsonl"
        if utterances:
            write_manifest(path, sorted(utterances, key=lambda u: u.id))
            paths.append(path)
        elif path.exists():  # from an earlier run with other shares
            path.unlink()
    prepared = dataclasses.replace(prepared, counts={name: len(parts[name]) for name in parts})
    # A corpus that was made in this folder moves with it
    stored = dataclasses.replace(prepared, root="." if Path(prepared.root) == out.resolve()
                                 else prepared.root)
    record = json.dumps(dataclasses.asdict(stored), indent=1, ensure_ascii=False) + "\n"
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


def read_prepared(out: str | Path) -> Prepared:
    """Reads corpus.json.

    Args:
        out: the folder of the prepared corpus.

    Raises:
        InputError: the file is missing or invalid.
    """
    path = Path(out) / "corpus.json"
    try:
        prepared = Prepared(**json.loads(path.read_text(encoding="utf-8")))
        return dataclasses.replace(prepared, root=os.path.abspath(Path(out, prepared.root)))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); "
                         "prepare the corpus first") from None
    except (ValueError, TypeError, RecursionError):
        raise InputError(f"{path}: not a corpus.json of a prepared corpus; "
                         "prepare it again") from None


def root_of(folder: str | Path) -> Path:
    """The folder that the paths in a prepared corpus's manifests are relative to.

    Args:
        folder: of the prepared corpus.

    Returns:
        The corpus, or the folder itself for one that was generated there.
    """
    if (Path(folder) / "corpus.json").exists():
        return Path(read_prepared(folder).root)
    return Path(folder)
