"""Sounds of your own with labels of your own, to train emotion models on.

`source` is one of

    a folder of folders    LABEL/NAME.wav, or LABEL/SPEAKER/NAME.wav where speakers are known
                           (in folders below, it is still the sound of that speaker)
    a table                .csv or .tsv with the columns file, label and, where known, speaker
    a manifest             .jsonl with the keys file, label and, where known, speaker

Parts of the user's own are used: PART/LABEL/..., or a column `split` with train, dev and test.
Paths in tables and manifests are relative to their folder. Without speakers each sound counts as a
speaker of its own: then one person may be in training and test, which is said, as it makes numbers
look better than they are for voices not heard before. Spellings of one name ("ann_smith", "Smith,
Ann", "S1" and "S01") are one speaker. Of sounds with the same samples, in whatever format, the
first is used; with two labels or two speakers they are refused.

The protocol own_emotion-held-out is made from what is there: the parts that are given, else a fifth
of the speakers for test, a fifth for development, dealt so that their classes are alike.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from avspeech.core.listing import files_below, is_hidden
from avspeech.data.content import same_sounds
from avspeech.data.corpora import doubts, headers, layout, parts, tables
from avspeech.data.corpora.own import SUFFIXES
from avspeech.data.corpora.scan import Clip, Scan, read
from avspeech.data.labels import (
    canonical,
    is_known,
    is_nobody,
    missing,
    one_person,
    spells_nothing,
)
from avspeech.data.manifest import PART, Utterance, read_jsonl
from avspeech.data.protocol import FROM_WHAT_IS_THERE, Protocol
from avspeech.errors import InputError
from avspeech.media.audio import SOUND_SUFFIXES

ABOUT = layout.About(
    name="your own sounds",
    page=layout.OWN,
    terms="yours",
    layout="LABEL/*.wav or LABEL/SPEAKER/*.wav, or a .csv, .tsv or .jsonl with file, label and "
           "speaker",
)
# Columns that say where a part of a sound begins, without blanks and signs
BEGINS = re.compile(
    r"(seg|segment|clip|audio|utt|utterance|frame|sample|time|t)?"
    r"(start|begin|beginning|onset|offset|from|tmin|xmin|beginn|anfang|début|debut|inicio|inizio)"
    r"(time|sec|secs|second|seconds|ms|msec|s|sample|samples|frame|frames|at)?")
# Columns that say where it ends, or how long it is, in seconds or milliseconds
ENDS = re.compile(
    r"(seg|segment|clip|audio|utt|utterance|time|t)?"
    r"(end|stop|duration|dur|tmax|xmax|ende|dauer|durée|fin|duración|fine|durata)"
    r"(time|sec|secs|second|seconds|ms|msec|s|at)?")
# Columns that name the speaker in other tables, without blanks and signs
SPEAKERS = re.compile(
    r"(speaker|spk|spkr|talker|subject|participant|patient|actor|client|person|people|user|voice|"
    r"narrator|singer|sprecher|sprecherin|locuteur|locutrice|hablante|locutor|locutora|parlante|"
    r"falante|spreker|mówca|диктор|спикер|говорящий|konuşmacı|说话人|话者|話者|화자)s?"
    r"(id|ids|name|names|nr|no|num|number|code|label|index)?")
# Names of folders by which a label's folder is known for another's
PARTS = re.compile(r"(train(ing)?|dev(el|elopment)?|val(id|idation)?|test(ing)?|eval(uation)?)"
                   r"([ _-]?(set|data|clean|other|\d+))*|(fold|split|part|partition)[ _-]?\d+")
PEOPLE = re.compile(r"(actor|speaker|spk|subject|participant|person|session|ses|id|[spfm])"
                    r"[ _-]?\d+")
LISTS = (".csv", ".tsv", ".txt", ".jsonl")  # of tables and manifests
SHEETS = {**dict.fromkeys((".xlsx", ".xls", ".ods"), "a workbook: save its sheet as .csv"),
          ".json": "one JSON value: write an object a line into a .jsonl"}
SOUNDS = SOUND_SUFFIXES | {*SUFFIXES, ".aac", ".ac3", ".amr", ".m4a", ".m4b", ".mka", ".mp2",
                           ".oga", ".spx", ".weba", ".wma", ".wv"}


class Row(NamedTuple):
    """A sound as a table or folders name it."""

    path: Path
    label: str
    speaker: str  # "" where not known
    part: str  # "train", "dev" or "test"; "" where none is given


def _sounds(source: Path, others: list[Path], part: str = "") -> Iterator[Row]:
    """The sounds of a folder of folders; `others` takes what is no such file."""
    others += [path for path in sorted(source.iterdir())
               if path.is_file() and not is_hidden(path.name)]
    below = {folder: [p for p in files_below(folder) if p.suffix.lower() in SOUNDS]
             for folder in layout.folders(source)}
    folders = [folder for folder, sounds in below.items() if sounds]
    given = {folder: parts.part_of(folder.name) for folder in folders}
    if not part and all(given.values()) and len({"train"} & {*given.values()}) < len(folders):
        parts.refuse_eval((folder.name for folder in given), str(source))
        for folder, name in given.items():
            yield from _sounds(folder, others, name)
        return
    for label in below:
        if spells_nothing(label.name):
            raise InputError(f"{label}: a folder of what has no label, by its name; move it away, "
                             "or, where it is a class, call it otherwise")
    for pattern, what in ((PARTS, "a part"), (PEOPLE, "a speaker")):
        if folders and all(pattern.fullmatch(f.name.casefold()) for f in folders):
            raise InputError(f"{source}: {layout.named([f.name for f in folders], 3)}: a folder of "
                             f"{what} each, by their names; expected folders of labels, "
                             "LABEL/SPEAKER/NAME.wav, or a table")
    if len(folders) == 1 and not part:
        raise InputError(f"{source}: one label, '{folders[0].name}'; expected two or more"
                         + (f"; if its folders are the labels, give {folders[0]}"
                            if layout.folders(folders[0]) else ""))
    found = []
    for label, sounds in below.items():
        others += [path for path in files_below(label) if path not in sounds]
        found += [Row(path, label.name, next(iter(path.relative_to(label).parts[:-1]), ""), part)
                  for path in sounds]
    inner = {row.speaker for row in found}
    if inner and all(map(is_known, inner)) and not any(is_known(f.name) for f in folders):
        raise InputError(f"{source}: {folders[0].name}/{sorted(inner)[0]}: the label stands below "
                         "the speaker; expected LABEL/SPEAKER/NAME.wav, or a table")
    yield from found


def _rows(source: Path) -> list[tuple[str, dict[str, Any]]]:
    """("file:line", {heading in lower case: cell}) of a table or a manifest."""
    read: Any
    if source.suffix.lower() == ".jsonl":
        read = read_jsonl(source)
    else:
        read = tables.read_rows(source, "\t" if source.suffix.lower() == ".tsv" else ",")
    rows = []
    for where, row in read:
        if not isinstance(row, dict):
            raise InputError(f"{where}: expected an object with file, label and speaker")
        rows.append((where, {str(key).strip().lower(): value for key, value in row.items()}))
    return rows


def named(source: Path) -> list[Path]:
    """The files that a table or a manifest names, by which changes of them are seen.

    Args:
        source: the table; of a folder or what is no table, there are none.
    """
    if not source.is_file() or source.suffix.lower() not in LISTS:
        return []
    try:
        return [source.parent / os.path.expanduser(str(row.get("file")))
                for _, row in _rows(source)]
    except InputError:  # told when it is prepared
        return []


def _listed(source: Path, ignored: list[str]) -> Iterator[Row]:
    """The sounds of a table or a manifest; `ignored` takes names of other columns."""
    known = ["file", "label", "speaker"]
    rows = _rows(source)
    split = parts.column(rows)
    known += [split] if split else []
    first: dict[Path, str] = {}
    for where, row in rows:
        for key in row:
            if key and key not in known:
                known.append(key)
                ignored.append(key)
        _refuse_row(where, row)
        path = _sound_of(where, row, source)
        if first.setdefault(path.resolve(), where) != where:
            raise InputError(f"{where}: {path} is listed already at {first[path.resolve()]}; "
                             "leave one of them")
        for key in row:
            if ENDS.fullmatch(_bare(key)):
                _refuse_end(where, key, row[key], path)
        speaker = "" if row.get("speaker") is None else row["speaker"]
        yield Row(path, str(_label(row)), tables.bare(str(speaker)),
                  parts.part_of(row[split]) if split else "")


def _label(row: dict[str, Any]) -> Any:
    """The label of a row, text without the blanks around it."""
    return tables.bare(row["label"]) if isinstance(row["label"], str) else row["label"]


def _refuse_row(where: str, row: dict[str, Any]) -> None:
    """Raises InputError for a row without a file or a label, with a speaker in a column of another
    name, with cells that are no names, or of a part of a sound.

    Args:
        where: file and line, for the error.
        row: its cells, by heading.
    """
    gone = [key for key in ("file", "label") if row.get(key) is None or not str(row[key]).strip()]
    if gone:
        raise InputError(f"{where}: no '{gone[0]}'; expected file, label and, where known, "
                         "speaker" + ("" if gone[0] in row else
                                      f"; there are {layout.named(filter(None, row), 6)}"))
    other = next((key for key in row if SPEAKERS.fullmatch(_bare(key))
                  and "speaker" not in row), None)
    if other:
        raise InputError(f"{where}: column '{other}', and none 'speaker': call it speaker, so "
                         "that no speaker is in two parts; or leave it out")
    for key in ("file", "speaker"):
        if (not isinstance(row.get(key), (str, int, float, type(None)))
                or isinstance(row.get(key), bool)):
            raise InputError(f"{where}: {key}: expected a name, got {str(row[key])[:40]}")
        if any(sign < " " for sign in str(row.get(key) or "").strip()):
            raise InputError(f"{where}: {key}: a control character in {row[key]!r}; leave it "
                             "out")
    begin = next((key for key in row if BEGINS.fullmatch(_bare(key)) and _later(row[key])
                  and not (key.startswith("offset") and "onset" in row)), None)
    if begin:
        raise InputError(f"{where}: {begin} {row[begin]}: a part of a sound, but each row "
                         "stands for a whole file here; cut the sounds, and leave the times "
                         "out")
    label = _label(row)
    if (not isinstance(label, (str, int, float)) or missing(label)
            or any(sign < " " for sign in str(label))):
        raise InputError(f"{where}: label: expected one word, got "
                         f"{' '.join(str(label)[:40].split())}; leave out what has no label")


def _sound_of(where: str, row: dict[str, Any], source: Path) -> Path:
    """The file that a row names, in whichever form its accents are written on the disk.

    Args:
        where: file and line, for the error.
        row: its cells, by heading.
        source: the table.

    Raises:
        InputError: there is no such file, or it is not in the table's folder.
    """
    named = os.path.expanduser(str(row["file"]))
    inner = os.path.relpath(source.parent / named, source.parent)
    if inner.split(os.sep)[0] == os.pardir:
        raise InputError(f"{where}: {row['file']}: not in {source.parent}, the table's folder; "
                         "move the table to a folder that all its sounds are in")
    path = next((p for form in ("NFC", "NFD") if layout.is_file(
        p := source.parent / unicodedata.normalize(form, inner))), source.parent / inner)
    if not layout.is_file(path):
        slashes = "; write / for \\ in paths" if "\\" in str(row["file"]) else ""
        raise InputError(f"{where}: {path}: no such file; paths are relative to "
                         f"{source.parent}{slashes}")
    return path


def _bare(heading: str) -> str:
    """A heading without blanks and signs."""
    return re.sub(r"[\W_]", "", heading)


def _later(begin: Any) -> bool:
    """Whether a cell says that a part of a sound begins behind the sound's own beginning."""
    text = str(begin or "").strip()
    return bool(re.fullmatch(r"\+?[\d.,:]*[1-9][\d.,:]*(e[+-]?\d+)?\s*m?s?", text, re.IGNORECASE))


