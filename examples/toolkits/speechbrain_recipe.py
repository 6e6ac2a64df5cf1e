"""A SpeechBrain recipe on the frozen encoder of an emotion model of avspeech.

    python examples/toolkits/speechbrain_recipe.py SOUNDS [--model emotion-edge] [--epochs 20]

SOUNDS has a folder for each label, with sounds in it. SpeechBrain's Brain trains one linear layer
on the mean of the encoder's last hidden states. Every fourth sound of a label is kept for the test.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch

import avspeech
from avspeech.core import torchaudio_door

torchaudio_door.load()  # SpeechBrain imports torchaudio, which a CPU build of torch may not take
import speechbrain as sb  # noqa: E402
from speechbrain.dataio.dataset import DynamicItemDataset  # noqa: E402
from speechbrain.nnet.linear import Linear  # noqa: E402
from speechbrain.nnet.losses import nll_loss  # noqa: E402

RATE = 16_000


class Probe(sb.Brain):
    """Encoder (frozen), mean over time, linear layer."""

    def compute_forward(self, batch: Any, stage: Any) -> torch.Tensor:
        batch = batch.to(self.device)
        wave, shares = batch.sound
        lengths = (shares * wave.shape[1]).round().long()
        with torch.no_grad():
            network = self.modules.network.eval()
            x, frames = network.features(wave, lengths)
            mask = torch.arange(x.shape[1], device=x.device) < frames[:, None]
            hidden, mask = network.encode(network.normalise(x, mask), frames)
            mean = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        return self.hparams.log_softmax(self.modules.head(mean))

    def compute_objectives(self, predictions: torch.Tensor, batch: Any, stage: Any) -> torch.Tensor:
        if stage != sb.Stage.TRAIN:
            self.right += int((predictions.argmax(-1) == batch.label.to(predictions.device)).sum())
            self.total += len(batch.label)
        return nll_loss(predictions, batch.label.to(predictions.device))

    def on_stage_start(self, stage: Any, epoch: int | None = None) -> None:
        self.right = self.total = 0


def run(folder: Path, model: str = "emotion-edge", epochs: int = 20) -> float:
    """Trains on a folder of folders of sounds.

    Args:
        folder: a folder for each label.
        model: released name, folder, or hf:owner/name@revision.
        epochs: of training.

    Returns:
        The share of the test sounds that are recognized.
    """
    labels = sorted(place.name for place in folder.iterdir() if place.is_dir())
    sets: dict[str, dict[str, Any]] = {"train": {}, "test": {}}
    for number, label in enumerate(labels):
        for k, path in enumerate(sorted((folder / label).iterdir())):
            part = sets["test" if k % 4 == 3 else "train"]
            part[f"{label}/{path.stem}"] = {"path": str(path), "label": number}

    @sb.utils.data_pipeline.takes("path")
    @sb.utils.data_pipeline.provides("sound")
    def read(path: str) -> torch.Tensor:
        return torch.from_numpy(avspeech.audio.read(path, RATE))

    train, test = (DynamicItemDataset(rows, [read], ["id", "sound", "label"])
                   for rows in sets.values())
    torch.manual_seed(0)
    network = avspeech.load(model, engine="torch").model.requires_grad_(False)
    brain = Probe(
        {"network": network, "head": Linear(n_neurons=len(labels), input_size=network.config.dim)},
        lambda parameters: torch.optim.Adam((p for p in parameters if p.requires_grad), 1e-2),
        {"log_softmax": torch.nn.LogSoftmax(-1)})
    brain.fit(range(epochs), train, train_loader_kwargs={"batch_size": 8, "shuffle": True},
              progressbar=False)
    brain.evaluate(test, test_loader_kwargs={"batch_size": 8}, progressbar=False)
    return brain.right / max(1, brain.total)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sounds", type=Path, help="a folder for each label")
    parser.add_argument("--model", default="emotion-edge")
    parser.add_argument("--epochs", type=int, default=20)
    args = parser.parse_args()
    print(f"recognized: {100 * run(args.sounds, args.model, args.epochs):.1f} %")
