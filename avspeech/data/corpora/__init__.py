"""The registry of corpora.

Each corpus is one file with `ABOUT` and `scan(source, **options)`, from which `prepare` and `check`
below make manifests and reports. A corpus that is generated or fetched, or needs more than that,
has its own `prepare` or `check`, and `FETCHES` if it can download itself.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import math
import os
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

from avspeech.data.corpora import dealing, scan
from avspeech.errors import InputError

CORPORA = ("adress", "ased", "asterisk", "baved", "cmu_mosei", "common_voice", "crema_d",
           "daic_woz", "debate", "emodb", "emogator", "emovo", "grid", "iemocap", "kokoro",
           "l2_arctic", "librispeech", "libritts", "ljspeech", "lrs2", "lrs3", "m3ed", "many",
           "mead", "mini", "mini_emotion", "mini_traits", "mini_tts", "msp_podcast", "mustard",
           "nemo", "own", "own_emotion", "ravdess", "sep28k", "tcd_timit", "timit", "turev", "urdu",
           "urtic", "vctk", "voxceleb2")
# The corpora that are generated here, and the package of their files
MADE = ("mini", "mini_emotion", "mini_traits", "mini_tts")
MADE_PACKAGE = "avspeech.data.corpora.made"


def get(name: str) -> ModuleType:
    """The module of a corpus.

    Args:
        name: in the registry.

    Raises:
        InputError: the registry has no such corpus.
    """
    if name not in CORPORA:
        raise InputError(f"corpus '{name}': not known; known: {', '.join(CORPORA)}")
    return importlib.import_module(f"{MADE_PACKAGE if name in MADE else __name__}.{name}")


def _options(module: ModuleType) -> tuple[dict[str, Any], scan.HeldOut | None]:
    """({option: default} of a corpus, the default `HeldOut` of one that is split here, else
    None)."""
    function = module.prepare if hasattr(module, "prepare") else module.scan
    own = {p.name: p.default for p in inspect.signature(function).parameters.values()}
    for taken in ("source", "out"):
        own.pop(taken, None)
    if hasattr(module, "prepare"):
        return own, None
    held = own.pop("held", None)
    # A corpus that is split here may be incomplete; otherwise a protocol counts the clips.
    own |= {"workers": 4} if held else {"incomplete": False, "workers": 4}
    first = {key: getattr(held, key) for key in held.options()} if held else {}
    return first | own, held


def _refuse(name: str, option: str, value: Any, default: Any) -> None:
    """Raises InputError for a value whose type differs from that of the option's default."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    number = whole or isinstance(value, float) and math.isfinite(value)
    wanted, fits = (("true or false", isinstance(value, bool)) if isinstance(default, bool) else
                    ("a whole number", whole) if isinstance(default, int) else
                    ("a number", number) if isinstance(default, float) else
                    ("a name", isinstance(value, str)) if isinstance(default, str) else ("", True))
    if not fits or (option == "workers" and value < 1):
        raise InputError(f"{name}: {option}={value!r}: expected {wanted}"
                         + (" above 0" if option == "workers" else ""))


def prepare(name: str, source: str | Path | None, out: str | Path, **options: Any) -> list[Path]:
    """Writes the manifests of a corpus.

    Args:
        name: in the registry.
        source: the corpus as distributed; None only for one that is generated or fetched.
        out: folder for the manifests.
        **options: those of the corpus's own `scan` or `prepare`; split, seed, dev and test
            (`scan.HeldOut`) for one that is split here; workers (threads that open files, default
            4); and incomplete=True, which accepts a corpus that differs from what was published,
            where a protocol splits it.

    Returns:
        The paths of the manifests.

    Raises:
        InputError: unknown name or option, a source for what is made on the spot, the corpus is
            absent, or it differs from what was published and `incomplete` is off.
    """
    module = get(name)
    known, held = _options(module)
    for option in options:
        if option not in known:
            raise InputError(f"{name}: unknown option '{option}'; known: {', '.join(known)}")
    for option, value in options.items():
        _refuse(name, option, value, known[option])
    about = getattr(module, "ABOUT", None)
    if source is None and name not in MADE and not getattr(module, "FETCHES", False):
        where = "the folder of your recordings"
        if about is not None:
            where = f"the folder of {about.name} ({about.layout}), available from {about.page}"
        raise InputError(f"{name}: no source given; set it to {where}")
    if source is not None and name in MADE:
        raise InputError(f"{name}: is made on the spot, of nothing; {source} would not be read: "
                         "give no source (avspeech data prepare: -), or another corpus")
    for part in ("all", *dealing.SPLITS):
        place = Path(out) / f"{part}.jsonl"
        if source is not None and os.path.realpath(source) == os.path.realpath(place):
            raise InputError(f"{source}: would be replaced by the manifest, which has this name; "
                             "choose another folder for it, or rename the table")
    if source is None or hasattr(module, "prepare"):
        return module.prepare(source, out, **options)
    incomplete, workers = options.pop("incomplete", False), options.pop("workers", 4)
    if held is not None:
        given = {key: options.pop(key) for key in held.options() if key in options}
        held = dataclasses.replace(held, **given)
        options["held"] = held
    place, found = scan.unwrapped(lambda folder: module.scan(folder, **options), Path(source))
    if place != Path(source):
        found.found.append(f"taken from {place}")
    return scan.prepare(name, about, place, out, found, incomplete, workers,
                        held.seed if held else 0)


def sources(name: str, source: str | Path | None) -> list[Path]:
    """The files and folders that decide what `prepare` makes.

    Args:
        name: in the registry.
        source: the corpus, or a table of the user's own, which names files beside it.

    Returns:
        The source and the files that it names; [] where there is none.
    """
    if source is None:
        return []
    module = get(name)
    return [Path(source), *(module.named(Path(source)) if hasattr(module, "named") else [])]


class Entry(Protocol):
    """A corpus in the settings of an experiment; `corpus`, its name in the registry where it
    differs from the entry's, may be absent."""

    source: str | None
    options: dict[str, Any]


def prepare_all(entries: Mapping[str, Entry], out: Path, example: str) -> None:
    """Writes the manifests of the corpora of an experiment, each in a folder `out/<name>`.

    Args:
        entries: by a name of the user's own.
        out: folder of the folders.
        example: of an entry, shown where there is none.

    Raises:
        InputError: there is none, or as `prepare`.
    """
    if not entries:
        raise InputError(f"data.corpora: empty; name a corpus, for example data.corpora.{example}")
    for name, entry in entries.items():
        prepare(getattr(entry, "corpus", None) or name, entry.source, out / name, **entry.options)


def check(name: str, source: str | Path) -> list[str]:
    """Finds what is wrong with a corpus or missing from it.

    Args:
        name: in the registry.
        source: the corpus as distributed.

    Returns:
        One line for each problem; [] if the corpus is complete.

    Raises:
        InputError: the corpus is absent.
    """
    module = get(name)
    if not hasattr(module, "scan"):
        return module.check(source)
    place, found = scan.unwrapped(module.scan, Path(source))
    if hasattr(module, "check"):
        return module.check(place)
    return scan.check(name, module.ABOUT, place, found)
