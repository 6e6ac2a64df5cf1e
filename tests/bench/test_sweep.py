"""The sweep: forward passes once, pieces that fail alone, the same results file whatever happened."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from avspeech.bench import jobs, leaderboard, plan, records, sounds, sweep, upstreams
from avspeech.bench.probes import Probe
from avspeech.data.manifest import Utterance, read_manifest, write_manifest
from avspeech.errors import InputError
from avspeech.media import audio
from avspeech.report import metrics

# --- a small corpus of tones, and an upstream that costs nothing --------------------------------------------


class Bands:
    """The energy of four bands (one layer tells the pitch of a tone, the other its level)."""

    sample_rate, frame_rate, layers, dim, parameters, max_seconds = 16000, 10.0, 2, 4, 7, 30.0
    identity = "bands-1"

    def chunks(self, samples: torch.Tensor) -> Any:
        frames = samples[: len(samples) // 1600 * 1600].view(-1, 1600)
        spectrum = torch.fft.rfft(frames.double()).abs()
        pitch = torch.stack([spectrum[:, i * 20:(i + 1) * 20].sum(1) for i in range(4)], 1)
        level = frames.double().square().mean(1, keepdim=True).expand(-1, 4)
        yield torch.stack([pitch / pitch.sum(1, keepdim=True), level]).float()

    def __call__(self, wave: torch.Tensor, lengths: torch.Tensor | None = None) -> tuple:
        ends = [wave.shape[1]] * len(wave) if lengths is None else lengths.tolist()
        rows = [torch.cat(list(self.chunks(w[:n])), 1) for w, n in zip(wave, ends)]
        longest = max(r.shape[1] for r in rows)
        padded = [torch.nn.functional.pad(r, (0, 0, 0, longest - r.shape[1])) for r in rows]
        return torch.stack(padded, 1), torch.tensor([r.shape[1] for r in rows])


@pytest.fixture
def bands(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes "bands" the only upstream there is."""
    def load(name: str, **options: Any) -> Bands:
        if name != "bands":
            raise InputError(f"upstream '{name}' is neither a name nor a path")
        return Bands()

    jobs._upstream.cache_clear()
    monkeypatch.setattr(upstreams, "load", load)
    monkeypatch.setattr(upstreams, "check", lambda name, **options: None)


@pytest.fixture
def tones(tmp_path: Path) -> Path:
    """A manifest of 6 speakers x 6 tones: "pitch" (low, mid, high) and "level" (a number)."""
    rng = np.random.default_rng(0)
    rows = []
    for s in range(6):
        for i in range(6):
            level, pitch = float(rng.uniform(0.1, 0.9)), ("low", "mid", "high")[i % 3]
            hertz = {"low": 120, "mid": 320, "high": 520}[pitch] + rng.uniform(-20, 20)
            seconds = 0.3 + 0.1 * (i % 4)
            wave = level * np.sin(2 * np.pi * hertz * np.arange(int(16000 * seconds)) / 16000)
            audio.write(tmp_path / "sound" / f"{s}-{i}.wav", wave.astype(np.float32), 16000)
            rows.append(Utterance(f"tone-{s}-{i}", f"sound/{s}-{i}.wav", seconds, f"speaker-{s}",
                                  labels={"pitch": pitch, "level": level}))
    write_manifest(tmp_path / "tones.jsonl", rows)
    return tmp_path / "tones.jsonl"


SPECS = {
    "pitch": "name: pitch\nkind: classification\nterm: short\nmetrics: [uar, war, wf1]\n"
             "corpora:\n  tones: {label: pitch, protocol: speaker-3fold}\n",
    "level": "name: level\nkind: regression\nterm: short\nmetrics: [ccc, mae]\n"
             "corpora:\n  tones: {label: level, protocol: speaker-3fold}\n",
}


@pytest.fixture
def cfg(tones: Path, bands: None, tmp_path: Path) -> plan.Config:
    """Two tasks on the tones, one upstream, in this process."""
    (tmp_path / "specs").mkdir()
    for name, text in SPECS.items():
        (tmp_path / "specs" / f"{name}.yaml").write_text(text, encoding="utf-8")
    return plan.Config(
        corpora={"tones": plan.Corpus(manifest=str(tones))}, tasks=("pitch", "level"),
        upstreams={"bands": plan.Encoder()}, seeds=(0, 1), specs=str(tmp_path / "specs"),
        probes={"linear": Probe(lrs=(1e-2, 1e-1), epochs=12, batch=8)}, cluster=plan.Cluster(kind="none"))


