"""How many frames a stack of strided convolutions gives, without padding."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor


def frames(samples: int, kernels: Sequence[int], strides: Sequence[int]) -> int:
    """The number of frames of at least `field(kernels, strides)` samples."""
    for kernel, stride in zip(kernels, strides):
        samples = (samples - kernel) // stride + 1
    return samples


def field(kernels: Sequence[int], strides: Sequence[int]) -> int:
    """Samples that one frame sees."""
    size = 1
    for kernel, stride in zip(reversed(kernels), reversed(strides)):
        size = (size - 1) * stride + kernel
    return size


def standardized(samples: Tensor) -> Tensor:
    """An utterance at zero mean and unit variance, as transformers and fairseq normalize it."""
    return (samples - samples.mean()).div_((samples.var(unbiased=False) + 1e-7).sqrt())
