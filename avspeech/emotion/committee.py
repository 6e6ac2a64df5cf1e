"""A committee: several models of one kind, trained apart, whose posteriors are averaged.

Networks with other random weights and another order of the data make other errors (Hansen &
Salamon, "Neural network ensembles", TPAMI 1990), so that the mean of a few small ones is often
better than one of their total size. The spectrum is computed once. `recipes/ser` makes a committee
of an experiment's seeds (`release.committee`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import torch
from torch import Tensor, nn

from avspeech.core.models import build, model_class
from avspeech.emotion.logmel import LogMelConfig, LogMelModel
from avspeech.errors import InputError

_SHARED = tuple(f.name for f in dataclasses.fields(LogMelConfig))


@dataclass(frozen=True)
class CommitteeConfig(LogMelConfig):
    """The front end, normalization, dropout and factors are the same for every member."""

    member: str = "conv_transformer"  # a model's name in `core.models.MODELS`
    members: int = 3  # how many
    # a member's other differences from defaults
    settings: dict[str, Any] = field(default_factory=dict)


class Committee(LogMelModel):
    """See the module's docstring and `CommitteeConfig`. Raises InputError for members that cannot
    be."""

    Config = CommitteeConfig
    config: CommitteeConfig

    def __init__(self, config: CommitteeConfig = CommitteeConfig()):
        # Members keep their own statistics
        super().__init__(dataclasses.replace(config, normalise="level"))
        self.config = config
        if config.members < 1 or not issubclass(model_class(config.member), LogMelModel) \
                or config.member == "committee":
            raise InputError(
                f"model settings members={config.members}, member='{config.member}': expected "
                "one or more, of an emotion model that is no committee itself"
            )
        for name in _SHARED:
            if name in config.settings:
                raise InputError(
                    f"model setting settings.{name}: give it beside settings, it is the "
                    "committee's own"
                )
        shared = {name: getattr(config, name) for name in _SHARED}
        self.members = nn.ModuleList([build(config.member, **shared, **config.settings)
                                      for _ in range(config.members)])

    def deployed_config(self) -> CommitteeConfig:
        return _config(self.config.member, cast(LogMelModel, self.members[0]).deployed_config(),
                       self.config.members)

    def classify(self, x: Tensor, frames: Tensor | None = None) -> Tensor:
        """x [B, T, M] from `features`, frames [B] (None: all T) -> the logarithm [B, K] of the
        members' mean posterior."""
        said = [
            cast(LogMelModel, member).classify(x, frames).softmax(-1) for member in self.members
        ]
        return torch.stack(said).mean(0).clamp_min(1e-12).log()


def _config(member: str, config: LogMelConfig, members: int) -> CommitteeConfig:
    """The configuration of a committee of `members` models of kind `member` with this
    configuration."""
    fields = dataclasses.asdict(config)
    return CommitteeConfig(
        **{name: fields.pop(name) for name in _SHARED},
        member=member,
        members=members,
        settings=fields,
    )


def committee(member: str, models: Sequence[LogMelModel]) -> Committee:
    """Makes a committee of trained models, which are copied.

    Args:
        member: their name in `core.models.MODELS`.
        models: of one configuration.

    Raises:
        InputError: their configurations differ.
    """
    first = models[0].config
    if any(model.config != first for model in models):
        raise InputError("a committee's members need one configuration, these have several")
    made = Committee(_config(member, first, len(models)))
    for copy, model in zip(made.members, models):
        copy.load_state_dict(model.state_dict())
    return made.train(models[0].training)