def _refuse_end(where: str, key: str, cell: Any, path: Path) -> None:
    """Raises InputError where a cell says that the sound ends before it does, in seconds or
    milliseconds."""
    try:
        end = 0.0
        for part in str(cell).strip().replace(",", ".").split(":"):
            end = 60 * end + float(part)
        seconds = headers.media(path).audio
    except (ValueError, InputError):  # of another kind, or told when it is read
        return
    near = 0.51 if end == int(end) else 0.05 + 0.1 * seconds
    if 0 < end < 1000 * seconds and min(abs(end - seconds), abs(end / 1000 - seconds)) > near:
        raise InputError(f"{where}: {key} {cell}, and {path.name} lasts {seconds:.2f} s: a part of "
                         "a sound, but each row stands for a whole file here; cut the sounds, and "
                         "leave the times out")


def _one_spelling(clips: list[Clip]) -> list[str]:
    """Gives classes that are spelled in several ways ("angry", "ANGRY", "anger") the spelling that
    is there most often; returns what to say about it."""
    spelled = Counter(c.labels["emotion"] for c in clips)
    best: dict[str, str] = {}
    for name, _ in spelled.most_common():
        best.setdefault(canonical(name), name)
    for clip in clips:
        clip.labels["emotion"] = best[canonical(clip.labels["emotion"])]
    others = [f"'{name}' as '{best[canonical(name)]}'" for name in spelled
              if best[canonical(name)] != name]
    return [f"one class in several spellings: {layout.named(others, 20)}"] if others else []