# --- what is tested -----------------------------------------------------------------------------------------


def quiet(line: str) -> None:
    pass


def run(cfg: plan.Config, exp: Path) -> sweep.Outcome:
    return sweep.run(cfg, exp, quiet)


def test_from_sounds_to_results(cfg: plan.Config, tmp_path: Path) -> None:
    exp = tmp_path / "exp"
    outcome = run(cfg, exp)
    assert outcome.missing == [] and len(outcome.cells) == 2 * 3 * 2
    assert (outcome.hits, outcome.misses) == (0, 36)
    results = records.read(exp)
    assert results.cells == sorted(results.cells, key=records.key) == outcome.cells
    assert [records.key(c) for c in results.cells] == [records.key(c) for c in results.planned]
    for cell in results.cells:
        said = records.predictions(exp, cell)
        assert len(said) == 12 == cell["counts"]["test"]["utterances"]
        assert cell["metrics"][cell["metric"]] > 0.5
        assert sum(cell["layer_weights"]) == pytest.approx(1, abs=1e-4)
        if cell["task"] == "pitch":
            assert cell["classes"] == ["high", "low", "mid"]
            truth, guess = [p["truth"] for p in said], [p["predicted"] for p in said]
            assert cell["metrics"]["uar"] == pytest.approx(metrics.uar(truth, guess, 3), abs=1e-5)
            assert [int(np.argmax(p["scores"])) for p in said] == guess
    cost, = results.costs
    assert (cost["utterances"], cost["misses"], cost["parameters"]) == (36, 36, 7)
    assert cost["compute_seconds"] > 0 and cost["bytes"] > 36 * 2 * 4 * 4
    assert {t["runs"] for t in results.timings} == {12}
    assert any("pitch on tones" in line and "±" in line for line in sweep.table(outcome))


