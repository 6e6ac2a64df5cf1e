import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from avspeech.data import corpora
from avspeech.errors import InputError

EGS = Path(__file__).parents[3] / "egs"
# Made on the spot, or fetched where no folder is given, or the user's, or several in one (test_many.py).
MADE = ("asterisk", "mini", "mini_emotion", "mini_traits", "mini_tts", "own",
        "own_emotion", "many")
WITH_FACES = ("grid", "lrs2", "lrs3", "mead", "tcd_timit", "voxceleb2")


def test_every_name_is_a_file_and_the_table_is_sorted():
    assert list(corpora.CORPORA) == sorted(corpora.CORPORA)
    assert set(corpora.MADE) <= set(corpora.CORPORA)
    for name in corpora.CORPORA:
        module = corpora.get(name)
        assert module.__name__.rpartition(".")[0] == (
            corpora.MADE_PACKAGE if name in corpora.MADE else "avspeech.data.corpora")
        assert hasattr(module, "scan") or hasattr(module, "prepare")


@pytest.mark.parametrize("name", ["os", "scan", "layout", "..manifest", "corpora.grid",
                                  "avspeech.cli", ""])
def test_nothing_but_a_corpus_is_imported(name, monkeypatch):
    monkeypatch.setattr(corpora.importlib, "import_module",
                        lambda name: pytest.fail(f"imported {name}"))
    with pytest.raises(InputError, match="not known; known: adress, "):
        corpora.get(name)


@pytest.mark.parametrize("name", [n for n in corpora.CORPORA if n not in MADE])
def test_absent_corpora_say_where_to_get_them(name, tmp_path):
    module = corpora.get(name)
    for call in (lambda: corpora.check(name, tmp_path / "none"),
                 lambda: corpora.prepare(name, tmp_path / "none", tmp_path / "out"),
                 lambda: corpora.prepare(name, None, tmp_path / "out")):
        with pytest.raises(InputError) as error:
            call()
        assert module.ABOUT.page in str(error.value) and "\n" not in str(error.value)
    assert not (tmp_path / "out").exists()


def test_the_corpora_of_an_experiment(tmp_path, monkeypatch):
    made = []
    monkeypatch.setattr(corpora, "prepare", lambda *given, **options: made.append((*given, options)))
    corpora.prepare_all({"mini": SimpleNamespace(source=None, options={}),
                         "mine": SimpleNamespace(source="a", options={"dev": 2}, corpus="own"),
                         "own": SimpleNamespace(source="b", options={}, corpus=None)}, tmp_path, "")
    assert made == [("mini", None, tmp_path / "mini", {}), ("own", "a", tmp_path / "mine", {"dev": 2}),
                    ("own", "b", tmp_path / "own", {})]
    with pytest.raises(InputError, match="empty; name a corpus, for example data.corpora.grid.source=/a"):
        corpora.prepare_all({}, tmp_path, "grid.source=/a")


@pytest.mark.parametrize("name", corpora.MADE)
def test_what_is_made_on_the_spot_reads_no_source(name, tmp_path):
    with pytest.raises(InputError, match=f"^{name}: is made on the spot.* would not be read"):
        corpora.prepare(name, tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_unknown_names_and_options(tmp_path):
    with pytest.raises(InputError, match="corpus 'ravdes': not known; known: .*grid, "):
        corpora.get("ravdes")
    with pytest.raises(InputError, match="unknown option 'split_by'; known: split, seed"):
        corpora.prepare("grid", tmp_path, tmp_path, split_by="clip")


@pytest.mark.parametrize("name, options, expected", [
    ("grid", {"dev": "some"}, "dev='some': expected a number"),
    ("grid", {"seed": True}, "seed=True: expected a whole number"),
    ("grid", {"split": 3}, "split=3: expected a name"),
    ("crema_d", {"incomplete": "yes"}, "incomplete='yes': expected true or false"),
    ("common_voice", {"limit": "all"}, "limit='all': expected a whole number"),
    ("mead", {"workers": 0}, "workers=0: expected a whole number above 0"),
    ("mead", {"workers": 1.5}, "workers=1.5: expected a whole number above 0"),
    ("mead", {"workers": float("nan")}, "workers=nan: expected a whole number above 0"),
    ("grid", {"dev": float("inf")}, "dev=inf: expected a number"),
    ("own_emotion", {"workers": "many"}, "workers='many': expected a whole number"),
    ("many", {"incomplete": "maybe"}, "incomplete='maybe': expected true or false"),
    ("mini", {"seed": "first"}, "seed='first': expected a whole number"),
    ("grid", {"incomplete": True}, "unknown option 'incomplete'; known: split, seed, dev, test, speakers, "
                                   "workers"),
    ("ljspeech", {"split": "speaker"}, "unknown option 'split'; known: seed, dev, test, workers")])
def test_an_option_of_another_kind_is_one_line(name, options, expected, tmp_path):
    with pytest.raises(InputError, match=f"{name}: {expected}"):
        corpora.prepare(name, tmp_path, tmp_path / "out", **options)


@pytest.mark.parametrize("name", WITH_FACES)
def test_run_sh_names_its_corpus_and_sets_up_first(name, tmp_path):
    config = (EGS / name / "tse" / "conf" / "train.yaml").read_text()
    assert f"    {name}:\n" in config and corpora.get(name).ABOUT.page in (
        EGS / name / "README.md").read_text()
    copy = tmp_path / "a b" / "egs" / name / "tse"
    shutil.copytree(EGS / name / "tse", copy)
    tools = tmp_path / "a b" / "tools"
    tools.mkdir()
    shutil.copy(EGS.parent / "tools" / "run.sh", tools)
    setup = tools / "setup.sh"
    setup.write_text("echo 'setup: error: no Python' >&2; exit 2\n")
    done = subprocess.run([str(copy / "run.sh")], cwd=tmp_path, capture_output=True, text=True,
                          timeout=20)
    assert done.returncode == 2 and done.stderr == "setup: error: no Python\n" and not done.stdout
    setup.write_text("")
    python = tmp_path / "a b" / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n")
    python.chmod(0o755)
    done = subprocess.run([str(copy / "run.sh"), "--stage", "train", "data.source=my folder"],
                          cwd=tmp_path,
                          capture_output=True, text=True, timeout=20)
    assert done.stdout.splitlines() == [str(tmp_path / "a b" / "recipes/tse/run.py"), "--config",
                                        str(copy / "conf/train.yaml"), "--stage", "train",
                                        "data.source=my folder"]
