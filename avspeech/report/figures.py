"""Plots as bytes: SVG, or PNG for spectrograms.

The background is transparent and the colors are readable on a light and on a dark page. The same
data give the same bytes.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from avspeech.errors import InputError

_GRAY = "#7d858d"
_COLORS = ("#0b84d8", "#e8710a", "#139a6e", "#c2569b", "#a58a00", "#7f6bd6", "#d1495b", "#5b8aa6")
_LINES = ("-", "--", ":", "-.")  # of further curves when the colors are used up


@contextmanager
def _figure(width: float, height: float, columns: int = 1) -> Iterator[tuple[Any, Any]]:
    """A matplotlib figure of this size (inches) and its axes side by side. It uses no window system
    and does not change the state of pyplot."""
    import matplotlib
    from cycler import cycler
    from matplotlib.figure import Figure

    style: dict[Any, Any] = {
        "figure.facecolor": "none", "axes.facecolor": "none", "savefig.facecolor": "none",
        "text.color": _GRAY, "axes.edgecolor": _GRAY, "axes.labelcolor": _GRAY,
        "xtick.color": _GRAY, "ytick.color": _GRAY, "font.size": 9, "axes.spines.top": False,
        "axes.spines.right": False, "grid.color": _GRAY, "grid.alpha": 0.25, "svg.fonttype": "path",
        "svg.hashsalt": "avspeech",
        "legend.frameon": False, "axes.prop_cycle": cycler(color=_COLORS),
    }
    with matplotlib.rc_context(style):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure, figure.subplots(1, columns, squeeze=False)[0]


def _svg(figure: Any) -> bytes:
    out = io.BytesIO()
    figure.savefig(out, format="svg", metadata={"Date": None})
    return out.getvalue()


def spectrogram_png(samples: np.ndarray, sample_rate: int, reference: float | None = None,
                    span: float = 70.0) -> bytes:
    """The log power spectrogram of a signal, with Hann windows of 32 ms.

    Args:
        samples: signal [N].
        sample_rate: in Hz.
        reference: power in dB of the brightest color, e.g. from `spectrogram_peak`, so that several
            spectrograms can be compared; None: the peak of this signal.
        span: range of the colors in dB below `reference`.

    Returns:
        The bytes of a PNG file.
    """
    power = _power_db(samples, sample_rate)
    top = float(power.max()) if reference is None else reference
    with _figure(4.6, 1.7) as (figure, axes):
        extent = (0.0, len(samples) / sample_rate, 0.0, sample_rate / 2000)
        axes[0].imshow(power.T, origin="lower", aspect="auto", extent=extent, vmin=top - span,
                       vmax=top, cmap="magma")
        axes[0].set(xlabel="s", ylabel="kHz")
        out = io.BytesIO()
        figure.savefig(out, format="png", dpi=110, metadata={"Software": None})
    return out.getvalue()


def spectrogram_peak(samples: np.ndarray, sample_rate: int) -> float:
    """The highest power of the spectrogram, for `spectrogram_png(reference=...)`.

    Args:
        samples: signal [N].
        sample_rate: in Hz.

    Returns:
        Power in dB.
    """
    return float(_power_db(samples, sample_rate).max())


def _power_db(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    """Power spectrogram in dB, [frames, bins], with at most about 1000 frames."""
    size = max(int(0.032 * sample_rate), 2)
    x = np.pad(np.asarray(samples, np.float64), (size // 2, size // 2))
    hop = max(size // 4, len(samples) // 1000)
    frames = np.lib.stride_tricks.sliding_window_view(x, size)[::hop]
    return np.asarray(10 * np.log10(np.abs(np.fft.rfft(frames * np.hanning(size))) ** 2 + 1e-12))


def _read_log(path: str | Path) -> Iterator[dict[str, Any]]:
    """The lines of a trainer's log that have a step. The last line of a log that is still being
    written may be incomplete; it is skipped."""
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as a log of the trainer ({error})") from None
    for number, line in enumerate(lines, 1):
        try:
            record = json.loads(line) if line.strip() else None
        except ValueError as error:
            if number == len(lines):
                return
            raise InputError(f"{path}:{number}: not JSON ({error})") from None
        if isinstance(record, dict) and isinstance(record.get("step"), int):
            yield record


def training_svg(logs: Mapping[str, str | Path]) -> bytes:
    """Training loss and validation score over the steps. A step whose loss was not finite is marked
    by a dotted line.

    Args:
        logs: {label: path of the trainer's `log.jsonl`}.

    Returns:
        The bytes of an SVG file.

    Raises:
        InputError: a log cannot be read, or none of them holds a value.
    """
    curves: dict[str, dict[str, list[tuple[int, float]]]] = {
        "training loss": {}, "validation score": {}}
    broken = []
    for name, path in logs.items():
        for line in _read_log(path):
            valid = line.get("valid")
            found = {"training loss": line.get("loss"),
                     "validation score": valid.get("score") if isinstance(valid, dict) else None}
            for label, value in found.items():
                if isinstance(value, (int, float)):
                    curves[label].setdefault(name, []).append((line["step"], value))
            if line.get("event") == "non-finite":
                broken.append(line["step"])
    panels = {label: lines for label, lines in curves.items() if lines}
    if not panels:
        raise InputError(f"{', '.join(str(p) for p in logs.values())}: holds no loss; "
                         "expected a log.jsonl of the trainer")
    beside = 1.6 if any(logs) else 0.0  # inches: names over the curves would hide them
    with _figure(4.6 * len(panels) + beside, 2.8, len(panels)) as (figure, axes):
        for axis, (label, lines) in zip(axes, panels.items()):
            for name, points in lines.items():
                turn = list(logs).index(name)  # a name looks alike in both panels
                axis.plot(*zip(*points), label=name, linewidth=1.4, markersize=3,
                          marker="o" if len(points) < 60 else "",
                          color=_COLORS[turn % len(_COLORS)],
                          linestyle=_LINES[turn // len(_COLORS) % len(_LINES)])
            for step in broken:
                axis.axvline(step, color="#d1495b", linestyle=":", linewidth=1)
            axis.set(xlabel="step", title=label)
            axis.grid(True)
        if any(logs):
            names: dict[str, Any] = {}  # of both panels: a log may be in one alone
            for axis in axes:
                lines, labels = axis.get_legend_handles_labels()
                names |= dict(zip(labels, lines))
            axes[-1].legend(names.values(), names, fontsize=8, loc="upper left",
                            bbox_to_anchor=(1.0, 1.0))
        return _svg(figure)


def confusion_svg(table: np.ndarray, classes: Sequence[str]) -> bytes:
    """A confusion matrix with the share of each row in percent.

    Args:
        table: counts [K, K]; rows are true classes, columns are predicted classes.
        classes: K names.

    Returns:
        The bytes of an SVG file.
    """
    shares = 100 * table / np.maximum(table.sum(1, keepdims=True), 1)
    side = 1.6 + 0.42 * len(classes)
    with _figure(side + 0.4, side) as (figure, axes):
        axes[0].imshow(shares, cmap="Blues", vmin=0, vmax=100)
        for i, row in enumerate(shares):
            for j, share in enumerate(row):
                axes[0].text(j, i, f"{share:.0f}", ha="center", va="center", fontsize=8,
                             color="white" if share > 50 else "#30363d")
        axes[0].set_xticks(range(len(classes)), classes, rotation=45, ha="right")
        axes[0].set_yticks(range(len(classes)), classes)
        axes[0].set(xlabel="answered", ylabel="true")
        return _svg(figure)


def scatter_svg(panels: Mapping[str, Sequence[Sequence[float]]], across: str, up: str) -> bytes:
    """Scatter plots side by side, each with the line x = y. Points that are not finite are left
    out.

    Args:
        panels: {title: points (x, y)}.
        across: label of the horizontal axes.
        up: label of the vertical axes.

    Returns:
        The bytes of an SVG file.
    """
    with _figure(3.6 * max(1, len(panels)), 3.2, max(1, len(panels))) as (figure, axes):
        for axis, (title, points) in zip(axes, panels.items()):
            known = np.array([p for p in points if np.isfinite(p).all()], float).reshape(-1, 2)
            if len(known):
                ends = [known[:, 0].min(), known[:, 0].max()]
                axis.plot(ends, ends, color=_GRAY, linewidth=1, linestyle=":")
                axis.plot(known[:, 0], known[:, 1], "o", markersize=4, alpha=0.6)
                for x in np.unique(known[:, 0]):
                    axis.plot(x, known[known[:, 0] == x, 1].mean(), "_", color=_COLORS[1],
                              markersize=18, markeredgewidth=2)
            axis.set(title=title, xlabel=across, ylabel=up)
            axis.grid(True)
        return _svg(figure)
