"""An emotion recognizer of avspeech as a pipeline of transformers.

    python examples/toolkits/transformers_pipeline.py voice.wav [--model emotion-edge]

The pipeline's scores are the recognizer's own posteriors: windows, trimming of silence and the
level are handled as by `avspeech emotion`.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import torch

import avspeech
from avspeech.core import torchaudio_door

torchaudio_door.load()  # transformers imports torchaudio, which a CPU build of torch may not take
from transformers import (  # noqa: E402
    AutoConfig,
    AutoModelForAudioClassification,
    BatchFeature,
    PretrainedConfig,
    PreTrainedModel,
    SequenceFeatureExtractor,
    pipeline,
)
from transformers.modeling_outputs import SequenceClassifierOutput  # noqa: E402

RATE = 16_000


class Sound(SequenceFeatureExtractor):
    """Hands samples on as they are: the recognizer has a front end of its own."""

    model_input_names = ["audio"]

    def __init__(self) -> None:
        super().__init__(feature_size=1, sampling_rate=RATE, padding_value=0.0)

    def __call__(self, samples: Any, **_: Any) -> BatchFeature:
        audio = torch.as_tensor(np.asarray(samples, np.float32))
        return BatchFeature({"audio": audio.reshape(1, -1)})


class Config(PretrainedConfig):
    model_type = "avspeech-emotion"


class Emotions(PreTrainedModel):
    """A recognizer as a model of transformers.

    Args:
        recognizer: of `avspeech.load`, by torch.
    """

    config_class = Config
    main_input_name = "audio"

    def __init__(self, recognizer: Any) -> None:
        labels = dict(enumerate(recognizer.labels))
        super().__init__(Config(id2label=labels, label2id={v: k for k, v in labels.items()}))
        self.recognizer = recognizer
        self.network = recognizer.model

    def forward(self, audio: torch.Tensor, **_: Any) -> Any:
        """audio [1, N] at 16 kHz -> logits [1, K] whose softmax are the posteriors."""
        found = self.recognizer(audio[0].cpu().numpy(), RATE)
        posteriors = torch.tensor([[found.posteriors[name] for name in self.recognizer.labels]])
        return SequenceClassifierOutput(logits=posteriors.clamp_min(1e-30).log())


AutoConfig.register(Config.model_type, Config)
AutoModelForAudioClassification.register(Config, Emotions)


def make(model: str = "emotion-edge") -> Any:
    """A pipeline: samples [N] at 16 kHz in, [{"label", "score"}, ...] out.

    Args:
        model: released name, folder, or hf:owner/name@revision.
    """
    return pipeline("audio-classification", model=Emotions(avspeech.load(model, engine="torch")),
                    feature_extractor=Sound(), device="cpu")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sound", help="sound or video file")
    parser.add_argument("--model", default="emotion-edge")
    args = parser.parse_args()
    for row in make(args.model)(avspeech.audio.read(args.sound, RATE)):
        print(f"{row['label']:12} {row['score']:.3f}")