def _one_name(names: list[str]) -> tuple[dict[str, str], list[str]]:
    """({name: the spelling of it that is there most often, "" for one of nobody}, lines on it)."""
    counted = Counter(name for name in names if name)
    best: dict[str, str] = {}
    spelled = {"": ""}
    for name, _ in counted.most_common():
        spelled[name] = ("" if is_nobody(name, counted)
                         else best.setdefault(one_person(name), name))
    nobody = [f"'{name}'" for name in counted if not spelled[name]]
    initials = [f"'{name}' counts as the initials of a speaker, as the others are initials; where "
                "it stands for none, leave it out"
                for name in counted if spelled[name] and name.casefold() == "na"]
    return spelled, [
        *initials,
        *layout.grouped("names that stand for no speaker", nobody),
        *layout.grouped("names that are spellings of another, and count as that speaker", [
            f"'{name}' as '{spelled[name]}'" for name in counted if spelled[name] not in ("", name)
        ], 20)]


def scan(source: Path) -> Scan[Clip]:
    """All sounds, in order. Labels: emotion. Raises InputError for a table that cannot be used, or
    fewer than two labels."""
    listed = source.is_file()
    if listed and source.suffix.lower() not in LISTS:
        raise InputError(f"{source}: expected a folder, or a table .csv, .tsv or .jsonl"
                         + (f"; this {layout.IN_TABLES}" if source.suffix.lower() in layout.TABLES
                            else f"; this is {SHEETS[source.suffix.lower()]}"
                            if source.suffix.lower() in SHEETS else ""))
    root = source.parent if listed else source
    clips, seen = [], Counter[str]()
    others: list[Path] = []
    ignored: list[str] = []
    rows = list(_listed(source, ignored) if listed else _sounds(source, others))
    spelled, people = _one_name([row.speaker for row in rows])
    for path, label, speaker, part in rows:
        name = "-".join(path.relative_to(root).with_suffix("").parts).replace(" ", "_")
        seen[name] += 1
        if seen[name] > 1:
            name += f"-{seen[name]}"
        clips.append(Clip(name, path, spelled[speaker] or f"unknown-{name}",
                          {"emotion": label} | ({PART: part} if part else {})))
    if listed and not clips:
        raise InputError(f"{source}: no row in it; expected file, label and, where known, speaker "
                         "a row")
    doubts.one_label(clips, source)
    merged = _one_spelling(clips)
    labels = Counter(c.labels["emotion"] for c in clips)
    if clips and len(labels) < 2:
        raise InputError(f"{source}: one label, '{next(iter(labels))}'; expected two or more")
    split = parts.complete(clips, source) if any(row.part for row in rows) else []
    known = {c.speaker for c in clips if not c.speaker.startswith("unknown-")}
    without = sum(c.speaker.startswith("unknown-") for c in clips)
    found = [f"{len(clips):,} sounds, {len(known):,} known speakers, labels: "
             + layout.named([f"{name} ({n:,})" for name, n in labels.most_common()], 20)]
    found += merged + split
    found += layout.grouped("files left out, which are no sound by their name or not in a label's "
                            "folder", [layout.below(path, root) for path in others])
    bare = [] if listed else [folder.name for folder in layout.folders(root)
                              if not any(folder in c.path.parents for c in clips)]
    deep = 0 if listed else sum(len(c.path.relative_to(root).parts) > 3 + bool(split)
                                for c in clips)
    found += [f"{deep:,} sounds in folders below a speaker's: taken as that speaker's"
              ] if deep else []
    found += layout.grouped("folders of labels without a sound", bare)
    found += doubts.doubts(clips, known) + people
    others_parts = [key for key in ignored if parts.COLUMNS.fullmatch(key)]
    if others_parts:
        found.append(f"what is in column '{others_parts[0]}' is not used for parts: "
                     + ("another column gives them" if split else "speakers are dealt anew here"))
    if ignored:
        found.append(f"columns that are not used: {layout.named(ignored, 6)}")
    if without:
        found.append(f"{without:,} sounds without a known speaker: voices of the test may have "
                     "been heard in training, and numbers may be better than for new voices")
    return Scan(clips, found)


