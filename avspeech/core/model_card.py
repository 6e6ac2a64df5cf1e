"""The card of a model, for its reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from avspeech.core import models

if TYPE_CHECKING:
    from avspeech.core.model_info import ModelInfo


def card(name: str, info: ModelInfo) -> str:
    """The model card, in Markdown."""
    about = models.card_lines(info.task, name, info)
    lines = [f"# {name.rpartition('/')[2]}", "",
             f"{about['title']}. {info.description}".strip(), "",
             f"Model `{info.model}`, audio at {info.sample_rate} Hz"
             + (f", video at {info.fps:g} frames a second" if info.fps else "")
             + (f", outputs: {', '.join(info.labels)}" if info.labels and info.task != "synthesis"
                else "")
             + f". Weights stored as {info.dtype}. "
             f"License of the weights: {info.licence or 'not stated'}.",
             "", "## Use", "", "```python", "import avspeech", "",
             f'model = avspeech.load("{name}")']
    lines += about["python"]
    if about["shell"]:
        lines += ["```", "", "```bash", *about["shell"]]
    lines += ["```", "", "## Training data", ""]
    lines += [f"- {data['name']}: {data['licence']}"
              for data in info.training_data] or ["Not stated."]
    lines += ["", "## Numbers", ""]
    if info.metrics:
        lines += ["| measure | value |", "|---|---|"]
        lines += [f"| {key} | {value:.4g} |" for key, value in info.metrics.items()]
    else:
        lines += ["Not measured yet."]
    lines += ["", "## Limits", "", *([f"- {limit}" for limit in info.limits] or ["Not stated."]),
              ""]
    return "\n".join(lines)
