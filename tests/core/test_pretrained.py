from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import subprocess
import sys

import pytest
import torch
from torch import nn

from avspeech.core import models, pretrained
from avspeech.core.model_files import CARD, CONFIG, SUMS, WEIGHTS
from avspeech.core.pretrained import ModelInfo
from avspeech.errors import InputError


class Small(nn.Module):
    @dataclasses.dataclass(frozen=True)
    class Config:
        width: int = 4

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.layers = nn.Sequential(nn.Linear(3, config.width), nn.BatchNorm1d(config.width), nn.Dropout(0.5))
        self.tied = self.layers[0]


def build(name, **differences):
    if name != "small":
        raise InputError(f"model '{name}' is not known; known: small")
    return Small(Small.Config(**differences))


@pytest.fixture(autouse=True)
def registry(monkeypatch):
    monkeypatch.setattr(models, "build", build)


INFO = ModelInfo("extraction", "small", {"width": 5}, labels=["a", "b"], licence="Apache-2.0",
                 training_data=[{"name": "A corpus", "licence": "CC BY 4.0"}],
                 metrics={"si_sdri_db": 12.3456}, description="A small one.", limits=["Two faces at most."])


@pytest.fixture
def folder(tmp_path):
    torch.manual_seed(0)
    return pretrained.save(tmp_path / "tiny", build("small", width=5), INFO)


def resign(folder):
    """SHA256SUMS made to agree with what is there: what is then wrong is not the hash."""
    (folder / SUMS).write_text("".join(f"{hashlib.sha256((folder / n).read_bytes()).hexdigest()}  {n}\n"
                                       for n in (CONFIG, WEIGHTS)))


def refused(folder):
    with pytest.raises(InputError) as caught:
        pretrained.load(folder)
    message = str(caught.value)
    assert "\n" not in message and str(folder) in message
    return message


def test_round_trip(folder):
    model, info = pretrained.load(str(folder))
    torch.manual_seed(0)
    expected = build("small", width=5).state_dict()
    assert info == INFO == pretrained.read_info(folder) and not model.training
    assert all(torch.equal(value, expected[name]) for name, value in model.state_dict().items())
    assert sorted(os.listdir(folder)) == sorted([CONFIG, WEIGHTS, SUMS, "README.md"])
    assert os.listdir(folder.parent) == ["tiny"]
    subprocess.run(["sha256sum", "-c", "--quiet", SUMS], cwd=folder, check=True)


def test_the_same_model_gives_the_same_bytes(folder, tmp_path):
    model, info = pretrained.load(folder)
    other = pretrained.save(tmp_path / "sub" / "tiny", model, info)
    assert (other / SUMS).read_bytes() == (folder / SUMS).read_bytes()


def test_stored_as_float16_computes_as_float32(folder, tmp_path):
    model, info = pretrained.load(folder)
    with torch.no_grad():
        model.layers[0].bias[0] = 1e-9
    half = pretrained.save(tmp_path / "half", model, dataclasses.replace(info, dtype="float16"))
    assert (half / WEIGHTS).stat().st_size < (folder / WEIGHTS).stat().st_size
    read, _ = pretrained.load(half)
    for name, value in read.state_dict().items():
        assert value.dtype == model.state_dict()[name].dtype
        torch.testing.assert_close(value, model.state_dict()[name], rtol=1e-3, atol=1e-7)
    assert read.layers[0].bias[0] == model.layers[0].bias[0]  # vectors are stored whole
    with torch.no_grad():
        model.layers[0].weight[0, 0] = 1e6  # more than float16 holds
    pretrained.save(half, model, dataclasses.replace(info, dtype="float16"))
    assert pretrained.load(half)[0].layers[0].weight[0, 0] == 1e6


def test_stored_as_int8_is_within_half_a_step_of_each_row(folder, tmp_path):
    model, info = pretrained.load(folder)
    with torch.no_grad():
        model.layers[0].weight[0] *= 1e4
        model.layers[0].weight[1] = 0
    small = pretrained.save(tmp_path / "small", model, dataclasses.replace(info, dtype="int8"))
    for name, value in pretrained.load(small)[0].state_dict().items():
        wanted = model.state_dict()[name]
        if wanted.ndim < 2:
            assert torch.equal(value, wanted)
        else:
            step = wanted.flatten(1).abs().amax(1) / 127
            assert ((value - wanted).abs().flatten(1).amax(1) <= 0.501 * step + 1e-9).all()
    again = pretrained.save(tmp_path / "again", *pretrained.load(small))
    assert (again / WEIGHTS).read_bytes() == (small / WEIGHTS).read_bytes()


