"""The mini corpus: the same for the same seed, whole, and its views show what they should."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from avspeech.data.corpora.made import mini
from avspeech.data.corpora.made.articulation import PARAMETERS, movements, viseme
from avspeech.data.corpora.made.mouth import Face, camera, shape
from avspeech.data.manifest import VIEW_ANGLES, read_manifest
from avspeech.errors import InputError
from avspeech.media import audio, video
from avspeech.media.espeak import Phone


def lips(**movement: float) -> np.ndarray:
    """Points of the lips [n, 3] in mm of a mouth whose other parameters rest."""
    rest = {"jaw": 0.2, **movement}
    return shape(np.array([[rest.get(name, 0.0) for name in PARAMETERS]]), Face()).skin[0, :96]


def shift(view: str, **movement: float) -> float:
    """How far, in mm of the picture, a movement takes the lips as a camera sees them."""
    axes = camera(*VIEW_ANGLES[view], np.zeros((1, 3)))[0, :2]
    return float(np.linalg.norm((lips(**movement) - lips()) @ axes.T, axis=1).mean())


def test_sides_show_protrusion_and_the_front_shows_width() -> None:
    for side in ("left_60", "right_60"):
        assert shift(side, protrusion=1.0) > 4 * shift("front", protrusion=1.0)
        assert shift("front", width=1.0) > 1.3 * shift(side, width=1.0)


def test_lips_close_for_p_and_open_for_a() -> None:
    phones = [Phone(0.0, 0.2, "a"), Phone(0.2, 0.3, "p"), Phone(0.3, 0.5, "a")]
    path = movements(phones, np.array([0.1, 0.25, 0.4]))
    closure, jaw = path[:, PARAMETERS.index("closure")], path[:, PARAMETERS.index("jaw")]
    assert closure[1] > 0.8 > 0.3 > max(closure[0], closure[2]) and jaw[1] < min(jaw[0], jaw[2])


def test_lips_round_before_a_rounded_vowel() -> None:
    """Co-articulation: the same s is rounder before u than before i."""
    rounding = [movements([Phone(0.0, 0.1, "s"), Phone(0.1, 0.3, vowel)], np.array([0.07]))[0, 4]
                for vowel in "ui"]
    assert rounding[0] > rounding[1] + 0.1


@pytest.mark.parametrize("name, keys", [("sil", ("sil",)), ("b", ("p",)), ("tS", ("S",)), ("aI", ("a", "I")),
                                        ("§", ("@",))])
def test_visemes(name: str, keys: tuple[str, ...]) -> None:
    assert viseme(name) == keys


def test_the_corpus_is_whole_and_the_same_again(tmp_path: Path) -> None:
    pytest.importorskip("espeakng_loader")
    options = dict(speakers=3, utterances=1, dev_speakers=1, test_speakers=1, views=["front", "left_60"],
                   seed=5)
    paths, others = (mini.prepare(None, tmp_path / name, workers=n, **options)
                     for name, n in (("a", 1), ("b", 2)))
    for path, other in zip(paths, others):
        assert path.read_bytes() == other.read_bytes()
    for part in ("audio", "crops"):
        for file in (tmp_path / "a" / part).iterdir():
            assert file.read_bytes() == (tmp_path / "b" / part / file.name).read_bytes(), file.name
    for file in (tmp_path / "a" / "audio").iterdir():  # silence that is exact is told as a loss
        still = np.flatnonzero(np.diff(np.append(audio.read(file), 1)))
        assert np.diff(still, prepend=-1).max() < 0.002 * 16000 and not audio.notes_of(file)
    train, dev, test = (read_manifest(path) for path in paths)
    assert len({u.speaker for u in train + dev + test}) == 3
    assert [v.name for v in test[0].views] == ["front", "left_60", mini.ROTATING]
    assert [v.name for v in dev[0].views] == ["front", "left_60"]
    sheet = cv2.imread(str(tmp_path / "a" / "contact_sheet.png"), cv2.IMREAD_GRAYSCALE)
    assert sheet is not None and sheet.std() > 20
    stamp = paths[0].stat().st_mtime_ns
    assert mini.prepare(None, tmp_path / "a", **options) == paths and paths[0].stat().st_mtime_ns == stamp

    utterance = train[0]
    samples = audio.read(tmp_path / "a" / utterance.audio, 16000)
    crops, shown = video.read_crops(tmp_path / "a" / str(utterance.views[0].crops))
    assert len(samples) == round(utterance.duration * 16000) and len(crops) == round(utterance.duration * 25)
    assert shown.all() and crops.std() > 10
    words = utterance.labels["words"]
    assert {word for _, _, word in words} <= set(str(utterance.text).split())
    start, end = words[0][0], words[-1][1]
    assert (np.abs(samples[: int((start - 0.05) * 16000)]).max() <= mini.HISS
            and samples[int(start * 16000): int(end * 16000)].std() > 0.01)
    moving, time = np.abs(np.diff(crops.astype(float), axis=0)).mean((1, 2)), np.arange(1, len(crops)) / 25
    inside = (time > start) & (time < end)
    assert moving[inside].mean() > 1.2 * moving[~inside].mean()  # the mouth moves while there is sound


def test_sentences_do_not_repeat() -> None:
    rng = np.random.default_rng(0)
    assert len({mini.sentence(rng) for _ in range(200)}) > 195


@pytest.mark.parametrize("options",
                         [{"speakers": 99}, {"speakers": 4}, {"utterances": 0}, {"views": ["back"]}])
def test_bad_options_are_named(tmp_path: Path, options: dict) -> None:
    with pytest.raises(InputError, match="mini: "):
        mini.prepare(None, tmp_path, **options)