def _nothing(source: Path) -> InputError:
    """The error for a folder without a sound in a folder of its own."""
    if not source.is_dir():
        return InputError(f"{source}: no such folder or table; expected {ABOUT.layout}")
    lists = [p for p in layout.files(source, *LISTS) if p.suffix.lower() != ".txt"]
    if lists:
        return InputError(f"{source}: no folders of labels with sounds; expected {ABOUT.layout}; "
                          f"if {lists[0].name} is the table, give {lists[0]}")
    return layout.absent(source, ABOUT)


def prepare(source: str | Path | None, out: str | Path, incomplete: bool = False,
            workers: int = 4) -> list[Path]:
    """Writes one manifest of all sounds.

    Args:
        source: a folder of folders, a table or a manifest.
        out: folder for the manifest.
        incomplete: go on without sounds that cannot be used.
        workers: threads that open files.

    Returns:
        The path of the manifest.

    Raises:
        InputError: there is no sound, or some cannot be used and `incomplete` is off.
    """
    source = Path(str(source))
    found = scan(source) if source.exists() else Scan[Clip]([], [])
    if not found.clips:
        raise _nothing(source)
    root = source.parent if source.is_file() else source
    utterances, problems, _ = read("own_emotion", root, found, workers)
    layout.refuse_links_out(str(root), utterances)
    utterances, twice, torn = _once(utterances, root)
    problems += torn
    if problems and not incomplete:
        raise InputError(f"{source}: {'; '.join(problems[:3])}. Mend or remove them, or go on "
                         "without them with incomplete=true (in a recipe: corpus.incomplete=true)")
    return layout.finish(out, {"all": utterances}, layout.Prepared(
        "own_emotion", str(root.resolve()), "none", 0, found=found.found + twice,
        problems=problems))


