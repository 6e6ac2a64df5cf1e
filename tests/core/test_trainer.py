"""The training loop. Killing and several processes are tried in forks of one process that has imported
torch, which costs a fraction of a second each: `python test_trainer.py FOLDER` is that process, run
once by a fixture here."""

from __future__ import annotations

import contextlib
import json
import math
import os
import random
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from avspeech.core import checkpoint, processes, storage, trainer
from avspeech.core.trainer import TrainConfig, fit
from avspeech.errors import InputError

CONFIG = TrainConfig(max_steps=12, batch_seconds=8, lr=0.05, warmup_steps=3, validate_every=3,
                     checkpoint_every=4, log_every=2)


class Tiny:
    """Regression of a noisy line: `item` draws its noise from the seed."""

    def __init__(self, lengths):
        self.lengths = lengths

    def item(self, index, seed):
        draw = np.random.default_rng(seed)
        x = np.sin(np.arange(1, 7) * (index + 1)).astype(np.float32)
        return {"x": x, "y": np.float32(x.sum() + 0.1 * draw.standard_normal()), "id": f"u{index}"}

    def collate(self, items):
        return {"x": torch.from_numpy(np.stack([i["x"] for i in items])),
                "y": torch.from_numpy(np.stack([i["y"] for i in items])), "ids": [i["id"] for i in items]}


MIXED = Tiny([1.0 + 0.7 * (i % 4) for i in range(23)])
EQUAL = Tiny([1.0] * 8)


