"""The corpora, by name. Each is one file with `ABOUT`, `prepare(source, out,
**options)` and `check(source)`; `FETCHES` where it can fetch itself."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path
from types import ModuleType
from typing import Any

from avspeech.errors import InputError

CORPORA: dict[str, str] = {
    "adress": "avspeech.data.corpora.adress",
    "asterisk": "avspeech.data.corpora.asterisk",
    "cmu_mosei": "avspeech.data.corpora.cmu_mosei",
    "common_voice": "avspeech.data.corpora.common_voice",
    "crema_d": "avspeech.data.corpora.crema_d",
    "daic_woz": "avspeech.data.corpora.daic_woz",
    "debate": "avspeech.data.corpora.debate",
    "emodb": "avspeech.data.corpora.emodb",
    "emogator": "avspeech.data.corpora.emogator",
    "grid": "avspeech.data.corpora.grid",
    "iemocap": "avspeech.data.corpora.iemocap",
    "kokoro": "avspeech.data.corpora.kokoro",
    "l2_arctic": "avspeech.data.corpora.l2_arctic",
    "librispeech": "avspeech.data.corpora.librispeech",
    "libritts": "avspeech.data.corpora.libritts",
    "ljspeech": "avspeech.data.corpora.ljspeech",
    "lrs3": "avspeech.data.corpora.lrs3",
    "m3ed": "avspeech.data.corpora.m3ed",
    "mead": "avspeech.data.corpora.mead",
    "mini": "avspeech.data.corpora.made.mini",
    "mini_emotion": "avspeech.data.corpora.made.mini_emotion",
    "mini_traits": "avspeech.data.corpora.made.mini_traits",
    "mini_tts": "avspeech.data.corpora.made.mini_tts",
    "msp_podcast": "avspeech.data.corpora.msp_podcast",
    "mustard": "avspeech.data.corpora.mustard",
    "nemo": "avspeech.data.corpora.nemo",
    "own": "avspeech.data.corpora.own",
    "ravdess": "avspeech.data.corpora.ravdess",
    "sep28k": "avspeech.data.corpora.sep28k",
    "timit": "avspeech.data.corpora.timit",
    "urtic": "avspeech.data.corpora.urtic",
    "vctk": "avspeech.data.corpora.vctk",
    "voxceleb2": "avspeech.data.corpora.voxceleb2",
}


def get(name: str) -> ModuleType:
    """The module of a corpus. Raises InputError for a name that is not in the registry."""
    if name not in CORPORA:
        raise InputError(f"corpus '{name}': not known; known: {', '.join(CORPORA)}")
    return importlib.import_module(CORPORA[name])


def prepare(name: str, source: str | Path | None, out: str | Path, **options: Any) -> list[Path]:
    """Writes the manifests of corpus `name`, found at `source`, to the folder `out`; their paths.

    source: the corpus as distributed; None only for a corpus that is made on the spot, or fetched. options:
    those of the corpus' own `prepare`. Raises InputError for an unknown name or option, or where the corpus
    is absent.
    """
    module = get(name)
    known = list(inspect.signature(module.prepare).parameters)[2:]
    for option in options:
        if option not in known:
            raise InputError(f"{name}: unknown option '{option}'; known: {', '.join(known)}")
    if source is None and hasattr(module, "ABOUT") and not getattr(module, "FETCHES", False):
        raise InputError(f"{name}: no source given; set it to the folder of {module.ABOUT.name} "
                         f"({module.ABOUT.layout}), to be had from {module.ABOUT.page}")
    return module.prepare(source, out, **options)


def check(name: str, source: str | Path) -> list[str]:
    """What is wrong with, or missing from, the corpus at `source`, a line each; [] when it is all there."""
    return get(name).check(source)