def _once(utterances: list[Utterance], root: Path
          ) -> tuple[list[Utterance], list[str], list[str]]:
    """(the first of each content, a line with the others, a problem with those of another label,
    speaker or part, of which none is used)."""
    same = same_sounds(utterances, root)
    of: dict[str, list[Utterance]] = {}
    for u in utterances:
        of.setdefault(same[u.audio], []).append(u)
    torn = {key for key, own in of.items() if len({u.labels["emotion"] for u in own}) > 1
            or len({u.speaker for u in own if "-unknown-" not in u.speaker}) > 1
            or len({u.labels.get(PART) for u in own}) > 1}
    twice = [u.audio for own in of.values() for u in own[1:] if same[u.audio] not in torn]
    kept = [u for u in utterances if same[u.audio] not in torn and of[same[u.audio]][0] is u]
    return (kept, layout.grouped("sounds left out, the same as others by their content", twice),
            layout.grouped("sounds that are there with two labels, speakers or parts", [
                " = ".join(u.audio for u in of[key]) for key in torn]))


def check(source: str | Path) -> list[str]:
    """The sounds that cannot be used, one line for each problem. Raises InputError where there is
    no sound."""
    source = Path(source)
    found = scan(source) if source.exists() else Scan[Clip]([], [])
    if not found.clips:
        raise _nothing(source)
    root = source.parent if source.is_file() else source
    utterances, problems, _ = read("own_emotion", root, found, 4)
    return problems + _once(utterances, root)[2]


PROTOCOLS = (Protocol(
    name="own_emotion-held-out", corpus="own_emotion", label="emotion", kind="classification",
    classes=(), mapping={}, group="speaker", folds=FROM_WHAT_IS_THERE,
    source="parts as they are given, else a fifth of the speakers for test and for development"),)