class Watched(nn.Module):
    """A little of everything a state has: running statistics, dropout, frozen weights;
    draws from every generator."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv1d(1, 5, 3), nn.BatchNorm1d(5), nn.Tanh(), nn.Dropout(0.2),
                                    nn.Flatten(), nn.Linear(20, 1))
        self.frozen = nn.Linear(6, 1).requires_grad_(False)

    def forward(self, x):
        noise = (random.random() + np.random.rand()) * 0.01 if self.training else 0
        return (self.layers(x[:, None] + noise) + self.frozen(x)).squeeze(1)


def squares(model, batch):
    loss = (model(batch["x"]) - batch["y"]).square().mean()
    return loss, {"rmse": loss.sqrt()}


def wavering(model):
    """A score that goes up and down, so that the best is not the last; it draws, which must not matter."""
    torch.rand(3), random.random()
    x = torch.stack([torch.from_numpy(MIXED.item(i, 0)["x"]) for i in range(8)])
    return {"score": float(torch.sin(100 * model(x).sum())), "size": 8}


def made(kind, seed=0):
    torch.manual_seed(seed)
    return kind()


def linear():
    return nn.Sequential(nn.Linear(6, 1), nn.Flatten(0))


def weights(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def equal(a, b, **tolerance):
    return a.keys() == b.keys() and all(
        torch.allclose(a[k], b[k], **tolerance) if tolerance else torch.equal(a[k], b[k]) for k in a)


def lines(folder, *without):
    records = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [{k: v for k, v in r.items() if k not in ("seconds", *without)} for r in records]


def trained(tmp_path, config, kind=linear, dataset=MIXED, loss=squares, validate=None, name="run"):
    model = made(kind)
    result = fit(model, loss, dataset, config, tmp_path / name, validate)
    return model, result, tmp_path / name


# --- what it learns, keeps and writes ---


def test_it_learns(tmp_path):
    model, result, folder = trained(tmp_path, replace(CONFIG, max_steps=150))
    losses = [r["loss"] for r in lines(folder)]
    assert losses[-1] < 0.1 < losses[0]
    assert result == trainer.FitResult(150, 150, None, {}) and not model.training


def test_the_best_weights_come_back(tmp_path):
    scores = {3: 1.0, 6: 5.0, 9: math.nan, 12: 2.0}
    seen = {}

    def validate(model):
        assert not model.training and not torch.is_grad_enabled()
        step = 3 * (len(seen) + 1)
        seen[step] = weights(model)
        return {"score": scores[step], "other": step}

    model, result, folder = trained(tmp_path, CONFIG, validate=validate)
    assert result == trainer.FitResult(12, 6, 5.0, {"score": 5.0, "other": 6.0})
    assert equal(weights(model), seen[6]) and not equal(seen[6], seen[12])
    from safetensors.torch import load_file

    assert equal(load_file(folder / "best.safetensors"), seen[6])
    again = made(linear, seed=1)
    # Finished: nothing to do but to read it.
    assert fit(again, squares, MIXED, CONFIG, folder, validate) == result
    assert equal(weights(again), seen[6])


def test_a_validation_without_score_says_so(tmp_path):
    with pytest.raises(ValueError, match="'score'.*sdr"):
        trained(tmp_path, CONFIG, validate=lambda model: {"sdr": 1})


def test_log(tmp_path):
    _, _, folder = trained(tmp_path, CONFIG, validate=wavering)
    records = lines(folder)
    assert [r["step"] for r in records if "loss" in r] == [2, 4, 6, 8, 10, 12]
    assert [r["step"] for r in records if "valid" in r] == [3, 6, 9, 12]
    assert set(records[0]) == {"step", "loss", "grad_norm", "rmse", "lr", "epoch"}
    assert all(isinstance(r["seconds"], float)
               for r in map(json.loads, (folder / "log.jsonl").read_text().splitlines()))


def test_schedule():
    config = replace(CONFIG, max_steps=100, warmup_steps=10, lr=2.0)
    rates = [trainer.learning_rate(step, config) for step in range(100)]
    assert rates[0] == pytest.approx(0.2) and rates[9] == rates[10] == 2.0 and rates[55] == pytest.approx(1.0)
    assert rates[10:] == sorted(rates[10:], reverse=True) and 0 < rates[99] < 0.01
    assert trainer.learning_rate(99, replace(config, schedule="constant")) == 2.0


@pytest.mark.parametrize("key, value",
                         [("max_steps", 0), ("lr", 0.0), ("lr", math.nan), ("ema", 1.0), ("clip", -1.0),
                          ("precision", "fp16"), ("schedule", "linear"), ("seed", -1)])
def test_config_is_checked(key, value):
    with pytest.raises(InputError, match=key):
        TrainConfig(**{key: value})


# --- the update ---


@pytest.mark.parametrize("lengths", [[1.0] * 12, [1.0] * 5 + [3.0] * 3 + [7.9] * 2], ids=["equal", "uneven"])
def test_accumulation_equals_one_large_batch(tmp_path, lengths):
    """Batches of unlike numbers of utterances too: each utterance counts the same."""
    data = Tiny(lengths)
    count = len(trainer.batching.bucket(lengths, 4, (0, 0)))
    config = replace(CONFIG, max_steps=5, clip=0.5)
    small, _, a = trained(tmp_path, replace(config, batch_seconds=4, accumulate=count), dataset=data,
                          name="a")
    # a count of batches an epoch that differs by epoch would let the runs drift apart
    assert all(len(trainer.batching.bucket(lengths, 4, (0, e))) == count for e in range(5))
    large, _, b = trained(tmp_path, replace(config, batch_seconds=1000), dataset=data, name="b")
    assert equal(weights(small), weights(large), atol=1e-6)
    assert [r["loss"] for r in lines(a)] == pytest.approx([r["loss"] for r in lines(b)], rel=1e-5)
    assert [r["grad_norm"] for r in lines(a)] == pytest.approx([r["grad_norm"] for r in lines(b)], rel=1e-5)


def test_clipping(tmp_path):
    norms = []

    class Spy(torch.optim.AdamW):
        def step(self):
            norms.append(float(torch.stack([p.grad.norm() for g in self.param_groups
                                            for p in g["params"]]).norm()))
            super().step()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.optim, "AdamW", Spy)
        _, _, folder = trained(tmp_path, replace(CONFIG, clip=0.25, log_every=1))
        limited = norms.copy()
        trained(tmp_path, replace(CONFIG, clip=0.0), name="free")
    logged = [r["grad_norm"] for r in lines(folder)]
    assert max(logged) > 0.3 and max(limited) <= 0.2501  # the log has the norm before clipping
    assert max(norms[12:]) > 0.3


def test_weight_decay_spares_vectors(tmp_path):
    config = replace(CONFIG, weight_decay=10.0)
    zero = lambda model, batch: (0 * model(batch["x"]).sum(), {})  # noqa: E731
    before = weights(made(Watched))
    after = weights(trained(tmp_path, config, kind=Watched, loss=zero)[0])
    assert after["layers.0.weight"].norm() < 0.5 * before["layers.0.weight"].norm()
    for name in ("layers.0.bias", "layers.1.weight", "frozen.weight"):
        assert torch.equal(before[name], after[name])


def test_a_module_may_have_a_rate_of_its_own(tmp_path):
    """AdamW's first step is the rate itself, whatever the gradient."""
    model = nn.Sequential(nn.Linear(6, 4), nn.Linear(4, 1), nn.Flatten(0))
    before = weights(model)
    model[0].rate = 0.1
    fit(model, squares, EQUAL, replace(CONFIG, max_steps=1, warmup_steps=0, weight_decay=0.0), tmp_path)
    moved = {name: float((value - before[name]).abs().max()) for name, value in weights(model).items()}
    assert moved == pytest.approx({"0.weight": 0.005, "0.bias": 0.005, "1.weight": 0.05, "1.bias": 0.05},
                                  rel=1e-3)


