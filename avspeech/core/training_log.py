"""The log of a training."""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path
from typing import Any

from avspeech.core import storage


class TrainingLog:
    """Writes `log.jsonl`, one JSON object a line, and TensorBoard where it is installed.

    Args:
        folder: of the training.
        step: the updates made so far. Lines of later ones are removed: they are from a run that
            went further than its last checkpoint.
        board: whether to write for TensorBoard, into `tensorboard/`.
    """

    def __init__(self, folder: Path, step: int, board: bool = True) -> None:
        self.start, self.board, kept = time.monotonic(), None, []
        path = folder / "log.jsonl"
        if path.exists():
            for line in path.read_bytes().splitlines(keepends=True):
                with contextlib.suppress(ValueError):  # a line that a crash truncated
                    kept += [line] if json.loads(line)["step"] <= step else []
        storage.write_atomically(path, b"".join(kept))
        self.file = open(path, "a", encoding="utf-8")  # noqa: SIM115
        with contextlib.suppress(ImportError):
            if not board:
                return
            from torch.utils.tensorboard import SummaryWriter

            self.board = SummaryWriter(str(folder / "tensorboard"), purge_step=step + 1)

    def __enter__(self) -> TrainingLog:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()
        if self.board:
            self.board.close()

    def write(self, record: dict[str, Any]) -> None:
        """Adds a line with the seconds since the log was opened.

        Args:
            record: "step", and values by name, or under "valid" those of a validation.
        """
        seconds = round(time.monotonic() - self.start, 3)
        with storage.naming(self.file.name):
            self.file.write(json.dumps({**record, "seconds": seconds}) + "\n")
            self.file.flush()
        part = "valid" if "valid" in record else "train"
        for name, value in record.get("valid", record).items():
            if self.board and name != "step" and isinstance(value, (int, float)):
                self.board.add_scalar(f"{part}/{name}", value, record["step"])
