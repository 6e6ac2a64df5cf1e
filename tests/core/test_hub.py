"""Models on a hub: there and back on loopback, what is refused, and what is never told."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import yaml
from hub_server import Hub

from avspeech import cli
from avspeech.core import hub, model_card, models, pretrained
from avspeech.core.model_files import CARD, CONFIG, SUMS, WEIGHTS
from avspeech.core.pretrained import ModelInfo
from avspeech.errors import InputError

pytest.importorskip("huggingface_hub")
TOKEN = "hf_secretsecretsecretsecret"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    web = Hub()
    monkeypatch.setenv("HF_ENDPOINT", web.address)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    for name in ("HF_HUB_OFFLINE", hub.PINNED):
        monkeypatch.delenv(name, raising=False)
    hub._fetch.cache_clear()
    yield web
    web.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    config = dict(mels=40, channels=8, factor=4, dim=16, layers=1, inner=16, heads=2, classes=2)
    return pretrained.save(tmp_path / "tiny", models.build("conv_transformer", **config), ModelInfo(
        "emotion", "conv_transformer", config, fps=None, labels=["calm", "angry"], licence="CC BY-NC-SA 4.0"))


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def signed(content: dict[str, bytes]) -> dict[str, bytes]:
    sums = "".join(f"{hashlib.sha256(content[n]).hexdigest()}  {n}\n" for n in (CONFIG, WEIGHTS, CARD))
    return {**content, SUMS: sums.encode()}


def refused(call) -> str:
    with pytest.raises(InputError) as caught:
        call()
    assert "\n" not in str(caught.value) and TOKEN not in str(caught.value)
    return str(caught.value)


def same(a: Path, b: Path) -> bool:
    return all(torch.equal(x, y) for x, y in zip(pretrained.load(a)[0].state_dict().values(),
                                                 pretrained.load(b)[0].state_dict().values()))


@pytest.mark.parametrize("large", [False, True])
def test_there_and_back(server: Hub, folder: Path, monkeypatch, capfd, large: bool) -> None:
    server.large = large
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    name = hub.push(folder, "me/tiny-model", private=True)
    assert name == f"hf:me/tiny-model@{server.commit('me/tiny-model')}"
    sent = server.repositories["me/tiny-model"][-1]
    assert set(sent) == {CONFIG, WEIGHTS, CARD, SUMS} and server.private["me/tiny-model"] is True
    assert sent[WEIGHTS] == (folder / WEIGHTS).read_bytes() and bool(server.uploaded) is large
    _, header, card = sent[CARD].decode().split("---\n", 2)
    about = yaml.safe_load(header)
    assert about["license"] == "cc-by-nc-sa-4.0" and about["library_name"] == "avspeech"
    assert about["pipeline_tag"] == "audio-classification" and "conv-transformer" in about["tags"]
    assert 'avspeech.load("hf:me/tiny-model")' in card
    assert same(hub.fetch(name), folder)
    assert pretrained.read_info(name).task == "emotion" and pretrained.content(name) == sent[SUMS].decode()
    shown = capfd.readouterr()
    assert TOKEN not in shown.out + shown.err and "today" not in shown.err
    assert {key for *_, key in server.requests if key} == {f"Bearer {TOKEN}"}


def test_a_branch_is_said_once_and_can_be_refused(server: Hub, folder: Path, monkeypatch, capsys) -> None:
    commit = server.put("me/m", signed(files(folder)))
    assert pretrained.find("hf:me/m") == pretrained.find("hf:me/m")
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and f"hf:me/m@{commit}" in told
    hub.fetch("hf:me/m@main")
    assert "hf:me/m@main is commit" in capsys.readouterr().err
    monkeypatch.setenv(hub.PINNED, "1")
    for name in ("hf:me/m", "hf:me/m@main", "hf:me/m@" + commit[:12]):
        assert hub.PINNED in refused(lambda name=name: hub.fetch(name))
    assert hub.fetch(f"hf:me/m@{commit}").name == commit


def test_a_commit_is_fetched_once_and_an_old_one_stays(server: Hub, folder: Path, monkeypatch) -> None:
    first = server.put("me/m", signed(files(folder)))
    pretrained.update(folder, description="Another.")
    second = server.put("me/m", signed(files(folder)))
    for commit, text in ((first, ""), (second, "Another.")):
        assert pretrained.read_info(f"hf:me/m@{commit}").description == text
    asked = len(server.requests)
    hub._fetch.cache_clear()
    assert pretrained.read_info(f"hf:me/m@{first}").description == "" and len(server.requests) == asked
    server.repositories["me/n"] = server.repositories["me/m"]
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert pretrained.read_info(f"hf:me/m@{second}").description == "Another."
    assert "not in the cache" in refused(lambda: hub.fetch("hf:me/n"))
    assert "OFFLINE" in refused(lambda: hub.push(folder, "me/m"))
    assert len(server.requests) == asked


def test_offline_a_branch_is_what_it_was(server: Hub, folder: Path, monkeypatch, capsys) -> None:
    commit = server.put("me/m", signed(files(folder)))
    hub.fetch("hf:me/m")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    capsys.readouterr()
    asked = len(server.requests)
    assert hub.fetch("hf:me/m").name == commit and len(server.requests) == asked
    assert commit in capsys.readouterr().err


@pytest.mark.parametrize("foreign", ["pytorch_model.bin", "model.pkl", "../../evil", "/etc/evil", "x\ny", "",
                                     "sub/config.json", "model.py", "model.safetensors.index.json"])
def test_any_other_file_is_refused_before_anything_is_fetched(server, folder, tmp_path, foreign) -> None:
    server.put("me/m", {**signed(files(folder)), ".gitattributes": b"", foreign: b"evil"})
    line = refused(lambda: hub.fetch("hf:me/m"))
    assert "belong" in line and not any("resolve" in path for _, path, _ in server.requests)
    assert not list(tmp_path.rglob("*evil*")) and not list(tmp_path.rglob("snapshots"))
    assert "belong" in refused(lambda: hub.push(folder, "me/m")) and len(server.repositories["me/m"]) == 1


def test_what_git_hosts_add_is_let_be_and_not_fetched(server: Hub, folder: Path) -> None:
    server.put("me/m", {**signed(files(folder)), ".gitattributes": b"*.bin lfs"})
    assert sorted(p.name for p in hub.fetch("hf:me/m").iterdir()) == sorted([CONFIG, WEIGHTS, CARD, SUMS])


def test_altered_files_are_refused(server: Hub, folder: Path) -> None:
    good = signed(files(folder))
    for number, (file, data) in enumerate({WEIGHTS: good[WEIGHTS][:-1] + b"x", CONFIG: good[CONFIG] + b" ",
                                           CARD: b"other", SUMS: b"0" * 64 + b"  ../x\n"}.items()):
        server.put(f"me/m{number}", {**good, file: data})
        line = refused(lambda number=number: pretrained.load(f"hf:me/m{number}"))
        assert SUMS in line
    pickled = signed({**good, WEIGHTS: b"\x80\x04\x8c\x02os\x8c\x06system\x93."})
    server.put("me/pickled", pickled)
    assert WEIGHTS in refused(lambda: pretrained.load("hf:me/pickled"))


def test_a_missing_file_and_one_that_is_too_large(server: Hub, folder: Path) -> None:
    good = signed(files(folder))
    for file in good:
        server.put(f"me/{file}", {k: v for k, v in good.items() if k != file})
        assert f"{file} is missing" in refused(lambda file=file: hub.fetch(f"hf:me/{file}"))
    server.put("me/m", good)
    server.lie = {"siblings": [{"rfilename": n, "size": 2**40} for n in good]}
    assert "bytes" in refused(lambda: hub.fetch("hf:me/m"))
    assert not any("resolve" in path for _, path, _ in server.requests)


def test_a_hub_that_answers_with_another_commit_or_none(server: Hub, folder: Path) -> None:
    commit = server.put("me/m", signed(files(folder)))
    for sha in ("f" * 40, "../../x", None, 5):
        server.lie = {"sha": sha}
        hub._fetch.cache_clear()
        refused(lambda: hub.fetch(f"hf:me/m@{commit}"))
    assert not any("resolve" in path for _, path, _ in server.requests)


@pytest.mark.parametrize("name", ["hf:", "hf:a", "hf:a/b/c", "hf:../b", "hf:a/..", "hf:a/b@", "hf:a/b@../c",
                                  "hf:a/b@-x", "hf:a/b c", "hf:a/b\n", "hf:-a/b", "hf:a/b@x y", "hf:a/b.git",
                                  "hf:http://x/y", "hf:a/" + "b" * 97])
def test_names_that_are_none(name: str) -> None:
    assert "expected hf:" in refused(lambda: pretrained.find(name))


def test_what_the_hub_refuses(server: Hub, folder: Path, monkeypatch) -> None:
    assert "no such model" in refused(lambda: hub.fetch("hf:me/none"))
    server.put("me/m", signed(files(folder)))
    assert "revision" in refused(lambda: hub.fetch("hf:me/m@v9"))
    for code in (401, 403, 400):
        server.broken = code
        assert str(code) in refused(lambda: hub.push(folder, "me/m"))
        refused(lambda: hub.fetch("hf:me/m"))
    server.close()
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert "hub" in refused(lambda: hub.fetch("hf:me/m"))


def test_addresses(server: Hub, folder: Path, monkeypatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert hub.push(folder, "me/m", endpoint=server.address + "/").startswith("hf:me/m@")
    for address in ("ftp://x", "x", "http://", "https://x?y=1", "http://["):
        assert "--endpoint" in refused(lambda address=address: hub.push(folder, "me/m", endpoint=address))
    line = refused(lambda: hub.push(folder, "me/m", endpoint="https://me:pass-word@host"))
    assert "pass-word" not in line and "HF_TOKEN" in line


def test_what_is_not_sent(server: Hub, folder: Path) -> None:
    (folder / "notes.txt").write_text("private")
    assert "notes.txt" in refused(lambda: hub.push(folder, "me/m"))
    (folder / "notes.txt").unlink()
    for name in ("m", "me/m@main", "../m"):
        refused(lambda name=name: hub.push(folder, name))
    (folder / WEIGHTS).write_bytes(b"broken")
    assert WEIGHTS in refused(lambda: hub.push(folder, "me/m"))
    assert server.requests == []


@pytest.mark.parametrize(("licence", "expected"), [
    ("Apache 2.0", {"license": "apache-2.0"}), ("CC BY-SA 3.0", {"license": "cc-by-sa-3.0"}),
    ("for research: only", {"license": "other", "license_name": "for-research-only"}),
    ("", {"license": "other"})])
def test_licenses_are_those_that_hubs_know(licence: str, expected: dict) -> None:
    about = yaml.safe_load(hub.header(ModelInfo("extraction", "mvtf", licence=licence)).strip().strip("-"))
    assert {k: v for k, v in about.items() if k.startswith("license")} == expected


def test_the_header_of_every_released_card_is_valid() -> None:
    library = pytest.importorskip("huggingface_hub")
    for name in pretrained.names():
        info = pretrained.read_info(name)
        data = library.ModelCard(hub.header(info) + model_card.card("hf:me/x", info)).data
        assert data.license in hub.LICENSES and data.library_name == "avspeech" and data.tags


def test_the_commands(server: Hub, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["models", "push", str(folder), "me/m", "--endpoint", server.address]) == 0
    name = capsys.readouterr().out.strip()
    assert cli.main(["models", "info", name]) == 0 and "# m" in capsys.readouterr().out
    assert cli.main(["models", "verify", name]) == 0 and "sound" in capsys.readouterr().out
    assert cli.main(["models", "verify", "hf:me/none"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_nothing_of_the_hub_is_imported_before_it_is_named(folder: Path) -> None:
    code = ("import sys; from avspeech.core import pretrained; "
            f"pretrained.read_info({str(folder)!r}); sys.exit('huggingface_hub' in sys.modules)")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    assert subprocess.run([sys.executable, "-c", code], env=environment, cwd=ROOT).returncode == 0


def test_a_missing_package_is_named(server: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    assert "avspeech[hub]" in refused(lambda: hub.fetch("hf:me/m"))
