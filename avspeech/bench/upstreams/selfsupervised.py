"""Models that take samples through convolutions into a Transformer, by transformers.

Most are self-supervised: wav2vec 2.0 (Baevski et al. 2020), XLS-R (Babu et al. 2022), HuBERT (Hsu
et al. 2021), WavLM (Chen et al. 2022), data2vec (Baevski et al. 2022), UniSpeech (Wang et al. 2021)
and UniSpeech-SAT (Chen et al. 2022), wav2vec 2.0 with layers of the Conformer (Wang et al. 2022)
and SEW (Wu et al. 2021). The encoder of Moonshine (Jeffries et al. 2024), a recognizer, is built
alike.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from avspeech.bench.upstreams import convolution, folders
from avspeech.bench.upstreams.base import Upstream
from avspeech.core import torchaudio_door
from avspeech.errors import InputError

CLASSES = {"wav2vec2": "Wav2Vec2", "hubert": "Hubert", "wavlm": "WavLM",
           "data2vec-audio": "Data2VecAudio", "unispeech": "UniSpeech",
           "unispeech-sat": "UniSpeechSat", "wav2vec2-conformer": "Wav2Vec2Conformer",
           "sew": "SEW", "moonshine": "Moonshine"}
# Whose layers see padding, mask or not
PADDED = ("data2vec-audio", "wav2vec2-conformer", "sew", "moonshine")
# Kernels and strides of Moonshine's convolutions, which its configuration does not name
MOONSHINE = ((127, 7, 3), (64, 3, 2))
LONGEST_TABLE = 100_000  # positions; the largest that is known has 5,000
# Where transformers says whether sound is normalized: up to version 4, and from version 5 on
PROCESSORS = ("preprocessor_config.json", "processor_config.json")
# Of a configuration: what would make transformers load code or packages beside the model itself
REMOVED = {"auto_map", "quantization_config", "attn_implementation", "_attn_implementation",
           "_attn_implementation_internal", "experts_implementation"}


class SelfSupervised(Upstream):
    """A transformers folder: the input of the first Transformer layer, then the output of each.

    It gives 50 frames a second; SEW, whose layers see pairs of frames, 25, and Moonshine 41.7.
    Models whose convolutions are normalized over time (group norm: the base sizes, SEW, Moonshine),
    data2vec, whose positions see padding, and Conformers, whose convolutions do, are run in groups
    of equal length; the others with an attention mask. Attention looks at all of a chunk, so long
    sound in chunks is not the same as the whole; sound up to `max_seconds` is run whole.

    Args:
        path: the folder: config.json, model.safetensors, and preprocessor_config.json or (as
            transformers 5 writes it) processor_config.json.
        normalize: whether an utterance is brought to zero mean and unit variance first; default:
            `do_normalize` of the preprocessor.
        options: of `Upstream`.
    """

    family = "selfsupervised"
    packages = ("transformers",)

    def __init__(self, path: Path, *, normalize: bool | None = None, **options: Any) -> None:
        config = folders.config(path / "config.json")
        kind = config.get("model_type")
        if not isinstance(kind, str) or kind not in CLASSES:
            raise InputError(f"{path / 'config.json'}: model_type {kind!r}; expected one of "
                             f"{', '.join(CLASSES)}")
        if normalize is None:
            normalize = _normalizes(path)
        network: Any = network_of(path, f"{CLASSES[kind]}Model", f"{CLASSES[kind]}Config", config)
        settings, layers = network.config, network.config.num_hidden_layers
        if kind == "moonshine":
            network, layers = network.encoder, settings.encoder_num_hidden_layers
        super().__init__(network, path, normalize=normalize, **options)
        self.normalize = normalize
        self.kernels, self.strides = MOONSHINE if kind == "moonshine" else (
            tuple(settings.conv_kernel), tuple(settings.conv_stride))
        if min(self.strides) < 1:
            raise InputError(f"{path / 'config.json'}: conv_stride {list(self.strides)}; expected "
                             "at least 1")
        self.squeeze = settings.squeeze_factor if kind == "sew" else 1  # frames of a step
        step = math.prod(self.strides)
        self.hop = step * self.squeeze
        self.minimum = convolution.field(self.kernels, self.strides) + step * (self.squeeze - 1)
        self.dim, self.layers = settings.hidden_size, layers + 1
        self.batched = kind not in PADDED and settings.feat_extract_norm == "layer"

    def frames(self, samples: int) -> int:
        return convolution.frames(samples, self.kernels, self.strides) // self.squeeze

    def prepare(self, samples: Tensor) -> Tensor:
        return convolution.standardized(samples) if self.normalize else samples

    def _forward(self, wave: Tensor, lengths: list[int]) -> Tensor:
        mask = None
        if min(lengths) < wave.shape[1]:
            ends = torch.tensor(lengths, device=wave.device)
            mask = (torch.arange(wave.shape[1], device=wave.device) < ends[:, None]).long()
        network: Any = self.module
        out = network(wave, attention_mask=mask, output_hidden_states=True)
        return torch.stack(out.hidden_states)


def _normalizes(path: Path) -> bool:
    """The value of `do_normalize` in the preprocessor of a folder."""
    place, said = processor_of(path, "whether the model takes normalized sound",
                               ", or give the option normalize=true or false")
    value = said.get("do_normalize")
    if not isinstance(value, bool):
        raise InputError(f"{place}: do_normalize is {value!r}; true or false is expected; put it "
                         "there, or give the option normalize")
    return value


def processor_of(path: Path, what: str, instead: str = "") -> tuple[Path, dict[str, Any]]:
    """The file of a folder that describes its feature extractor, and what it says.

    Args:
        path: the folder.
        what: it says, and what a user can do `instead` of giving it; for the message.

    Raises:
        InputError: there is no such file.
    """
    for name in PROCESSORS:
        if (path / name).is_file():
            said = folders.config(path / name)
            inner = said.get("feature_extractor", said)  # version 5 keeps it one level down
            return path / name, inner if isinstance(inner, dict) else {}
    raise InputError(f"{path}: no {' or '.join(PROCESSORS)} in it, which says {what}; put it "
                     f"there{instead}")


def network_of(path: Path, model: str, settings_class: str, config: dict[str, Any]) -> Any:
    """A network of transformers with the weights of a folder; none of the folder's code runs.

    Args:
        path: the folder.
        model, settings_class: names of its classes in transformers.
        config: the content of config.json.

    Raises:
        InputError: transformers is not installed or does not load it, the configuration asks for
            more than the weights hold, or a weight is missing.
    """
    numbers, tensors = folders.elements(path)
    torchaudio_door.load()  # before transformers, which may import it
    try:
        import transformers
    except ImportError:
        raise InputError(f"{path}: running it takes transformers, which is not installed; "
                         "pip install 'avspeech[bench]'") from None
    level = transformers.logging.get_verbosity()
    transformers.logging.set_verbosity_error()
    try:
        kept = {key: value for key, value in config.items() if key not in REMOVED}
        if not hasattr(transformers, model):
            raise InputError(f"{path}: transformers {transformers.__version__} has no {model}; "
                             "install a newer one")
        settings = getattr(transformers, settings_class).from_dict(kept)
        kind = getattr(transformers, model)
        _check_size(kind, settings, numbers, tensors, path / "config.json")
        network, report = kind.from_pretrained(
            path, config=settings, use_safetensors=True, local_files_only=True,
            trust_remote_code=False, output_loading_info=True, dtype=torch.float32)
    except InputError:
        raise
    except Exception as error:  # transformers has no common ancestor for what it raises
        line = " ".join(str(error).split())[:200]
        raise InputError(f"{path}: transformers does not load it ({line})") from None
    finally:
        transformers.logging.set_verbosity(level)
    missing = sorted(set(report["missing_keys"]) - {"masked_spec_embed"})
    if missing:  # transformers would have drawn these at random
        raise InputError(f"{path}: weight '{missing[0]}' is missing, and {len(missing) - 1} others")
    return network


def _check_size(kind: Any, settings: Any, numbers: int, tensors: int, where: Path) -> None:
    """Refuses a configuration that asks for more than the weights hold, before it is built.

    Args:
        kind, settings: the transformers classes of model and configuration.
        numbers, tensors: what the weights hold.
        where: config.json, for messages.
    """
    for part in (settings, getattr(settings, "encoder_config", settings)):
        for key in ("num_hidden_layers", "num_adapter_layers", "num_conv_pos_embeddings",
                    "encoder_num_hidden_layers", "num_decoder_layers"):
            count = getattr(part, key, 0)
            loops = key != "num_conv_pos_embeddings" or settings.model_type == "data2vec-audio"
            if loops and (not isinstance(count, int) or count > max(tensors, 16)):
                raise InputError(f"{where}: {key} is {count}; the weights hold {tensors} tensors")
        for key in ("max_source_positions", "max_position_embeddings"):  # tables, not weights
            count = getattr(part, key, 0)
            if not isinstance(count, int) or count > LONGEST_TABLE:
                raise InputError(f"{where}: {key} is {count}; expected at most {LONGEST_TABLE:,}")
    with torch.device("meta"):  # shapes only
        model = kind(settings)
    wanted = sum(p.numel() for p in model.parameters())
    if wanted > 1.01 * numbers + 100_000:  # a mask vector may be absent from the file
        raise InputError(f"{where}: asks for a model of {wanted:,} numbers; the weights hold "
                         f"{numbers:,}")