def test_ema_is_what_is_validated_and_kept(tmp_path):
    seen = []
    model, _, folder = trained(tmp_path, replace(CONFIG, ema=0.9), kind=Watched,
                               validate=lambda m: seen.append(weights(m)) or {"score": len(seen)})
    state = checkpoint.load_latest(folder / "checkpoints")[1]
    assert (equal(weights(model), seen[-1]) and equal(seen[-1], state["ema"])
            and not equal(seen[-1], state["model"]))
    assert state["ema"]["layers.1.num_batches_tracked"] == 12


def watched():
    """The types of what comes out of a model, and the loss that notes them."""
    kinds = set()

    def loss(model, batch):
        out = model(batch["x"])
        kinds.add(out.dtype)
        return (out.float() - batch["y"]).square().mean(), {}

    return kinds, loss


def test_bf16(tmp_path):
    kinds, loss = watched()
    model, _, folder = trained(tmp_path, replace(CONFIG, precision="bf16", max_steps=40), loss=loss)
    assert kinds == {torch.bfloat16} and next(model.parameters()).dtype == torch.float32
    assert lines(folder)[-1]["loss"] < lines(folder)[0]["loss"]


@pytest.mark.parametrize("units, kind", [([], torch.float32), (["AMX"], torch.bfloat16)])
def test_auto_takes_bf16_where_the_processor_multiplies_in_it(tmp_path, monkeypatch, units, kind):
    kinds, loss = watched()
    monkeypatch.setattr(trainer, "bf16_units", lambda: units)
    trained(tmp_path, replace(CONFIG, precision="auto", max_steps=2), loss=loss)
    assert kinds == {kind}


# --- what is not finite ---


@pytest.mark.parametrize("where", ["loss", "gradient"])
def test_not_finite_stops_before_the_update_and_names_the_utterances(tmp_path, where):
    kept = {}

    def loss(model, batch):
        value, logs = squares(model, batch)
        if "u7" in batch["ids"]:
            kept.update(weights=weights(model), ids=batch["ids"])
            if where == "loss":
                return value + math.nan, logs
            value = value + 0 * torch.sqrt(0 * model[0].weight.sum())  # finite, with an infinite slope
        return value, logs

    model = made(linear)
    with pytest.raises(trainer.NonFiniteLoss, match="u7") as caught:
        fit(model, loss, MIXED, replace(CONFIG, checkpoint_every=1, accumulate=2), tmp_path)
    assert equal(weights(model), kept["weights"])
    if where == "loss":
        assert caught.value.ids == kept["ids"]  # not those of the other, sound batch of the update
    record = lines(tmp_path)[-1]
    assert record["event"] == "non-finite" and "u7" in record["ids"]
    found = checkpoint.load_latest(tmp_path / "checkpoints")
    assert found is None or equal(found[1]["model"], kept["weights"])
    # Mended, it goes on.
    fit(model, squares, MIXED, replace(CONFIG, checkpoint_every=1, accumulate=2), tmp_path)
    assert [r["step"] for r in lines(tmp_path)] == [2, 4, 6, 8, 10, 12]


# --- resuming ---


class Enough(Exception):
    pass


def interrupted(folder, config, at, kind=Watched):
    """A run that dies in the loss of its update number `at` (from 0)."""
    calls = iter(range(10**6))

    def loss(model, batch):
        if next(calls) == at * config.accumulate:
            raise Enough
        return squares(model, batch)

    with contextlib.suppress(Enough):
        fit(made(kind), loss, MIXED, config, folder, wavering)


FULL = replace(CONFIG, accumulate=2, ema=0.9, checkpoint_every=2)


def final_files(folder):
    path = checkpoint._steps(folder / "checkpoints")[0]
    return [(path / name).read_bytes() for name in (checkpoint.TENSORS, checkpoint.REST)]


