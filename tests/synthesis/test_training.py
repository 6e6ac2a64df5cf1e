"""Batches of aligned sentences, and the losses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from avspeech import text
from avspeech.core import trainer
from avspeech.data.manifest import Utterance
from avspeech.media import audio
from avspeech.synthesis import training
from avspeech.synthesis.prosodyfm import ProsodyFM, VoiceConfig
from avspeech.synthesis.vocoding import (
    Segments,
    Sounds,
    Vocoding,
    pitch_at_frames,
    vocoder_loss,
    vocoder_score,
)

VOCODER = dict(width=16, hidden=24, layers=1, pitch_width=8)
SOURCE = "I said no, you did. Go!"


def voice(**differences: Any) -> ProsodyFM:
    torch.manual_seed(0)
    model = ProsodyFM(VoiceConfig(width=16, layers=1, hidden=24, decoder=(16, 16), blocks=1, duration=16,
                                  speaker_width=4, phrasing=8, tone=8, reference=8, dropout=0.0,
                                  vocoder=VOCODER, **differences))
    model.durations.out.bias.data.fill_(1.5)
    return model


def record(source: str = SOURCE) -> dict[str, Any]:
    script = text.analyse(source)
    pauses = [0] * len(script.words)
    pauses[2], pauses[0], pauses[-1] = 12, 2, 4
    count = sum(len(w.phones) for w in script.words)
    line = [round(float(x), 3) for x in np.linspace(-1, 1, 9)]
    return {"script": script.as_dict(), "phones": [3] * count, "lead": 5, "pauses": pauses, "skip": 1,
            "breaks": {"2": 12}, "heard": [[2, line], [len(pauses) - 1, []]],
            "written": [[2, line], [4, line], [len(pauses) - 1, line]]}


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Sounds:
    folder = tmp_path_factory.mktemp("sounds")
    rng = np.random.default_rng(0)
    utterances = []
    for name in ("one", "two"):
        t = np.arange(24000) / 16000
        audio.write(folder / f"{name}.wav", 0.3 * np.sin(2 * np.pi * 150 * t) + 0.01 * rng.normal(size=24000))
        utterances.append(Utterance(name, f"{name}.wav", 1.5, "s", text=SOURCE))
    return Sounds(utterances, {"one": folder, "two": folder}, 16000)


def test_a_recording_that_is_needed_once_is_the_same_and_read_again(sounds: Sounds) -> None:
    fresh = Sounds(list(sounds.utterances.values()), sounds.roots, sounds.sample_rate)
    for name in fresh.utterances:
        assert np.array_equal(fresh.once(name), sounds[name]) and not fresh._kept


def test_every_frame_belongs_to_a_token_and_the_pause_to_its_break() -> None:
    known = record()
    total = sum(known["phones"]) + known["lead"] + sum(known["pauses"])
    script = text.Script.from_dict(known["script"])
    for breaks in (True, False):
        ids, frames, last = training.sequence(known, breaks)
        assert len(ids) == len(frames) == len(last) and sum(frames) == total
        assert frames[0] == 5 and frames[-1] == 4
        place = ids.index(text.symbols.NUMBER["<brk>" if breaks else ","])
        assert frames[place] == 12
        assert max(last) == len(known["heard" if breaks else "written"])
    assert text.symbols.NUMBER["<brk>"] not in training.sequence(known, False)[0]
    ids, frames, _ = training.sequence(known, True)
    first_word_end = len(script.words[0].phones)
    assert frames[first_word_end] == 5  # the short pause after the first word went to its last phone


def batch(sounds: Sounds, model: ProsodyFM, **pitch: np.ndarray) -> tuple[training.Aligned, dict]:
    f0 = {"one": np.full(94, 150, np.float32), "two": np.linspace(100, 200, 94, dtype=np.float32), **pitch}
    data = training.Aligned({"one": record(), "two": record()}, sounds, f0, model.vocoder.mel, ["s"], 0.016,
                             model.config.breaks)
    return data, data.collate([data.item(0, 1), data.item(1, 2)])


@pytest.mark.parametrize("differences", [{}, {"breaks": False}, {"intonation": False},
                                         {"breaks": False, "intonation": False}])
def test_losses_and_gradients(sounds: Sounds, differences: dict) -> None:
    model = voice(**differences)
    trained = training.Speaking(model)
    _, examples = batch(sounds, model)
    assert examples["durations"].sum(1).tolist() == [examples["mel"].shape[1]] * 2
    loss, logs = training.speaking_loss(trained, examples)
    assert {"flow", "prior", "duration"} <= set(logs)
    assert ("aligner" in logs) == ("contour" in logs) == model.config.intonation
    loss.backward()
    for name, parameter in model.named_parameters():
        assert (parameter.grad is None) == name.startswith(("vocoder.", "phrasing.")), name


def test_neither_aligner_nor_durations_move_the_encoder(sounds: Sounds) -> None:
    model = voice()
    trained = training.Speaking(model)
    _, examples = batch(sounds, model)
    losses = trained(*(examples[n] for n in training.FIELDS))
    losses["aligner"].backward(retain_graph=True)
    assert model.aligner.net[0].weight.grad is not None
    assert model.tones.tokens.grad is None and model.embed.weight.grad is None
    model.zero_grad()
    losses["duration"].backward()
    assert model.embed.weight.grad is None


def test_a_sound_without_any_voice_can_be_learned_from(sounds: Sounds) -> None:
    model = voice()
    data, examples = batch(sounds, model, one=np.zeros(94, np.float32), two=np.full(94, 120, np.float32))
    assert examples["melody"][0].isnan().all()
    loss, _ = training.speaking_loss(training.Speaking(model), examples)
    assert loss.isfinite()
    found = data.statistics()
    assert found["melody_mean"] == pytest.approx(12 * np.log2(1.2), abs=0.01)


def test_search_gives_durations_that_fill_the_mel(sounds: Sounds) -> None:
    model = voice()
    trained = training.Speaking(model, search=True)
    _, examples = batch(sounds, model)
    wanted = examples["mel"]
    fused = torch.randn(*examples["tokens"].shape, 16)
    found = trained.searched(fused, examples["tokens"], examples["lengths"], wanted,
                              examples["durations"].sum(1))
    assert found.sum(1).tolist() == [wanted.shape[1]] * 2
    assert int(found[~model.timed[examples["tokens"]]].sum()) == 0


def test_training_goes_through_fit_and_lowers_the_loss(sounds: Sounds, tmp_path: Path) -> None:
    model = voice()
    data, _ = batch(sounds, model)
    config = trainer.TrainConfig(max_steps=6, batch_seconds=4, lr=5e-3, validate_every=6)
    trained = training.Speaking(model)
    before = training.speaking_score(trained.eval(), data)["score"]
    result = trainer.fit(trained, training.speaking_loss, data, config, tmp_path,
                         lambda m: training.speaking_score(m, data))  # type: ignore[arg-type]
    assert result.best_score is not None and result.best_score > before


def test_where_breaks_are_is_learned_from_texts_alone(sounds: Sounds, tmp_path: Path) -> None:
    model = voice()
    phrases = training.Phrases({"one": record(), "two": record()})
    examples = phrases.collate([phrases.item(0, 0), phrases.item(1, 0)])
    assert examples["plain"].shape == examples["pauses"].shape
    assert (examples["pauses"] == 1).sum() == 2 and (examples["pauses"] == 0).sum() > 0
    before = training.phrasing_score(model.phrasing.eval(), phrases)
    config = trainer.TrainConfig(max_steps=20, batch_seconds=200, lr=1e-2, warmup_steps=1, validate_every=20)
    result = trainer.fit(model.phrasing, training.phrasing_loss, phrases, config, tmp_path,
                         lambda m: training.phrasing_score(m, phrases))
    assert result.metrics["breaks"] < before["breaks"] and result.metrics["break_f1"] > 0.5
    assert 0 < result.metrics["break_threshold"] < 1


def test_the_vocoder_learns_through_fit(sounds: Sounds, tmp_path: Path) -> None:
    model = voice().vocoder
    hertz = {n: pitch_at_frames(sounds[n], 16000, 256, "autocorrelation") for n in ("one", "two")}
    assert np.median(hertz["one"]) == pytest.approx(150, rel=0.03)
    segments = Segments(sounds, hertz, 256, 0.5)
    config = trainer.TrainConfig(max_steps=6, batch_seconds=2, lr=5e-3, validate_every=6)
    trained = Vocoding(model)
    before = vocoder_score(trained, segments, 4)["score"]
    result = trainer.fit(trained, vocoder_loss, segments, config, tmp_path,
                         lambda m: vocoder_score(m, segments, 4))  # type: ignore[arg-type]
    assert result.best_score is not None and result.best_score > before


def test_pieces_are_made_louder_up_to_full_scale_alone(sounds: Sounds) -> None:
    hertz = {n: np.zeros(-(-len(sounds[n]) // 256), np.float32) for n in ("one", "two")}
    segments = Segments(sounds, hertz, 256, 0.5, gain_db=30.0)
    peaks = [float(np.abs(segments.item(0, seed)["audio"]).max()) for seed in range(12)]
    assert max(peaks) == pytest.approx(0.99, abs=1e-3) and min(peaks) < 0.1


@pytest.mark.parametrize("more", [-1, 0, 1, 2])
def test_pieces_begin_at_all_frames_that_leave_room(sounds: Sounds, more: int) -> None:
    """Up to the last one, so that the end of a recording is learned from as well."""
    frames = round(0.5 * 16000 / 256)
    segments = Segments(sounds, {"one": np.arange(1, frames + more + 1, dtype=np.float32)}, 256, 0.5)
    pieces = [segments.item(0, seed)["f0"] for seed in range(40)]
    assert {int(f0[0]) for f0 in pieces} == set(range(1, max(0, more) + 2))
    assert all(len(f0) == frames and np.count_nonzero(f0) == frames + min(0, more) for f0 in pieces)


def test_an_adversary_counts_in_training_alone(sounds: Sounds) -> None:
    hertz = {n: np.zeros(-(-len(sounds[n]) // 256), np.float32) for n in ("one", "two")}
    segments = Segments(sounds, hertz, 256, 0.5)
    batch = segments.collate([segments.item(0, 0), segments.item(1, 1)])
    trained = Vocoding(voice().vocoder, adversary=0.2)
    total, told = vocoder_loss(trained, batch)
    alone = told["distance"] + 2 * told["pitch octaves"]
    wanted = alone + 0.2 * (told["fooled"] + 2 * told["matched"]) + told["told apart"]
    assert torch.allclose(total, wanted)
    total, told = vocoder_loss(trained.eval(), batch)
    assert set(told) == {"distance", "pitch octaves"}
    assert torch.allclose(total, told["distance"] + 2 * told["pitch octaves"])


@pytest.mark.parametrize("intonation", [True, False])
def test_a_recording_retold(sounds: Sounds, intonation: bool) -> None:
    model = voice(intonation=intonation, temperature=0.5).eval()
    f0 = {n: np.full(94, 150, np.float32) for n in ("one", "two")}
    records = {"one": record(), "two": record("I said no.")}
    data = training.Aligned(records, sounds, f0, model.vocoder.mel, ["s"], 0.016)
    batch = data.collate([data.item(0, 0), data.item(1, 1)])
    there = torch.arange(batch["mel"].shape[1]) < batch["durations"].sum(1, keepdim=True)
    whole = training.retold(model, batch, start=1.0)
    assert torch.allclose(whole[there], batch["mel"][there], atol=2e-3)  # nothing is left to the flow
    near, far = (training.retold(model, batch, start, 2, torch.Generator().manual_seed(0))
                 for start in (0.8, 0.0))
    off = [float((x - batch["mel"])[there].abs().mean()) for x in (near, far)]
    assert 0 < off[0] < off[1]


def test_a_recording_retold_from_noise_is_said_with_its_durations(sounds: Sounds) -> None:
    model = voice(intonation=False, breaks=False).eval()
    f0 = {"one": np.full(94, 150, np.float32)}
    data = training.Aligned({"one": record()}, sounds, f0, model.vocoder.mel, ["s"], 0.016, breaks=False)
    batch = data.collate([data.item(0, 0)])
    told = training.retold(model, batch, 0.0, 3, torch.Generator().manual_seed(0))
    mask = torch.ones_like(batch["tokens"], dtype=torch.bool)
    known = model.fuse(model.encode(batch["tokens"], mask), mask, batch["speaker"], None, batch["last"])
    noise = torch.randn(batch["mel"].shape, generator=torch.Generator().manual_seed(0))
    said, _ = model.decode(known, batch["durations"], steps=3, noise=noise)
    assert torch.allclose(told.transpose(1, 2), said, atol=1e-5)


def test_renditions_go_with_their_sound(sounds: Sounds) -> None:
    model = voice()
    f0 = {n: np.full(94, 150, np.float32) for n in ("one", "two")}
    records = {"one": record(), "two": record("I said no.")}
    data = training.Aligned(records, sounds, f0, model.vocoder.mel, ["s"], 0.016)
    same = training.Renditions(model, data, 2, start=1.0, seconds=0.3)  # the recordings' own mels
    batch = same.collate([same.item(i, i) for i in range(3)])
    own = model.vocoder.mel(batch["audio"]).transpose(1, 2)
    inside = slice(4, -4)  # the window reaches two frames to each side
    assert torch.allclose(batch["mel"][:, inside], own[:, inside], atol=2e-2)
    assert torch.allclose(batch["f0"], torch.tensor(150.0), rtol=1e-3)
    made = training.Renditions(model, data, 2, start=0.0, steps=1).mels["one"]
    assert len(made) == 2 and not np.array_equal(made[0], made[1])  # each of other noise
    trained = Vocoding(model.vocoder).eval()

    def total(**given: torch.Tensor) -> float:
        torch.manual_seed(0)
        return trained(batch["audio"], batch["f0"], **given)["total"].item()

    assert total(mel=own) == pytest.approx(total(), rel=1e-5) and total(mel=own - 2) > total()


def test_a_threshold_of_the_best_f1() -> None:
    pairs = np.array([[0.05, 0.2, 0.6, 0.8], [0, 0, 1, 1]])
    threshold, f1 = training.best_threshold(pairs)
    assert 0.2 < threshold <= 0.6 and f1 == 1.0
    assert training.best_threshold(np.zeros((2, 3))) == (0.5, 0.0)