def test_run_again_it_does_nothing_and_writes_the_same(cfg: plan.Config, tmp_path: Path,
                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    exp = tmp_path / "exp"
    run(cfg, exp)
    before = (exp / "results.jsonl").read_bytes()
    monkeypatch.setattr(jobs, "_probe", None)
    monkeypatch.setattr(jobs, "features", None)
    again = run(cfg, exp)
    assert (again.hits, again.misses) == (0, 0) and (exp / "results.jsonl").read_bytes() == before


def test_features_are_made_once_for_all_probes(cfg: plan.Config, tmp_path: Path) -> None:
    run(cfg, tmp_path / "exp")
    more = dataclasses.replace(cfg, probes={"mlp": Probe(head="mlp", lrs=(1e-2,), epochs=2)})
    outcome = run(more, tmp_path / "exp")
    assert (outcome.hits, outcome.misses) == (36, 0)


def test_what_was_interrupted_goes_on(cfg: plan.Config, tmp_path: Path,
                                      monkeypatch: pytest.MonkeyPatch) -> None:
    run(cfg, tmp_path / "whole")
    real, done = jobs._probe, []

    def dies(request: dict) -> tuple:
        if done:
            raise KeyboardInterrupt
        done.append(request["job"])
        return real(request)

    monkeypatch.setattr(jobs, "_probe", dies)
    with pytest.raises(KeyboardInterrupt):
        run(cfg, tmp_path / "exp")
    assert [p.stem for p in (tmp_path / "exp" / "cells").iterdir()] == done
    assert not (tmp_path / "exp" / "results.jsonl").exists()
    monkeypatch.setattr(jobs, "_probe", real)
    run(cfg, tmp_path / "exp")
    one, other = ((tmp_path / name / "results.jsonl").read_bytes() for name in ("whole", "exp"))
    assert one == other


def test_a_failing_upstream_does_not_stop_the_rest(cfg: plan.Config, tmp_path: Path) -> None:
    cfg = dataclasses.replace(cfg, upstreams=cfg.upstreams | {"wrong": plan.Encoder("broken")})
    said: list[str] = []
    outcome = sweep.run(cfg, tmp_path / "exp", said.append)
    assert len(outcome.cells) == 12 and len(outcome.missing) == 12
    assert any("upstream wrong fails, the others go on: upstream 'broken'" in line for line in said)
    assert any("missing 6 of 6" in line for line in sweep.table(outcome))
    with pytest.raises(InputError, match="12 of 24 cells have no result .* upstream wrong: upstream"):
        sweep.finish(outcome)


def test_a_corrupt_file_is_named_and_can_be_left_out(cfg: plan.Config, tmp_path: Path) -> None:
    (tmp_path / "sound" / "2-3.wav").write_bytes(b"RIFFnonsense")
    (tmp_path / "sound" / "4-1.wav").unlink()
    outcome = run(cfg, tmp_path / "exp")
    assert len(outcome.missing) == 12 and outcome.cells == []
    reason = outcome.missing[0]["reason"]
    assert reason.startswith("2 of 36 sounds have no features, such as tone-2-3") and "2-3.wav" in reason
    outcome = run(dataclasses.replace(cfg, skip_unreadable=True), tmp_path / "exp")
    assert outcome.missing == []
    assert {tuple(c["left_out"]) for c in outcome.cells} == {("tone-2-3", "tone-4-1")}
    (tmp_path / "sound" / "2-3.wav").write_bytes((tmp_path / "sound" / "2-1.wav").read_bytes())
    (tmp_path / "sound" / "4-1.wav").write_bytes((tmp_path / "sound" / "4-4.wav").read_bytes())
    assert run(cfg, tmp_path / "exp").missing == []


def test_a_class_missing_in_training_fails_its_fold_alone(cfg: plan.Config, tones: Path,
                                                          tmp_path: Path) -> None:
    heard = ("speaker-0", "speaker-3")  # they alone say "high"
    rows = [u for u in read_manifest(tones) if u.labels["pitch"] != "high" or u.speaker in heard]
    write_manifest(tones, rows)
    found = plan.make(cfg, tmp_path / "exp").folds["pitch", "tones", ""]
    high = [f.name for f in found.folds if all(found.targets[i] for i in f.train)]
    outcome = run(dataclasses.replace(cfg, tasks=("pitch",)), tmp_path / "exp")
    assert high
    assert {m["reason"] for m in outcome.missing} == {
        f"fold {f}: no training utterance of class high; merge or drop the class, or take another protocol"
        for f in high}
    assert {c["fold"] for c in outcome.cells} == {f.name for f in found.folds} - set(high)
    assert run(dataclasses.replace(cfg, tasks=("pitch",)), tmp_path / "exp").missing == outcome.missing


def test_the_same_sound_in_two_parts_is_refused(cfg: plan.Config, tmp_path: Path) -> None:
    for i in range(6):
        sound = (tmp_path / "sound" / f"0-{i}.wav").read_bytes()
        for s in range(1, 6):
            (tmp_path / "sound" / f"{s}-{i}.wav").write_bytes(sound)
    outcome = run(cfg, tmp_path / "exp")
    assert outcome.cells == [] and "the same sound in train and" in outcome.missing[0]["reason"]


def test_a_defect_is_a_line_with_its_traceback_in_a_file(cfg: plan.Config, tmp_path: Path,
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(request: dict) -> None:
        raise RuntimeError("out of\nluck")

    monkeypatch.setattr(jobs, "_probe", broken)
    outcome = run(cfg, tmp_path / "exp")
    reason = outcome.missing[0]["reason"]
    assert reason.startswith("RuntimeError: out of luck (traceback in errors/probe-")
    written = tmp_path / "exp" / "errors" / reason.rpartition("/")[2].rstrip(")")
    assert "Traceback" in written.read_text(encoding="utf-8")


def test_the_control_is_a_job_of_its_own(cfg: plan.Config, tmp_path: Path) -> None:
    outcome = run(dataclasses.replace(cfg, shuffled=("bands",), tasks=("pitch",)), tmp_path / "exp")
    means = {c: np.mean([cell["metrics"]["uar"] for cell in outcome.cells if cell["control"] == c])
             for c in ("", "shuffled")}
    assert means[""] > 0.9 and means["shuffled"] < 0.7


def test_two_corpora_are_tested_on_each_other(cfg: plan.Config, tones: Path, tmp_path: Path) -> None:
    rows = [dataclasses.replace(u, id=f"b-{u.id}", speaker=f"b-{u.speaker}") for u in read_manifest(tones)]
    write_manifest(tmp_path / "b" / "others.jsonl", rows[:18])
    (tmp_path / "b" / "sound").mkdir()
    for file in (tmp_path / "sound").iterdir():
        (tmp_path / "b" / "sound" / file.name).write_bytes(file.read_bytes())
    spec = tmp_path / "specs" / "pitch.yaml"
    spec.write_text(spec.read_text() + "  others: {label: pitch, protocol: speaker-3fold}\ncross: true\n")
    corpora = cfg.corpora | {"others": plan.Corpus(manifest=str(tmp_path / "b" / "others.jsonl"))}
    cfg = dataclasses.replace(cfg, corpora=corpora, cross=True, tasks=("pitch",))
    assert sorted(plan.make(cfg, tmp_path / "exp").folds) == [
        ("pitch", "others", ""), ("pitch", "others", "tones"), ("pitch", "tones", ""),
        ("pitch", "tones", "others")]
    outcome = run(cfg, tmp_path / "exp")  # the sounds are the same: what is trained on is tested on
    assert {(m["corpus"], m["test_corpus"]) for m in outcome.missing} == {
        ("tones", "others"), ("others", "tones")}
    assert all("the same sound in" in m["reason"] for m in outcome.missing)
    for i, file in enumerate((tmp_path / "b" / "sound").iterdir()):
        wave = audio.read(file)
        wave[: 100 + i] = 0
        audio.write(file, wave)
    outcome = run(cfg, tmp_path / "exp")
    across = [c for c in outcome.cells if c["test_corpus"]]
    assert outcome.missing == [] and len(across) == 12
    assert {c["counts"]["test"]["utterances"] for c in across if c["corpus"] == "others"} == {36}
    for limits in ({"cross_corpora": ("tones",)}, {"cross_upstreams": ("b",)}):
        two = {"upstreams": {"bands": plan.Encoder(), "b": plan.Encoder()}, **limits}
        jobs = plan.make(dataclasses.replace(cfg, **two), tmp_path / "exp").jobs  # type: ignore[arg-type]
        assert {j.upstream for j in jobs if j.test_corpus} == set(limits.get("cross_upstreams", ()))
        assert {j.upstream for j in jobs} == {"bands", "b"}


def test_some_of_a_corpus_and_what_an_upstream_has_seen(cfg: plan.Config, tones: Path, tmp_path: Path,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Bands, "seen", ("tones",), raising=False)
    corpora = {"tones": plan.Corpus(manifest=str(tones), most=18)}
    outcome = run(dataclasses.replace(cfg, corpora=corpora), tmp_path / "exp")
    assert outcome.missing == [] and outcome.misses == 18
    assert {c["counts"]["test"]["utterances"] for c in outcome.cells} == {6}
    assert all(c["seen"] and c["protocol"].endswith("(incomplete)") for c in outcome.cells)
    assert {len(c["gaps"]) for c in outcome.cells} == {1}
    whole = run(cfg, tmp_path / "exp")
    assert (whole.hits, whole.misses) == (18, 18) and not any(c["gaps"] for c in whole.cells)
    with pytest.raises(ValueError, match="most=-1"):
        plan.Corpus(most=-1)


def test_frames_for_attention_and_batches(cfg: plan.Config, tmp_path: Path) -> None:
    attention = Probe(head="attention", lrs=(1e-1,), epochs=6, batch=8)
    cfg = dataclasses.replace(cfg, probes={"attention": attention}, tasks=("pitch",),
                              features=plan.Features(batch_seconds=2.0, dtype="float16"))
    outcome = run(cfg, tmp_path / "exp")
    assert outcome.missing == []
    assert records.read(tmp_path / "exp").costs[0]["pooling"] == "none"


def test_dry_run_says_what_it_costs_and_does_nothing(cfg: plan.Config, tmp_path: Path) -> None:
    lines = sweep.dry_run(cfg, tmp_path / "exp")
    text = "\n".join(lines)
    assert "features bands of tones: 0 there, 36 to make" in text
    assert "12 cells in 2 jobs, 0 of them done before; 24 probes to train" in text
    assert not (tmp_path / "exp" / "cells").exists()


@pytest.mark.parametrize(("tasks", "message"), [
    (("mood",), "'mood' is not known"), (("pitch/elsewhere",), "not bound to 'elsewhere'"),
    (("gender",), "nothing to do")])
def test_a_plan_that_cannot_be(cfg: plan.Config, tmp_path: Path, tasks: tuple, message: str) -> None:
    with pytest.raises(InputError, match=message):
        plan.make(dataclasses.replace(cfg, tasks=tasks), tmp_path / "exp")


def test_a_claimed_job_is_left_to_the_other(cfg: plan.Config, tmp_path: Path) -> None:
    """Another process holds a job's lock: the answer is that it is busy, at once."""
    import subprocess
    import sys

    exp = tmp_path / "exp"
    run(cfg, exp)
    name = sorted(p.stem for p in (exp / "cells").iterdir())[0]
    holds = (f"import fcntl, sys\nf = open({str(exp / 'claims' / name)!r}, 'w')\n"
             "fcntl.lockf(f, fcntl.LOCK_EX)\nprint('held', flush=True)\nsys.stdin.read()")
    other = subprocess.Popen([sys.executable, "-c", holds], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             text=True)
    assert other.stdout and other.stdout.readline() == "held\n"
    (exp / "cells" / f"{name}.jsonl").unlink()
    assert jobs.probe({"exp": str(exp), "job": name}) == {"busy": True}
    other.kill()
    other.wait()
    assert "error" in jobs.probe({"exp": str(exp), "job": name})  # the lock is free: it begins


def test_nothing_of_time_or_place_is_in_the_results(cfg: plan.Config, tmp_path: Path) -> None:
    run(cfg, tmp_path / "a")
    moved = dataclasses.replace(cfg, features=plan.Features(store=str(tmp_path / "elsewhere")))
    run(moved, tmp_path / "b")
    one, other = ((tmp_path / n / "results.jsonl").read_text(encoding="utf-8") for n in "ab")
    assert one == other and str(tmp_path) not in one
    assert json.loads(one.splitlines()[0])["versions"]["torch"]


# --- everything that is kept is kept by content -------------------------------------------------------------


def test_other_sounds_of_the_same_names_and_times_are_computed_anew(cfg: plan.Config,
                                                                    tmp_path: Path) -> None:
    exp = tmp_path / "exp"
    run(cfg, exp)
    file = tmp_path / "sound" / "0-0.wav"
    stat = file.stat()
    audio.write(file, 0.5 * audio.read(file)[::-1])
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (stat.st_size, stat.st_mtime_ns)
    outcome = run(cfg, exp)
    assert outcome.misses == 1 and outcome.missing == []
    assert len(list((exp / "cells").glob("*.jsonl"))) == 4
    fresh = run(cfg, tmp_path / "fresh")
    assert [c["metrics"] for c in outcome.cells] == [c["metrics"] for c in fresh.cells]


def test_corpora_may_share_ids(cfg: plan.Config, tones: Path, tmp_path: Path) -> None:
    (tmp_path / "b" / "sound").mkdir(parents=True)
    for file in (tmp_path / "sound").iterdir():
        audio.write(tmp_path / "b" / "sound" / file.name, 0.5 * audio.read(file))
    write_manifest(tmp_path / "b" / "others.jsonl", read_manifest(tones))
    spec = tmp_path / "specs" / "pitch.yaml"
    spec.write_text(spec.read_text() + "  others: {label: pitch, protocol: speaker-3fold}\n")
    more = {"others": plan.Corpus(manifest=str(tmp_path / "b" / "others.jsonl"))}
    both = dataclasses.replace(cfg, corpora=cfg.corpora | more, tasks=("pitch",))
    made = plan.make(both, tmp_path / "exp")
    keys = sweep.content_keys_of(both, tmp_path / "exp", made)
    names = {corpus: {keys[corpus, u.id] for u in read_manifest(tones)} for corpus in ("tones", "others")}
    assert len(keys) == 72 and not names["tones"] & names["others"]


def test_a_sound_that_changes_while_the_sweep_runs_is_not_kept(cfg: plan.Config, tmp_path: Path,
                                                               monkeypatch: pytest.MonkeyPatch) -> None:
    real, exp = sweep.content_keys_of, tmp_path / "exp"

    def keys(*arguments: Any) -> Any:
        found = real(*arguments)
        (tmp_path / "sound" / "1-1.wav").write_bytes((tmp_path / "sound" / "1-5.wav").read_bytes())
        return found

    monkeypatch.setattr(sweep, "content_keys_of", keys)
    outcome = run(cfg, exp)
    assert "1-1.wav: changed while the sweep ran" in outcome.missing[0]["reason"]


def test_an_upstream_whose_files_change_is_another(cfg: plan.Config, tmp_path: Path,
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    """In one process, where the last upstream stays loaded; and between the pieces of a sweep."""
    class Read(Bands):
        def __init__(self) -> None:
            self.identity = (tmp_path / "weights").read_text()

    monkeypatch.setattr(upstreams, "load", lambda name, **options: Read())
    (tmp_path / "weights").write_text("one")
    first = {c["upstream_identity"] for c in run(cfg, tmp_path / "exp").cells}
    (tmp_path / "weights").write_text("two")
    again = run(cfg, tmp_path / "exp")
    assert again.misses == 36 and not first & {c["upstream_identity"] for c in again.cells}
    real = jobs.describe

    def describe(request: dict) -> dict:
        answer = real(request)
        (tmp_path / "weights").write_text("four")
        jobs._upstream.cache_clear()
        return answer

    (tmp_path / "weights").write_text("three")
    monkeypatch.setattr(jobs, "describe", describe)
    outcome = run(cfg, tmp_path / "exp")
    assert outcome.cells == [] and "not the same here as when the sweep began" in outcome.missing[0]["reason"]


def test_the_reading_of_sound_is_part_of_the_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {sounds.identity(Bands()), sounds.identity(Bands(), 10.0)}
    monkeypatch.setattr(sounds, "_version", lambda package: "0")
    names.add(sounds.identity(Bands()))
    monkeypatch.undo()
    monkeypatch.setattr(sounds.sources, "module_hash", lambda *names: "0")
    assert len(names | {sounds.identity(Bands())}) == 4


def test_other_versions_or_code_are_other_cells(cfg: plan.Config, tmp_path: Path,
                                                monkeypatch: pytest.MonkeyPatch) -> None:
    run(cfg, tmp_path / "exp")
    monkeypatch.setattr(jobs, "versions", lambda: {"avspeech": "0", "torch": "0", "numpy": "0"})
    assert {c["versions"]["torch"] for c in run(cfg, tmp_path / "exp").cells} == {"0"}


def test_a_corpus_whose_files_change_is_prepared_again(tmp_path: Path,
                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    from avspeech.data import corpora

    source, prepared = tmp_path / "ravdess", []
    source.mkdir()
    (source / "labels.csv").write_text("a,1")
    monkeypatch.setattr(corpora, "prepare", lambda name, *rest, **options: prepared.append(name))
    cfg = plan.Config(corpora={"ravdess": plan.Corpus(source=str(source))},
                      upstreams={"log-mel": plan.Encoder()})
    for _ in range(2):
        plan.prepare(cfg, tmp_path / "exp")
    assert len(prepared) == 1
    stat = (source / "labels.csv").stat()
    (source / "labels.csv").write_text("a,2")
    os.utime(source / "labels.csv", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    plan.prepare(cfg, tmp_path / "exp")
    assert len(prepared) == 2


def test_what_is_left_out_is_counted_and_said(cfg: plan.Config, tones: Path, tmp_path: Path) -> None:
    rows = []
    for i, u in enumerate(read_manifest(tones)):
        gone = {2: {"level": 0.5}, 9: {"pitch": None, "level": 0.5}, 20: {"pitch": " ", "level": 0.5}}
        rows.append(dataclasses.replace(u, labels=gone.get(i, u.labels)))
    write_manifest(tones, rows)
    said: list[str] = []
    outcome = sweep.run(dataclasses.replace(cfg, tasks=("pitch",)), tmp_path / "exp", said.append)
    note = "pitch on tones: 3 of 36 utterances have no label that counts and are left out"
    assert note in said and {c["unlabelled"] for c in outcome.cells} == {3}
    assert {tuple(c["classes"]) for c in outcome.cells} == {("high", "low", "mid")}
    sweep.report(outcome, tmp_path / "exp")
    text = (tmp_path / "exp" / "RESULTS.md").read_text(encoding="utf-8")
    assert note in text and "3 of 3" in text


@pytest.mark.parametrize("change", ["speaker", "label", "times", "unlabelled", "term", "nothing"])
def test_a_changed_manifest_is_run_again(cfg: plan.Config, tones: Path, tmp_path: Path, change: str) -> None:
    """Before, other names of the speakers kept the old cells, whose intervals are by speaker."""
    cfg = dataclasses.replace(cfg, tasks=("pitch",), seeds=(0,))
    before = run(cfg, tmp_path / "exp")
    rows = read_manifest(tones)
    if change == "speaker":  # who is in which part stays
        spec = tmp_path / "specs" / "pitch.yaml"
        spec.write_text(spec.read_text().replace("speaker-3fold", "official"))
        parts = ("train", "train", "train", "dev", "test", "test")
        rows = [dataclasses.replace(u, labels={**u.labels, "split": parts[int(u.speaker[-1])]}) for u in rows]
        write_manifest(tones, rows)
        before = run(cfg, tmp_path / "exp")
        rows = [dataclasses.replace(u, speaker=u.speaker.replace("speaker-5", "speaker-4")) for u in rows]
    elif change == "label":
        rows[0] = dataclasses.replace(rows[0], labels={**rows[0].labels, "pitch": "high"})
    elif change == "times":
        rows[0] = dataclasses.replace(rows[0], duration=rows[0].duration - 0.1)
    elif change == "unlabelled":
        rows.append(dataclasses.replace(rows[0], id="bare", labels={}))
    elif change == "term":
        spec = tmp_path / "specs" / "pitch.yaml"
        spec.write_text(spec.read_text().replace("term: short", "term: long"))
    write_manifest(tones, rows)
    after = run(cfg, tmp_path / "exp")
    assert ({c["job"] for c in after.cells} == {c["job"] for c in before.cells}) is (change == "nothing")
    if change == "speaker":
        assert after.cells[0]["counts"]["test"]["speakers"] == 1
    if change == "unlabelled":
        assert after.cells[0]["unlabelled"] == 1


def test_a_task_that_cannot_be_planned_has_no_row_of_its_own(cfg: plan.Config, tmp_path: Path) -> None:
    """Before, the tables had an upstream and a probe without a name."""
    spec = tmp_path / "specs" / "level.yaml"
    spec.write_text(spec.read_text().replace("label: level", "label: gone"))
    run(dataclasses.replace(cfg, seeds=(0,)), tmp_path / "exp")
    board = leaderboard.Board.read(tmp_path / "exp", samples=10)
    assert board.upstreams == ("bands",) and board.probes == ("linear",)
    assert board.columns == (("level", "tones"), ("pitch", "tones"))
    assert board._heading("level", "tones") == "level (tones)"
    assert any("none of 36 utterances has a label 'gone'" in line for _, line in board.missing())


def test_one_sound_whose_features_are_not_finite_fails_alone(cfg: plan.Config, tmp_path: Path,
                                                             monkeypatch: pytest.MonkeyPatch) -> None:
    """Before, the whole shard of 128 sounds failed with it, named by a hash."""
    def features(upstream: Any, waves: list, pooling: str) -> list[np.ndarray]:
        return [np.full((2, 4), np.nan if len(w) == 4800 else 1.0, np.float32) for w in waves]

    monkeypatch.setattr(jobs, "features", features)
    outcome = run(cfg, tmp_path / "exp")
    assert not outcome.cells
    assert {m["reason"].partition("; mend")[0] for m in outcome.missing} == {
        "12 of 36 sounds have no features, such as tone-0-0 (upstream bands gives values that are not "
        "finite as float32)"}
    kept = run(dataclasses.replace(cfg, skip_unreadable=True), tmp_path / "exp")
    assert not kept.missing and len(kept.cells[0]["left_out"]) == 12


def test_results_of_two_machines_belong_together_or_are_refused(cfg: plan.Config, tmp_path: Path) -> None:
    run(cfg, tmp_path / "exp")
    place = tmp_path / "exp" / "results.jsonl"
    lines = place.read_text(encoding="utf-8")
    before = records.read(tmp_path / "exp").cells
    place.write_text(lines + lines, encoding="utf-8")
    assert records.read(tmp_path / "exp").cells == before
    one = {**before[0], "metrics": {"ccc": 0.0}}
    place.write_text(lines + json.dumps(one) + "\n", encoding="utf-8")
    with pytest.raises(InputError, match="results.jsonl: two results of level, tones, bands, linear"):
        records.read(tmp_path / "exp")
    one = {**before[0], "upstream": "other", "files_hash": "0"}
    place.write_text(lines + json.dumps(one) + "\n", encoding="utf-8")
    with pytest.raises(InputError, match="level on tones: bands and other were measured on other sounds"):
        records.read(tmp_path / "exp")