@pytest.mark.parametrize("workers", [0, 2])
def test_resumed_equals_uninterrupted_bit_by_bit(tmp_path, workers):
    model, result, folder = trained(tmp_path, FULL, kind=Watched, validate=wavering)
    config = replace(FULL, workers=workers)
    interrupted(tmp_path / "b", config, 7)
    interrupted(tmp_path / "b", config, 4)
    other = made(Watched, seed=5)
    assert fit(other, squares, MIXED, FULL, tmp_path / "b", wavering) == result
    assert equal(weights(model), weights(other))
    assert lines(folder) == lines(tmp_path / "b")
    assert final_files(folder) == final_files(tmp_path / "b")


def test_workers_change_nothing(tmp_path):
    a, _, _ = trained(tmp_path, FULL, kind=Watched, name="a")
    b, _, _ = trained(tmp_path, replace(FULL, workers=2), kind=Watched, name="b")
    assert equal(weights(a), weights(b))


def test_a_truncated_newest_checkpoint_costs_steps_not_the_result(tmp_path, caplog):
    model, _, _ = trained(tmp_path, FULL, kind=Watched, validate=wavering)
    folder = tmp_path / "b"
    interrupted(folder, FULL, 9)
    newest = checkpoint._steps(folder / "checkpoints")[0]
    assert newest.name == "step-00000008"
    path = newest / checkpoint.TENSORS
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    other = made(Watched, seed=5)
    fit(other, squares, MIXED, FULL, folder, wavering)
    assert "step-00000008" in caplog.text and equal(weights(model), weights(other))


def test_more_steps_can_be_asked_for(tmp_path):
    constant = replace(FULL, schedule="constant")
    straight, _, _ = trained(tmp_path, constant, kind=Watched, name="a")
    trained(tmp_path, replace(constant, max_steps=5), kind=Watched, name="b")
    longer, result, _ = trained(tmp_path, constant, kind=Watched, name="b")
    assert result.steps == 12 and equal(weights(straight), weights(longer))


@pytest.mark.parametrize("change", [{"lr": 0.1}, {"seed": 3}, {"ema": 0.0}, {"accumulate": 1}])
def test_another_configuration_is_refused_by_name(tmp_path, change):
    trained(tmp_path, FULL, kind=Watched)
    with pytest.raises(InputError, match=next(iter(change))):
        fit(made(Watched), squares, MIXED, replace(FULL, **change), tmp_path / "run")


def test_another_model_or_dataset_is_refused(tmp_path):
    trained(tmp_path, CONFIG)
    with pytest.raises(InputError, match="another model.*0.weight"):
        fit(nn.Sequential(nn.Linear(7, 1)), squares, MIXED, CONFIG, tmp_path / "run")
    with pytest.raises(InputError, match="23 items then, 8 now"):
        fit(made(linear), squares, EQUAL, CONFIG, tmp_path / "run")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_and_stops(tmp_path, number):
    before = signal.getsignal(number)
    straight, _, _ = trained(tmp_path, FULL, kind=Watched, validate=wavering, name="a")
    calls = iter(range(10**6))

    def loss(model, batch):
        if next(calls) == 10:  # in update 6 of 12
            os.kill(os.getpid(), number)
        return squares(model, batch)

    with pytest.raises(trainer.Stopped) as stopped:
        fit(made(Watched), loss, MIXED, replace(FULL, checkpoint_every=100), tmp_path / "b", wavering)
    assert stopped.value.code == 128 + number and signal.getsignal(number) == before
    assert checkpoint.load_latest(tmp_path / "b" / "checkpoints")[0] == 6
    model = made(Watched, seed=5)
    fit(model, squares, MIXED, FULL, tmp_path / "b", wavering)
    assert equal(weights(model), weights(straight))


# --- in forks ---


@pytest.fixture(scope="module")
def forks(tmp_path_factory):
    """(folder, report) of the process below."""
    folder = tmp_path_factory.mktemp("forks")
    done = subprocess.run([sys.executable, __file__, str(folder)], capture_output=True, text=True,
                          timeout=1200)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder, json.loads(done.stdout.splitlines()[-1])


