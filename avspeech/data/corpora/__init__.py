"""The corpora, by name. Each is one file with `ABOUT` and `scan(source, **options)`, of which
`prepare` and `check` below make manifests and reports. A corpus that is made on the spot or
fetched, or for which that is not enough, has a `prepare` or `check` of its own; `FETCHES` where it
can fetch itself.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
from pathlib import Path
from types import ModuleType
from typing import Any

from avspeech.data.corpora import scan
from avspeech.errors import InputError

CORPORA = ("adress", "asterisk", "cmu_mosei", "common_voice", "crema_d", "daic_woz", "debate",
           "emodb", "emogator", "grid", "iemocap", "kokoro", "l2_arctic", "librispeech",
           "libritts", "ljspeech", "lrs3", "m3ed", "mead", "mini", "mini_emotion", "mini_traits",
           "mini_tts", "msp_podcast", "mustard", "nemo", "own", "ravdess", "sep28k", "timit",
           "urtic", "vctk", "voxceleb2")
# Those of them that are made on the spot, and the package of their files
MADE = ("mini", "mini_emotion", "mini_traits", "mini_tts")
MADE_PACKAGE = "avspeech.data.corpora.made"


def get(name: str) -> ModuleType:
    """The module of a corpus. Raises InputError for a name that is not in the registry."""
    if name not in CORPORA:
        raise InputError(f"corpus '{name}': not known; known: {', '.join(CORPORA)}")
    return importlib.import_module(f"{MADE_PACKAGE if name in MADE else __name__}.{name}")


def _options(module: ModuleType) -> tuple[list[str], scan.HeldOut | None]:
    """(the options of a corpus, what it holds out by default where it is split here)."""
    if hasattr(module, "prepare"):
        return list(inspect.signature(module.prepare).parameters)[2:], None
    own = dict(inspect.signature(module.scan).parameters)
    held = own.pop("held").default if "held" in own else None
    # Of what is split here, less than all will do; else a protocol counts the clips.
    return [*(held.options() if held else []), *list(own)[1:],
            *([] if held else ["incomplete"]), "workers"], held


def prepare(name: str, source: str | Path | None, out: str | Path, **options: Any) -> list[Path]:
    """Writes the manifests of a corpus; their paths.

    Args:
        name: of the corpus, in the registry.
        source: the corpus as distributed; None only for one that is made on the spot, or fetched.
        out: folder for the manifests.
        **options: those of the corpus' own `scan` (or `prepare`); split, seed, dev and test
            (`scan.HeldOut`) of one that is split here; workers (threads that open files, default
            4); and incomplete=True, which goes on where a corpus that a protocol splits is not as
            published.

    Raises:
        InputError: for an unknown name or option, where the corpus is absent, and where it is not
            as published and `incomplete` is off.
    """
    module = get(name)
    known, held = _options(module)
    for option in options:
        if option not in known:
            raise InputError(f"{name}: unknown option '{option}'; known: {', '.join(known)}")
    about = getattr(module, "ABOUT", None)
    if source is None and name not in MADE and not getattr(module, "FETCHES", False):
        where = (f"the folder of {about.name} ({about.layout}), to be had from {about.page}"
                 if about
                 else "the folder of your recordings")
        raise InputError(f"{name}: no source given; set it to {where}")
    if source is None or hasattr(module, "prepare"):
        return module.prepare(source, out, **options)
    incomplete, workers = options.pop("incomplete", False), options.pop("workers", 4)
    if held is not None:
        given = {key: options.pop(key) for key in held.options() if key in options}
        options["held"] = held = dataclasses.replace(held, **given)
    found = module.scan(Path(source), **options)
    return scan.prepare(name, about, Path(source), out, found, incomplete, workers,
                        held.seed if held else 0)


def check(name: str, source: str | Path) -> list[str]:
    """What is wrong with, or missing from, the corpus at `source`, a line each; [] when it is all
    there. Raises InputError where it is absent."""
    module = get(name)
    if hasattr(module, "check"):
        return module.check(source)
    return scan.check(name, module.ABOUT, Path(source), module.scan(Path(source)))
