"""Several emotion corpora as one, with one name for each emotion, to train on many and to leave one
out.

`source` is a folder that holds each corpus in a folder (or a link to one) of its name here:
ravdess, nemo, ased, crema_d, emovo. Their emotions keep the spelling of their corpus and are joined
by the protocols' mapping, which is made from the table in `data/labels.py`; the corpus of an
utterance is its label `corpus`.

Protocols:
    many-left-out: one fold for each corpus, which is tested after training on all others.
    many-6fold: the folds of RAVDESS; the other corpora are always for training.
Development is on fixed speakers of the training corpora.

EmoDB, URDU and TurEV-DB are not here on purpose: what is trained on many is judged on them
(`judge` in recipes/ser).
"""

from __future__ import annotations

import dataclasses
import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from avspeech.data import labels
from avspeech.data.corpora import ased, crema_d, emovo, layout, nemo, ravdess
from avspeech.data.corpora.scan import finish_whole, read, unwrapped
from avspeech.data.protocol import Fold, Protocol
from avspeech.errors import InputError

CLASSES = ravdess.EMOTIONS
# Corpus -> (its module, its speakers, those for development where another corpus is tested)
PARTS = {
    "ravdess": (ravdess, ravdess.ACTORS, ("21", "22", "23", "24")),
    "nemo": (nemo, tuple(nemo.CLIPS), ("MK0", "SM0")),
    "ased": (ased, ased.SPEAKERS, tuple(ased.SPEAKERS[4::8])),
    "crema_d": (crema_d, crema_d.ACTORS, crema_d.ACTORS[4::8]),
    "emovo": (emovo, emovo.SPEAKERS, ("f3", "m3")),
}

ABOUT = layout.About(
    name="many",
    page="the pages of its corpora (avspeech/data/corpora)",
    terms="those of its corpora",
    layout=f"a folder for each of {', '.join(PARTS)}",
)


def prepare(source: str | Path | None, out: str | Path, incomplete: bool = False,
            workers: int = 4) -> list[Path]:
    """Writes one manifest of all corpora. Labels: emotion, corpus, split (see `many-6fold`), and
    sex where it is known.

    Args:
        source: the folder that holds their folders.
        out: folder for the manifest.
        incomplete: accept corpora that differ from what was published.
        workers: threads that open files.

    Returns:
        The path of the manifest.

    Raises:
        InputError: a corpus is not there, or differs and `incomplete` is off.
    """
    source = Path(str(source))
    gone = [name for name in PARTS if not (source / name).is_dir()]
    if gone:
        raise InputError(f"{source}: no folder {', '.join(gone)}; many needs {ABOUT.layout}: get "
                         "each as `avspeech data prepare NAME` says, and link it there")
    scans = {name: unwrapped(module.scan, Path(os.path.realpath(source / name)))
             for name, (module, _, _) in PARTS.items()}
    places = {name: place for name, (place, _) in scans.items()}
    root = Path(os.path.commonpath(places.values()))
    utterances, found, problems = [], [], []
    for name, (module, _, development) in PARTS.items():
        scan = scans[name][1]
        if not scan.clips:
            raise layout.absent(places[name], module.ABOUT)
        own, wrong, notes = read(name, places[name], scan, workers)
        found += [f"{name}: {line}" for line in scan.found + notes]
        problems += [f"{name}: {line}" for line in wrong]
        where = os.path.relpath(places[name], root)
        for u in own:
            speaker = u.speaker.removeprefix(f"{name}-")
            split = (u.speaker if name == "ravdess" else
                     "dev" if speaker in development else "train")
            kept: dict[str, Any] = {k: u.labels[k] for k in ("emotion", "sex") if k in u.labels}
            utterances.append(dataclasses.replace(
                u, audio=os.path.normpath(os.path.join(where, u.audio)),
                labels={**kept, "corpus": name, "split": split}))
    return finish_whole(out, ABOUT, "many", root, utterances, found, problems, incomplete)


def check(source: str | Path) -> list[str]:
    """What is wrong with each of the corpora, one line for each problem.

    Args:
        source: the folder that holds their folders.

    Raises:
        InputError: a corpus is not there.
    """
    lines = []
    for name, (module, _, _) in PARTS.items():
        place, scan = unwrapped(module.scan, Path(source) / name)
        if not scan.clips:
            raise layout.absent(place, module.ABOUT)
        _, wrong, notes = read(name, place, scan, 4)
        lines += [f"{name}: {line}" for line in wrong + notes]
    return lines


def mapping(spellings: Iterable[str]) -> dict[str, str]:
    """{spelling: class} by the table in `data/labels.py`, of the spellings that mean a class.

    Args:
        spellings: of labels.
    """
    classes = {labels.canonical(name): name for name in CLASSES}
    return {s: classes[labels.canonical(s)] for s in spellings if labels.canonical(s) in classes}


def _named(name: str, speakers: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{name}-{s}" for s in speakers)


_MAPPING = mapping(sorted({*ravdess.EMOTIONS, *nemo.EMOTIONS, *ased.EMOTIONS.values(),
                           *crema_d.EMOTIONS.values(), *emovo.EMOTIONS.values()}))
_COUNTS = Counter({name: 96 if name == "neutral" else 192 for name in ravdess.EMOTIONS})
for _part in (nemo.PROTOCOLS[0].counts, ased.CLIPS, crema_d.PROTOCOLS[1].counts, emovo.CLIPS):
    _COUNTS.update({_MAPPING[_name]: _count for _name, _count in _part.items()})
_LEFT_OUT = tuple(
    Fold(test, _named(test, PARTS[test][1]),
         tuple(s for name, (_, _, dev) in PARTS.items() if name != test for s in _named(name, dev)))
    for test in PARTS)
_FOLDS = tuple(dataclasses.replace(fold, dev=(*fold.dev, "dev"))
               for fold in ravdess.PROTOCOLS[0].folds)
PROTOCOLS = tuple(
    Protocol(name=name, corpus="many", label="emotion", kind="classification", classes=CLASSES,
             mapping=_MAPPING, group=group, folds=folds, counts=dict(_COUNTS), source=source)
    for name, group, folds, source in (
        ("many-left-out", "speaker", _LEFT_OUT,
         "each corpus is tested once after training on the others; development speakers chosen "
         "here"),
        ("many-6fold", "split", _FOLDS,
         "RAVDESS by ravdess-6fold; of the other corpora some speakers are for development and the "
         "rest for training")))