def test_killed_at_random_and_restarted_it_ends_with_the_same_bits(forks):
    folder, report = forks
    report = report["killed"]
    stages = report["killed at"]
    assert len(stages) >= 20 and report["killed from outside"] >= 1
    assert sum(stage.startswith("save") for stage in stages) >= 10 and "save: half a file" in stages, stages
    straight, killed = folder / "straight", folder / "killed"
    assert report["straight"] == report["killed"]  # hash of the weights that `fit` left in the model
    assert final_files(straight) == final_files(killed)
    assert lines(straight) == lines(killed)
    # killed after its last save but before the tidying, it leaves one more
    assert len(list((killed / "checkpoints").iterdir())) <= KILL_CONFIG.keep + 1


def test_two_processes_equal_one_with_the_doubled_batch(forks):
    folder, report = forks
    report = report["two"]
    assert report["rank 0"] == report["rank 1"]  # weights, hashed
    one = [r for r in lines(folder / "one") if "loss" in r]
    assert len(one) == 12
    for name in ("two", "accumulated"):  # EQUAL is 8 s: 1 x 8 s, 2 x 4 s, and 2 x 2 batches of 2 s an update
        other = [r for r in lines(folder / name) if "loss" in r]
        assert [r["loss"] for r in other] == pytest.approx([r["loss"] for r in one], abs=1e-5)
        assert [r["grad_norm"] for r in other] == pytest.approx([r["grad_norm"] for r in one], abs=1e-4)
    assert report["best"] == [report["best"][0]] * 2  # every process returns the same best step and score
    assert (report["not finite"] == ["NonFiniteLoss", "NonFiniteLoss"]
            and report["resumed"] == report["rank 0"])


@pytest.mark.slow
def test_under_torchrun_with_a_restart(tmp_path):
    """One process dies at its sixth update of the first attempt; torchrun starts both again,
    and they go on."""
    program = tmp_path / "program.py"
    program.write_text(f"""if True:
        import os, signal, sys
        sys.path.insert(0, {os.path.dirname(__file__)!r})
        from test_trainer import CONFIG, EQUAL, fit, hashed, linear, made, replace, squares, trainer

        def dying(model, batch):
            if dying.left == 0 and os.environ["TORCHELASTIC_RESTART_COUNT"] == "0" and not trainer.is_main():
                os.kill(os.getpid(), signal.SIGKILL)
            dying.left -= 1
            return squares(model, batch)

        dying.left = 5
        with trainer.distributed(timeout=60):
            model = made(linear)
            fit(model, dying if sys.argv[1] == "dying" else squares, EQUAL, replace(CONFIG, batch_seconds=4),
                sys.argv[1])
            with open(sys.argv[1] + "-" + os.environ["RANK"], "w") as out:
                out.write(hashed(model))
    """)
    for name in ("straight", "dying"):
        command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--max-restarts",
                   "1", "--monitor-interval", "0.2", "--standalone", str(program), name]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=200)
        assert done.returncode == 0, done.stderr[-3000:]
    weights = [(tmp_path / f"{name}-{rank}").read_text() for name in ("straight", "dying") for rank in (0, 1)]
    assert len(set(weights)) == 1, weights


def hashed(model):
    import hashlib

    return hashlib.sha256(checkpoint.tensor_bytes(model.state_dict())).hexdigest()


def forked(work, folder):
    """Runs work() in a fork; what it returns is written as JSON. Returns (process id, path of the answer)."""
    answer = folder / f"answer-{time.monotonic_ns()}"
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            answer.write_text(json.dumps(work()))
            status = 0
        finally:
            if status:
                import traceback

                traceback.print_exc()
            sys.stderr.flush()
            os._exit(status)
    return child, answer


def result_of(child, answer):
    assert os.waitpid(child, 0)[1] == 0
    return json.loads(answer.read_text())


KILL_CONFIG = replace(FULL, max_steps=32, checkpoint_every=1, validate_every=3, log_every=4)