def test_a_model_begins_with_what_fits_of_another(folder, capsys):
    theirs = pretrained.load(folder)[0].state_dict()
    same, wider = build("small", width=5), build("small", width=6)
    pretrained.begin(same, folder, "same")
    assert all(torch.equal(v, theirs[k]) for k, v in same.state_dict().items())
    pretrained.begin(wider, folder, "wider")
    n = len(theirs)
    assert capsys.readouterr().out == (f"same: {n} of {n} tensors from {folder}\n"
                                       f"wider: 1 of {n} tensors from {folder}\n")
    with pytest.raises(InputError, match="neither a model folder nor a released model"):
        pretrained.begin(same, "nowhere", "same")
    with pytest.raises(InputError, match="none of its tensors has the name and shape of one of other"):
        pretrained.begin(torch.nn.Conv1d(1, 1, 1), folder, "other")


def test_card(folder):
    text = (folder / "README.md").read_text()
    for part in ("# tiny", "A small one.", "## Use", "avspeech extract", "## Training data",
                 "A corpus: CC BY 4.0", "## Numbers", "12.35", "## Limits", "Two faces at most.", "16000 Hz",
                 "Apache-2.0"):
        assert part in text


@pytest.mark.parametrize("name", pretrained.names())
def test_the_code_of_a_released_card_runs(name, monkeypatch):
    """Its first lines, as a reader would copy them; and its commands name the model."""
    monkeypatch.undo()
    text = (pretrained.RELEASED / name / CARD).read_text(encoding="utf-8")
    code = text.partition("```python\n")[2].partition("```")[0].split("\n")
    scope = {}
    exec("\n".join(code[:3]), scope)
    assert scope["model"].info == pretrained.read_info(name)
    commands = text.partition("```bash\n")[2].partition("```")[0].strip().split("\n")
    assert text.startswith(f"# {name}\n") and all(name in line for line in commands)


def test_a_copy_bears_its_new_name(folder, monkeypatch):
    monkeypatch.setattr(pretrained, "RELEASED", folder.parent)
    assert "# tiny\n" in (folder / CARD).read_text() and 'load("path/to/tiny")' in (folder / CARD).read_text()
    new = pretrained.copy(folder, folder.parent / "small-one")
    assert 'load("small-one")' in (new / CARD).read_text() and "--model small-one" in (new / CARD).read_text()
    assert pretrained.load("small-one")[1] == INFO


def test_update_writes_numbers_and_card(folder):
    weights = (folder / WEIGHTS).read_bytes()
    assert pretrained.update(folder, metrics={"new": 3.5}).metrics == {"new": 3.5}
    assert ("| new | 3.5 |" in (folder / "README.md").read_text()
            and (folder / WEIGHTS).read_bytes() == weights)
    assert pretrained.load(folder)[1].metrics == {"new": 3.5}


def test_released_models_are_found_by_name(folder, monkeypatch, tmp_path):
    monkeypatch.setattr(pretrained, "RELEASED", folder.parent)
    (tmp_path / "no-model").mkdir()
    assert pretrained.names() == ["tiny"] and pretrained.find("tiny") == folder
    assert pretrained.load("tiny")[1] == INFO
    with pytest.raises(InputError, match="released: tiny"):
        pretrained.load("tinny")
    with pytest.raises(InputError, match="is a file; a model is a folder"):
        pretrained.load(folder / CONFIG)


@pytest.mark.parametrize("name", [CONFIG, WEIGHTS, SUMS, "README.md"])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    assert name in refused(folder)


@pytest.mark.parametrize("name", [CONFIG, WEIGHTS, "README.md"])
def test_an_altered_file_is_named(folder, name):
    path = folder / name
    path.write_bytes(path.read_bytes()[:-1])
    message = refused(folder)
    assert name in message and "does not match" in message


