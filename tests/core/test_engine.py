"""Released models by their graphs: as by torch, without torch, and refused where they do not fit."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

import avspeech
from avspeech.core import exporting, model_files, pretrained
from avspeech.core.checkpoint import tensor_bytes
from avspeech.core.engine import Graphs, Stored, reference, tolerance, weights_of
from avspeech.core.models import runtime_modules
from avspeech.errors import InputError

pytest.importorskip("onnxruntime")
onnx = pytest.importorskip("onnx")
av = pytest.importorskip("av")
ROOT = Path(__file__).resolve().parents[2]
# What a small installation does not have.
FOREIGN = ("torch", "torchaudio", "speechbrain", "librosa", "scipy", "cv2", "tqdm", "yaml", "safetensors",
           "matplotlib", "rich", "sklearn", "onnx")
RUN = """
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
sys.modules.update(dict.fromkeys({foreign}))  # importing what is None here fails
from avspeech.cli import main
sys.exit(main({argv}))
"""


def alone(*argv: str) -> subprocess.CompletedProcess[str]:
    """Runs a command in a process that can import nothing of FOREIGN."""
    return subprocess.run([sys.executable, "-c", RUN.format(foreign=FOREIGN, argv=list(argv))], text=True,
                          capture_output=True, cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"})


@pytest.mark.parametrize("name", pretrained.names())
def test_both_engines_give_the_same(name: str) -> None:
    graphs, info = pretrained.open_model(name)
    assert isinstance(graphs, Graphs)
    runtime, engine = runtime_modules(info.task)
    found = runtime.parity(pretrained.load(name)[0], graphs, info)
    assert len(found) >= 5 and max(found.values()) <= tolerance(engine, graphs)


@pytest.mark.parametrize("name", pretrained.names())
def test_weights_are_stored_once(name: str) -> None:
    folder = pretrained.find(name)
    graphs = sum(path.stat().st_size for path in folder.glob("*.onnx"))
    assert 0 < graphs < 600_000
    with pytest.raises(InputError, match="does not fit the weights"):
        graph = max(folder.glob("*.onnx"), key=lambda path: path.read_bytes().count(b"stored:")).read_bytes()
        weights_of(graph, Stored((2).to_bytes(8, "little") + b"{}"))


def test_the_emotion_of_a_file_without_torch(tmp_path: Path) -> None:
    sound = np.random.default_rng(0).standard_normal(24000) * np.hanning(24000) * 0.1
    soundfile.write(tmp_path / "a.wav", sound, 16000)
    done = alone("emotion", str(tmp_path / "a.wav"), "--csv", "--quiet")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1].startswith(f"{tmp_path / 'a.wav'},file,0.0,1.5,")


def test_a_sentence_is_said_without_torch(tmp_path: Path) -> None:
    done = alone("speak", "Two words<rise>.", "-o", str(tmp_path / "a.wav"), "--quiet")
    assert done.returncode == 0, done.stderr
    sound, rate = soundfile.read(tmp_path / "a.wav")
    assert rate == 24000 and 0.5 < len(sound) / rate < 4 and np.abs(sound).max() > 0.05


def test_a_voice_is_extracted_without_torch(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    with av.open(str(tmp_path / "a.mkv"), "w") as target:
        pictures = target.add_stream("mpeg4", rate=25)
        pictures.width, pictures.height, pictures.pix_fmt = 96, 96, "yuv420p"
        sound = target.add_stream("pcm_s16le", rate=16000, layout="mono")
        for _ in range(15):
            image = np.repeat(rng.integers(60, 200, (96, 96, 1), np.uint8), 3, 2)
            target.mux(pictures.encode(av.VideoFrame.from_ndarray(image)))
        target.mux(pictures.encode())
        noise = (rng.standard_normal((1, 9600)) * 3000).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(noise, layout="mono")
        frame.sample_rate = 16000
        target.mux(sound.encode(frame))
        target.mux(sound.encode())
    done = alone("extract", str(tmp_path / "a.mkv"), "--mouth", "-o", str(tmp_path), "--quiet", "--json")
    assert done.returncode == 0, done.stderr
    assert '"trust"' in (tmp_path / "a_face1.json").read_text()  # it has chosen among voices
    assert soundfile.info(tmp_path / "a_face1.wav").frames == 9600


def test_a_folder_without_graphs_says_what_it_takes(tmp_path: Path) -> None:
    folder = pretrained.copy("emotion-graph", tmp_path / "own")
    assert sorted(p.name for p in folder.glob("*.onnx")) == ["classify.onnx", "spectrum.onnx"]
    assert isinstance(pretrained.open_model(folder)[0], Graphs)
    model, info = pretrained.open_model(folder, engine="torch")
    assert isinstance(model, torch.nn.Module)
    pretrained.update(folder, config={**info.config, "temperature": 2.0})  # which the graphs hold
    assert isinstance(pretrained.open_model(folder)[0], torch.nn.Module)
    plain = pretrained.save(tmp_path / "plain", model, info)
    with pytest.raises(InputError, match="holds no graphs"):
        pretrained.open_model(plain, engine="onnx")
    with pytest.raises(InputError, match="expected one of auto, onnx, torch"):
        pretrained.open_model(plain, engine="tf")  # type: ignore[arg-type]
    done = alone("emotion", "x.wav", "--model", str(plain))
    assert done.returncode == 2 and "needs torch to run" in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.parametrize("name, used", [
    ("emotion-mcu", "model(np.ones(8000, np.float32), sample_rate=16000)"),
    ("prosodyfm-asterisk", "main(['speak', 'No.', '--model', folder, '-o', folder + '.wav', '--quiet'])"),
    ("mvtf-small", "model(np.ones(8000, np.float32), [np.ones((13, 96, 96), np.uint8)], sample_rate=16000)")])
def test_a_folder_with_graphs_runs_without_torch_where_there_is_torch(tmp_path: Path, name: str, used: str
                                                                      ) -> None:
    folder = pretrained.copy(name, tmp_path / "own")
    code = f"import avspeech, sys, numpy as np\nfrom avspeech.cli import main\nfolder = {str(folder)!r}\n" \
           f"model = avspeech.load(folder)\n{used}\nassert 'torch' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr


def test_an_altered_graph_is_refused(tmp_path: Path) -> None:
    folder = pretrained.copy("emotion-graph", tmp_path / "own")
    path = folder / "classify.onnx"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InputError, match=r"classify.onnx: does not match SHA256SUMS"):
        pretrained.open_model(folder, engine="onnx")


def test_a_reference_says_how_a_weight_is_made() -> None:
    stored = Stored((pretrained.find("mvtf-small") / model_files.WEIGHTS).read_bytes())
    exact = pretrained.load("mvtf-small")[0].state_dict()
    name = next(n for n in stored.names if exact[n].ndim == 2)
    recipe = {"of": [name], "order": [1, 0], "shape": [1, *exact[name].T.shape]}
    ((label, value),) = weights_of(f"..{reference(recipe)}..".encode(), stored).items()
    assert label == reference(recipe) and np.array_equal(value[0], exact[name].numpy().T)


@pytest.mark.parametrize("stored", ["int8", "float16"])
def test_products_of_whole_numbers_are_near_those_of_real_ones(stored: str) -> None:
    from avspeech.core.graphs import finished, in_whole_numbers

    rng = np.random.default_rng(0)
    scale = np.abs(rng.standard_normal((48, 1))).astype(np.float32) / 100
    eight = rng.integers(-127, 128, (48, 32)).astype(np.int8)
    weight = eight * scale if stored == "int8" else eight.astype(np.float16).astype(np.float32)
    tensors = ({"w": torch.from_numpy(eight), "w:scale": torch.from_numpy(scale)} if stored == "int8"
               else {"w": torch.from_numpy(eight).half()})
    content = tensor_bytes(tensors)
    make = onnx.helper
    graph = make.make_graph(
        [make.make_node("MatMul", ["x", "weight"], ["y"]), make.make_node("Relu", ["y"], ["z"])], "g",
        [make.make_tensor_value_info("x", 1, [1, "T", 32])],
        [make.make_tensor_value_info("z", 1, [1, "T", 48])],
        [onnx.numpy_helper.from_array(np.ascontiguousarray(weight.T), "weight")])
    proto = make.make_model(graph, opset_imports=[make.make_opsetid("", 18)], ir_version=9)
    assert in_whole_numbers(proto, content) == (stored == "int8")
    data = finished(proto, content)
    assert (b"MatMulInteger" in data) == (stored == "int8")
    session = exporting.onnx_session(data, 1, weights_of(data, Stored(content)))
    x = rng.standard_normal((1, 20, 32)).astype(np.float32)
    wanted = np.maximum(x @ weight.T, 0)
    found = session.run(None, {"x": x})[0]
    off = np.abs(found - wanted).mean() / np.abs(wanted).mean()
    assert 1e-4 < off < 0.02 if stored == "int8" else off < 1e-6


@pytest.mark.parametrize("name", ["emotion-mcu", "voices-small", "prosodyfm-asterisk"])
def test_threads_share_graphs_from_the_first_call_on_and_copies_give_the_same(name: str) -> None:
    def said(model: Any) -> np.ndarray:
        if name.startswith("prosodyfm"):
            return np.asarray(model("No.").audio)
        found = model(sound, sample_rate=16000)
        return found if isinstance(found, np.ndarray) else np.array([*found.posteriors.values()])

    sound = (np.random.default_rng(0).standard_normal(8000) * 0.1).astype(np.float32)
    model = avspeech.load(name, engine="onnx")
    together = threading.Barrier(3)
    with ThreadPoolExecutor(3) as pool:
        found = [*pool.map(lambda _: together.wait() < 3 and said(model), range(3))]
    found += [said(copy.deepcopy(model)), said(pickle.loads(pickle.dumps(model)))]
    assert all(np.array_equal(found[0], one) for one in found[1:])


def test_what_a_graph_asks_for_is_said_at_every_call() -> None:
    graphs = pretrained.open_model("emotion-mcu", engine="onnx")[0]
    for _ in range(2):
        with pytest.raises(InputError, match="asks for 'spectrum'"):
            graphs("classify", other=np.zeros(1))
