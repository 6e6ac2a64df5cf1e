"""The choice among voices, streams and looks by graphs: as by torch, in the released models."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from avspeech.core import pretrained
from avspeech.core.engine import Graphs
from avspeech.errors import InputError
from avspeech.extraction import engine as engines
from avspeech.extraction import extractor, files
from avspeech.extraction.engine import GraphEngine, TorchEngine
from avspeech.extraction.extractor import Extractor
from avspeech.media.mouths import MouthTrack

pytest.importorskip("onnxruntime")
RNG = np.random.default_rng(0)
SOUND = (0.1 * RNG.standard_normal(26_000) * np.hanning(26_000)).astype(np.float32)
CROPS = RNG.integers(0, 256, (2, 40, 88, 88), np.uint8)


@pytest.fixture(scope="module")
def both() -> list[Extractor]:
    return [Extractor.from_pretrained("mvtf-small", engine=name, precision="float32", when_unseen="model")
            for name in ("onnx", "torch")]  # type: ignore[arg-type]


def alike(got: np.ndarray, wanted: np.ndarray) -> bool:
    assert got.shape == wanted.shape and np.abs(wanted).max() > 0
    return bool(np.abs(got - wanted).max() <= engines.TOLERANCE * np.abs(wanted).max())


def test_both_engines_choose_alike(both: list[Extractor]) -> None:
    """Two faces, of which the first one's voice is wanted and one is away for a while."""
    present = np.ones((2, 40), bool)
    present[1, 10:20] = False
    faces = [[MouthTrack(crops, mask)] for crops, mask in zip(CROPS, present)]
    voices, trusts = [], []
    for one in both:
        blocks = one.together(lambda a, b: SOUND[a:b], len(SOUND), faces, [0])
        voices.append(np.concatenate([block for (block,) in blocks]))
        assert one.report is not None
        trusts.append([*one.report.trust, *sum(one.report.shares.values(), [])])
    assert alike(*voices)
    np.testing.assert_allclose(*trusts, atol=1e-3)


def test_graphs_are_the_default_also_of_the_splitter_and_beside_a_folder_by_torch(tmp_path: Path) -> None:
    released = Extractor.from_pretrained("mvtf-small")
    assert isinstance(released.model, Graphs) and released.splitter is not None
    folder = pretrained.save(tmp_path / "own", *pretrained.load("mvtf-small"))
    own = Extractor.from_pretrained(folder)
    assert not isinstance(own.model, Graphs) and not isinstance(own.splitter, TorchEngine)
    assert released.identity


def test_what_an_extractor_is_made_of_is_known_where_nothing_but_folders_was_given() -> None:
    known = {Extractor.from_pretrained("mvtf-small", splitter=name).identity for name in ("auto", None)}
    assert len(known) == 2 and None not in known
    assert Extractor.from_pretrained("mvtf-small", when_unseen="model").identity is None


def test_frames_are_looked_at_in_pieces_as_in_one(both: list[Extractor],
                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    graphs, torch = (one.engine for one in both)
    for frames in (1, 2, 23):
        crops = RNG.standard_normal((frames, 88, 88)).astype(np.float32)
        for piece in (100, 7):
            monkeypatch.setattr(engines, "PIECE", piece)
            assert alike(graphs.look(crops), torch.look(crops))


def test_views_that_are_never_shown_count_for_nothing(both: list[Extractor]) -> None:
    present = np.array([[True] * 40, [False] * 40])
    graphs = both[0].engine
    assert isinstance(graphs, GraphEngine)
    assert alike(graphs(SOUND, CROPS, present), graphs(SOUND, CROPS[:1], present[:1]))


def test_a_stream_is_that_of_torch(both: list[Extractor]) -> None:
    voices = []
    for one in both:
        stream = one.stream(0.5, past=1.0)
        voices.append(np.concatenate([stream.push(SOUND, CROPS[0]), stream.finish()]))
    assert alike(*voices)


def test_graphs_of_before_are_refused(both: list[Extractor], monkeypatch: pytest.MonkeyPatch) -> None:
    graphs = both[0].model
    monkeypatch.setattr(graphs, "about", lambda name: {"n_fft": "1024", "hop": "256"})
    with pytest.raises(InputError, match="older avspeech; make the folder again"):
        GraphEngine(graphs)(SOUND, CROPS[:1], np.ones((1, 40), bool))  # type: ignore[arg-type]


def test_a_fourth_view_takes_torch(both: list[Extractor], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="4 views of a face: without torch at most 3"):
        both[0](SOUND, CROPS[[0, 1, 0, 1]], sample_rate=16000)
    asked = []

    class Asked(Extractor):
        @classmethod
        def from_pretrained(cls, model, device, engine, **options):  # type: ignore[no-untyped-def,override]
            asked.append(engine)
            raise InputError("enough")

    monkeypatch.setattr(extractor, "Extractor", Asked)
    for count in (3, 4):
        with pytest.raises(InputError, match="enough"):
            files.extract_files(["a.mp4"] * count, "out")
    assert asked == ["auto", "torch"]
