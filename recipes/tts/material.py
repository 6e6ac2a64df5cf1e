"""Chooses the recordings of each stage: who learns, who is measured, at which rate."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from preparation import read_json
from settings import Config, Corpus

from avspeech.core import models
from avspeech.data.corpora import layout
from avspeech.data.manifest import Utterance, read_manifest
from avspeech.errors import InputError
from avspeech.synthesis.vocoding import Sounds

SPLITS = ("train", "dev", "test")
MEASURED = "measured"  # folder of what is known of corpora that are only measured on
ALL = ("voice", "support", "vocoder")  # roles


def utterances_of(cfg: Config, exp: Path, split: str, roles: Sequence[str] = ("voice",)
                ) -> tuple[list[Utterance], dict[str, Path]]:
    """The utterances of a split.

    Args:
        cfg, exp: the experiment.
        split: "train", "dev" or "test".
        roles: of the corpora; voices come first.

    Returns:
        (utterances, {id: the folder that its path is relative to}). `left_out` says what is
        missing.
    """
    found: list[Utterance] = []
    roots: dict[str, Path] = {}
    voices: set[str] = set()
    for role in roles:
        for name, corpus in cfg.data.corpora.items():
            path = exp / "data" / name / f"{split}.jsonl"
            if corpus.role != role or not path.exists():
                continue
            root = layout.root_of(path.parent)
            for u in read_manifest(path):
                if role == "voice":
                    voices.add(u.speaker)
                useful = role == "vocoder" or (u.text
                                               and not (role == "support" and u.speaker in voices))
                if useful and u.duration <= cfg.data.longest:
                    found.append(u)
                    roots[u.id] = root
    return found, roots


def groups(cfg: Config, exp: Path) -> dict[Path, Config]:
    """What is aligned together: the corpora that are learned from, and each of those that voices
    are only measured on (role "test") by itself, as if it were a voice.

    Returns:
        {folder of what is found out: the configuration with those corpora}.
    """
    found = {exp: learned(cfg)}
    for name, corpus in cfg.data.corpora.items():
        if corpus.role == "test":
            alone = dataclasses.replace(corpus, corpus=corpus.corpus or name, role="voice")
            found[exp / MEASURED / name] = _with(cfg, {name: alone})
    return found


def learned(cfg: Config) -> Config:
    """A configuration without the corpora that voices are only measured on."""
    return _with(cfg, {n: c for n, c in cfg.data.corpora.items() if c.role != "test"})


def _with(cfg: Config, corpora: dict[str, Corpus]) -> Config:
    return dataclasses.replace(cfg, data=dataclasses.replace(cfg.data, corpora=corpora))


def left_out(cfg: Config, exp: Path) -> list[str]:
    """What `utterances_of` leaves out, one line a corpus and split that loses any."""
    voices: set[str] = set()
    lines = []
    for role in ALL:
        for name, corpus in cfg.data.corpora.items():
            if corpus.role != role:
                continue
            for split in SPLITS:
                path = exp / "data" / name / f"{split}.jsonl"
                known = read_manifest(path) if path.exists() else []
                if role == "voice":
                    voices |= {u.speaker for u in known}
                counts = {f"longer than {cfg.data.longest:g} s": sum(
                    u.duration > cfg.data.longest for u in known)}
                if role != "vocoder":
                    counts["without a text"] = sum(not u.text for u in known)
                if role == "support":
                    counts["of speakers who are voices"] = sum(u.speaker in voices for u in known)
                found = ", ".join(f"{count} {why}" for why, count in counts.items() if count)
                if found:
                    lines.append(f"{name} {split}: left out of {len(known)} utterances: {found}")
    return lines


def spoken(split: str) -> tuple[str, ...]:
    """The roles whose texts a split is made of; only voices are measured."""
    return ("voice", "support") if split == "train" else ("voice",)


def rate_and_hop(cfg: Config) -> tuple[int, int]:
    """(rate of the voice in hertz, its hop in samples)."""
    from avspeech.synthesis import vocoder

    base, fields = models.CONFIGS.get(cfg.model.name, (cfg.model.name, {}))
    voc = vocoder.VocoderConfig(**{**fields, **cfg.model.config}.get("vocoder", {}))
    return voc.sample_rate, voc.hop


def _spread(names: Sequence[str], count: int) -> list[str]:
    """Up to `count` of some names, evenly over them all."""
    return [names[i * len(names) // count] for i in range(min(count, len(names)))]


def tested(cfg: Config, exp: Path, place: Path, count: int
           ) -> tuple[Sounds, dict[str, Any], list[str]]:
    """The test sentences.

    Args:
        cfg, exp: the experiment.
        place: the folder of what is known of them; `cfg` is its configuration in `groups`.
        count: of sentences (0: all).

    Returns:
        (the recordings, {id: record of the words stage}, the ids that are measured).

    Raises:
        InputError: there is none.
    """
    rate, _ = rate_and_hop(cfg)
    utterances, roots = utterances_of(cfg, exp, "test")
    records = {n: r for n, r in read_json(place / "words" / "test.json").items()
               if len(r["words"]) >= cfg.sentences.shortest}
    names = [u.id for u in utterances if u.id in records]
    if len(names) < len(utterances):
        print(f"test: {len(utterances) - len(names)} of {len(utterances)} sentences are not "
              f"measured: shorter than {cfg.sentences.shortest} words, or not aligned")
    if not names:
        raise InputError(f"{place}: no test sentence of {cfg.sentences.shortest} words or more")
    chosen = _spread(names, count or len(names))
    return Sounds(utterances, roots, rate), records, chosen