def test_weights_of_another_format_are_not_read(folder):
    (folder / WEIGHTS).rename(folder / "pytorch_model.bin")
    assert "pytorch_model.bin" in refused(folder)


@pytest.mark.parametrize("change, words", [
    ({"model": "large"}, "'large' is not known"), ({"model": "os:system"}, "not known"),
    ({"config": {"width": 6}}, r"'layers.0.weight' should be [6, 3], got [5, 3]"),
    ({"config": {"depth": 1}}, "depth"), ({"extra": 1}, "unknown key 'extra'"),
    ({"sample_rate": "16k"}, "'sample_rate'"), ({"sample_rate": 0}, "above 0"), ({"format": 2}, "'format'"),
    ({"training_data": [{"name": "x"}]}, "name and licence"), ({"metrics": {"x": "high"}}, "numbers"),
    ({"task": None}, "'task'")])
def test_a_config_that_is_wrong_is_told_why(folder, change, words):
    record = json.loads((folder / CONFIG).read_text())
    (folder / CONFIG).write_text(json.dumps({**record, **change}))
    resign(folder)
    assert words in refused(folder)


@pytest.mark.parametrize("data", [b"{", b"[1]", b"{}", b'{"format": 1, "task": "extraction"}', b"\xff"])
def test_a_config_that_is_none(folder, data):
    (folder / CONFIG).write_bytes(data)
    resign(folder)
    assert CONFIG in refused(folder)


@pytest.mark.parametrize("harm", ["missing", "extra", "garbage"])
def test_weights_that_do_not_fit(folder, harm):
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / WEIGHTS)
    if harm == "missing":
        del weights["layers.0.bias"]
    weights["more"] = torch.ones(1)
    save_file(weights, folder / WEIGHTS)
    if harm == "garbage":
        (folder / WEIGHTS).write_bytes(b"not weights")
    resign(folder)
    message = refused(folder)
    assert {"missing": "'layers.0.bias' is missing", "extra": "'more'",
            "garbage": "not a safetensors"}[harm] in message


def test_sums_may_name_no_other_file(folder):
    with open(folder / SUMS, "a") as out:
        out.write(f"{'0' * 64}  ../../etc/passwd\n")
    assert f"{SUMS}:4" in refused(folder)


def test_saving_replaces_a_model_but_nothing_else(folder, tmp_path):
    model, info = pretrained.load(folder)
    pretrained.save(folder, model, dataclasses.replace(info, licence="MIT"))
    assert pretrained.read_info(folder).licence == "MIT"
    (folder / "thesis.tex").write_text("years of work")
    with pytest.raises(InputError, match="thesis.tex"):
        pretrained.save(folder, model, info)
    assert os.listdir(folder.parent) == ["tiny"]


def test_saving_checks_that_info_describes_the_model(tmp_path):
    with pytest.raises(ValueError, match="should be"):
        pretrained.save(tmp_path / "m", build("small", width=4), INFO)
    assert not os.listdir(tmp_path)


def test_a_failed_save_leaves_the_old_one(folder, monkeypatch):
    from avspeech.core import storage

    model, info = pretrained.load(folder)

    def full(path, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storage, "write_file", full)
    with pytest.raises(InputError, match="No space"):
        pretrained.save(folder, model, info)
    assert pretrained.load(folder)[1] == INFO and os.listdir(folder.parent) == ["tiny"]


def test_a_card_names_all_that_a_model_was_made_of(folder):
    release = pretrained.Release(licence="MIT", data={"here": "CC0", "weights of a friend": "MIT"})
    info = release.info(["here", "there"], str(folder), task="extraction", model="small", description="")
    assert [(d["name"], d["licence"]) for d in info.training_data] == [
        ("here", "CC0"), ("there", "not stated"), ("weights of a friend", "MIT"), ("A corpus", "CC BY 4.0")]
    assert len(release.info(["here"], task="extraction", model="small").training_data) == 2


def test_released_models_load_without_torchs_compiler():
    """It takes a second to import, which a command for one file would spend."""
    code = ("import sys\nfrom avspeech.core import pretrained\n"
            "for name in pretrained.names():\n    pretrained.load(name)\n"
            "sys.exit('torch._dynamo' in sys.modules)")
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