def killed_main(folder):
    draw = random.Random(1)
    deaths = folder / "deaths"
    deaths.touch()

    def run(name):
        model = made(Watched)
        fit(model, squares, MIXED, KILL_CONFIG, folder / name, wavering)
        return hashed(model)

    def dying(after, files_only):
        """A run that kills itself at the `after`-th of the calls that are watched,
        or of the files written."""
        calls, files = iter(range(10**6)), iter(range(10**6))

        def die(stage):
            with open(deaths, "a") as out:
                out.write(stage + "\n")
            os.kill(os.getpid(), signal.SIGKILL)

        def watch(module, name, stage):
            function = getattr(module, name)

            def call(*args, **kwargs):
                if next(calls) == after and not files_only:
                    die(stage)
                return function(*args, **kwargs)
            setattr(module, name, call)

        write = storage.write_file

        def write_half(path, data):
            if next(files) == after and files_only:
                path.write_bytes(data[: len(data) // 2])
                die("save: half a file")
            write(path, data)

        storage.write_file = write_half
        for name in ("fsync", "rename", "replace", "unlink", "rmdir"):
            watch(os, name, f"save: {name}")
        watch(checkpoint, "verify", "save or load: verify")
        watch(Tiny, "collate", "data")
        watch(torch.optim.AdamW, "step", "update")
        return run("killed")

    begin = time.monotonic()
    straight = result_of(*forked(lambda: run("straight"), folder))
    step_time = (time.monotonic() - begin) / KILL_CONFIG.max_steps
    outside = 0
    for attempt in range(500):
        if attempt % 6 == 5:  # by somebody else, at any time
            child, answer = forked(lambda: dying(60, False), folder)
            time.sleep(draw.uniform(0, 3 * step_time))
            os.kill(child, signal.SIGKILL)
        else:
            files_only = attempt % 3 == 1
            after = draw.randrange(2, 8 if files_only else 50)
            child, answer = forked(lambda: dying(after, files_only), folder)  # noqa: B023
        status = os.waitpid(child, 0)[1]
        if status == 0:
            break
        assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        outside += attempt % 6 == 5
    return {"straight": straight, "killed": json.loads(answer.read_text()), "killed from outside": outside,
            "killed at": deaths.read_text().splitlines()}


def two_main(folder):
    config = replace(CONFIG, clip=0.5, log_every=1, checkpoint_every=5)

    def run(name, config, loss=squares):
        model = made(linear)
        result = fit(model, loss, EQUAL, config, folder / name, lambda m: {"score": float(m[0].weight.sum())})
        return hashed(model), [result.best_step, result.best_score]

    def poisoned(model, batch):
        loss, logs = squares(model, batch)
        return (loss * math.nan if processes.is_main() else loss), logs

    def rank(number, port):
        os.environ.update(RANK=str(number), LOCAL_RANK=str(number), WORLD_SIZE="2", MASTER_ADDR="127.0.0.1",
                          MASTER_PORT=str(port))
        with processes.distributed(timeout=60):
            assert processes.rank_and_world() == (number, 2) and processes.is_main() == (number == 0)
            digest, best = run("two", replace(config, batch_seconds=4))
            processes.barrier()
            run("accumulated", replace(config, batch_seconds=2, accumulate=2))
            run("resumed", replace(config, batch_seconds=4, max_steps=7, schedule="constant"))
            resumed, _ = run("resumed", replace(config, batch_seconds=4, schedule="constant"))
            straight, _ = run("constant", replace(config, batch_seconds=4, schedule="constant"))
            error = ""
            try:
                run("poisoned", replace(config, batch_seconds=4), poisoned)
            except trainer.NonFiniteLoss as caught:
                error = type(caught).__name__
        return [digest, best, error, resumed == straight]

    one = forked(lambda: run("one", replace(config, batch_seconds=8)), folder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ranks = [forked(lambda: rank(number, port), folder) for number in (0, 1)]  # noqa: B023
    result_of(*one)
    answers = [result_of(*r) for r in ranks]
    return {"rank 0": answers[0][0], "rank 1": answers[1][0], "best": [a[1] for a in answers],
            "not finite": [a[2] for a in answers],
            "resumed": answers[0][0] if all(a[3] for a in answers) else ""}


def test_quiet_shows_no_bar_and_keeps_no_tensorboard(tmp_path, capfd):
    model = nn.Linear(6, 1)
    loss = lambda m, b: ((m(b["x"])[:, 0] - b["y"]).square().mean(), {})  # noqa: E731
    fit(model, loss, EQUAL, replace(CONFIG, max_steps=2), tmp_path, quiet=True)
    assert "train" not in capfd.readouterr().err
    assert not (tmp_path / "tensorboard").exists() and (tmp_path / "log.jsonl").exists()


if __name__ == "__main__":
    torch.set_num_threads(1)
    with contextlib.suppress(ImportError):
        from torch.utils.tensorboard import SummaryWriter  # noqa: F401
    torch.optim.AdamW(linear().parameters()).step()  # imports seconds' worth of modules when first called
    report = {"killed": killed_main(Path(sys.argv[1])), "two": two_main(Path(sys.argv[1]))}
    print(json.dumps(report))
