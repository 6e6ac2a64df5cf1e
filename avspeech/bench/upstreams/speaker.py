"""Speaker encoders: ECAPA-TDNN by SpeechBrain, the same with random weights, and Resemblyzer."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from avspeech.bench.upstreams import folders
from avspeech.bench.upstreams.base import Upstream
from avspeech.bench.upstreams.mel import mel_power
from avspeech.core import torchaudio_door
from avspeech.errors import InputError


def _speechbrain() -> tuple[Any, Any]:
    """SpeechBrain's Fbank and ECAPA_TDNN."""
    torchaudio_door.load()  # before speechbrain, which imports it
    from speechbrain.lobes.features import Fbank
    from speechbrain.lobes.models.ECAPA_TDNN import ECAPA_TDNN

    drop_lazy_modules()
    return Fbank, ECAPA_TDNN


def drop_lazy_modules() -> None:
    """Takes modules out of `sys.modules` that SpeechBrain leaves there, and that import k2, flair
    and others when an attribute of them is read: it breaks packages that go through all modules
    (inspect, hypothesis)."""
    from speechbrain.utils.importutils import LazyModule

    for name in [n for n, module in sys.modules.items() if isinstance(module, LazyModule)]:
        del sys.modules[name]


class Ecapa(Upstream):
    """ECAPA-TDNN (Desplanques et al. 2020), as SpeechBrain's spkrec-ecapa-voxceleb has it: 80
    log-mel bands, each less its mean over the utterance, 192 dimensions.

    The output "embedding" is one vector for each utterance, D = 192. The output "frames" is what
    the first convolution and the three SE-Res2Net blocks give, 100 frames a second, L = 4, D =
    1024. Its squeeze looks at all of time, so chunks of `max_seconds` are not quite the whole: with
    random weights, a minute of read speech in chunks of 20 s gave frames 11 % off (relative L2),
    and means over time with a cosine of 0.9998. A folder holds model.safetensors: SpeechBrain's
    embedding_model.ckpt, converted.
    """

    family = "ecapa"
    packages = ("speechbrain",)
    minimum = 1600  # its convolutions reflect up to 4 frames at the ends
    max_seconds, overlap_seconds = 60.0, 4.0
    channels = (1024, 1024, 1024, 1024, 3072)

    def __init__(self, path: Path | None, *, output: Literal["embedding", "frames"] = "embedding",
                 seed: int = 0, **options: Any) -> None:
        if output not in ("embedding", "frames"):
            raise InputError(f"ecapa: output={output}: expected embedding or frames")
        Fbank, ECAPA_TDNN = _speechbrain()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = ECAPA_TDNN(80, lin_neurons=192, channels=list(self.channels))
        if path is not None:
            weights = folders.tensors(path)
            own = {k.removeprefix("embedding_model."): v for k, v in weights.items()}
            folders.fill(network, own, path)
        super().__init__(network, path, output=output, **options)
        self.whole = output == "embedding"
        self.hop, self.dim, self.layers = (0, 192, 1) if self.whole else (160, self.channels[0], 4)
        self.features = Fbank(n_mels=80).to(self.device)

    def _forward(self, wave: Tensor, lengths: list[int]) -> Tensor:
        network: Any = self.module
        x = self.features(wave)
        x = x - x.mean(1, keepdim=True)
        if self.whole:
            return network(x)[None]
        full = torch.ones(len(x), device=x.device)
        hidden: list[Tensor] = []
        y = x.transpose(1, 2)
        for block in network.blocks:
            y = block(y, lengths=full) if hidden else block(y)
            hidden.append(y.transpose(1, 2))
        return torch.stack(hidden)[:, :, : self.frames(wave.shape[1])]


class RandomEcapa(Ecapa):
    """ECAPA-TDNN before any training, with weights drawn from `seed`.

    It shows what the architecture and its features give by themselves: a floor for what is trained.
    """

    family = "ecapa-random"

    def __init__(self, *, seed: int = 0, output: Literal["embedding", "frames"] = "embedding",
                 **options: Any) -> None:
        super().__init__(None, seed=seed, output=output, **options)


class _DVector(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(40, 256, 3, batch_first=True)
        self.linear = nn.Linear(256, 256)

    def forward(self, mel: Tensor) -> Tensor:
        x = F.relu(self.linear(self.lstm(mel)[1][0][-1]))
        return x / x.norm(dim=1, keepdim=True).clamp_min(1e-8)


class Resemblyzer(Upstream):
    """Resemblyzer's speaker encoder (Wan et al. 2018, "Generalized End-to-End Loss for Speaker
    Verification"): an LSTM over windows of 1.6 s, each one vector of length 1, D = 256.

    Windows lie 0.8 s apart and are the frames; the last is padded with silence, and left out where
    less than three quarters of it would be sound (the only one never is). Sound quieter than -30
    dBFS is raised to that. Unlike in the package's own `preprocess_wav`, silence is not cut out.
    The weights are the file inside the package `resemblyzer` (Apache-2.0), which need not be
    importable (pip install --no-deps resemblyzer); nothing of it is run. A folder of the user's
    holds them as model.safetensors.
    """

    family = "resemblyzer"
    packages = ("librosa",)
    hop, window = 12_800, 25_600
    minimum = 400
    max_seconds, overlap_seconds = 60.0, 4.0
    dim = 256
    batched = True
    SHA256 = "39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e"

    def __init__(self, path: Path | None = None, **options: Any) -> None:
        network = _DVector()
        weights = folders.tensors(path) if path is not None else self._packaged()
        folders.fill(network, weights, path or Path("resemblyzer"))
        super().__init__(network, path, **options)

    @classmethod
    def _packaged(cls) -> dict[str, Tensor]:
        spec = importlib.util.find_spec("resemblyzer")
        file = Path(str(spec.origin)).with_name("pretrained.pt") if spec is not None else None
        if file is None or not file.is_file():
            raise InputError("resemblyzer: its weights are not installed; pip install --no-deps "
                             "resemblyzer")
        if hashlib.sha256(file.read_bytes()).hexdigest() != cls.SHA256:
            raise InputError(f"{file}: not the weights of Resemblyzer 0.1.4 (their SHA-256 "
                             "differs); pip install --no-deps --force-reinstall resemblyzer==0.1.4")
        # One known file, by its hash, and tensors only
        return torch.load(file, map_location="cpu", weights_only=True)["model_state"]

    def frames(self, samples: int) -> int:
        beyond = samples - self.window
        steps, rest = divmod(max(beyond, 0), self.hop)
        # the window at `steps + 1` holds this much sound: window - hop + rest
        return 1 + steps + (rest > 0 and self.window - self.hop + rest >= 0.75 * self.window)

    def prepare(self, samples: Tensor) -> Tensor:
        power = float(samples.square().mean())
        return samples * max(1.0, 10 ** (-30 / 20) / power ** 0.5) if power > 0 else samples

    def _forward(self, wave: Tensor, lengths: list[int]) -> Tensor:
        count = [self.frames(n) for n in lengths]
        windows = []
        for x, n, t in zip(wave, lengths, count):
            # Around a window lie 10 ms of its surroundings, as in a spectrogram of the whole
            mel = mel_power(x[:n], self.sample_rate, 400, 160, 40, (t - 1) * 80 + 160)
            windows.append(mel.unfold(0, 160, 80).transpose(1, 2))
        assert self.module is not None
        out = self.module(torch.cat(windows))
        return nn.utils.rnn.pad_sequence(list(out.split(count)), batch_first=True)[None]
