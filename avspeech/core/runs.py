"""Folders of long work such as a training: is it finished, to be continued, or to start again?"""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from avspeech.core import config, processes, storage
from avspeech.errors import InputError

RECORD = "settings.json"
MISSING = "not given"


def finished(folder: str | Path, product: str | Path, settings: Mapping[str, Any],
             made_of: Mapping[str, str], forced: bool = False,
             free: Collection[str] = ()) -> bool:
    """Whether `product` exists and was made with these settings, code and data. If not, the folder
    is prepared for the work.

    The record `folder/settings.json` is written before the work starts, so an interrupted run is
    continued only by the same code on the same data. If the code or the data have changed, or with
    `forced`, the work starts again, and the folder as it was is kept beside as NAME.before, in the
    place of an earlier one: hours of training are not lost with a line of code. Under torchrun
    every process must call this.

    Args:
        folder: the folder of this piece of work.
        product: the file that the work writes last.
        settings: what the user chose, as JSON values.
        made_of: {name: hash} of everything else that decides the result, e.g. "code" and "data".
        forced: start again in any case.
        free: dotted keys of the settings that may change, as `config.free` gives them.

    Returns:
        True if the product is finished, False if the work has to be done or continued.

    Raises:
        InputError: the folder was made with other settings, which the message names. A changed
            setting may be a mistake, and training takes long, so such a folder is left alone.
    """
    folder, product = Path(folder), Path(product)
    wanted = json.loads(json.dumps({"settings": settings, "made_of": made_of}))
    if processes.rank_and_world()[0] == 0:
        _prepare(folder, product, wanted, forced, free)
    processes.barrier()
    if product.exists():
        if processes.rank_and_world()[0] == 0:
            print(f"{folder.name}: finished before", flush=True)
        return True
    return False


def _prepare(folder: Path, product: Path, wanted: dict[str, Any], forced: bool,
             free: Collection[str]) -> None:
    try:
        found = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        found = found if isinstance(found, dict) else {}
    except (OSError, ValueError):
        found = {}
    there = product.exists() or bool(found)
    if there and not forced:
        then = found.get("settings")
        if not isinstance(then, dict):
            raise _refusal(folder, RECORD)
        other = _differences(config.without(then, free), config.without(wanted["settings"], free))
        if other:
            raise _refusal(folder, ", ".join(other[:3]) + " and more" * (len(other) > 3))
        if found.get("made_of") == wanted["made_of"]:
            return
    if there:
        old, new = found.get("made_of", {}), wanted["made_of"]
        changed = [name for name in new if old.get(name) != new[name]]
        reason = "forced" if forced else ", ".join(changed) + " changed"
        kept = folder.with_name(f"{folder.name}.before")
        shutil.rmtree(kept, ignore_errors=True)
        folder.rename(kept)
        print(f"{folder.name}: made again ({reason}); what was there is in {kept}", flush=True)
    storage.write_atomically(folder / RECORD, (json.dumps(wanted, indent=1) + "\n").encode())


def _refusal(folder: Path, what: str) -> InputError:
    return InputError(f"{folder}: was made with other settings ({what}); use --force to make it "
                      "again, or another folder with --exp")


def _differences(then: dict[str, Any], now: dict[str, Any], prefix: str = "") -> list[str]:
    """Where two settings differ, as lines "train.lr=0.1, now 0.2"."""
    found = []
    for key in [*now, *(key for key in then if key not in now)]:
        old, new = then.get(key, MISSING), now.get(key, MISSING)
        if isinstance(old, dict) and isinstance(new, dict):
            found += _differences(old, new, f"{prefix}{key}.")
        elif old != new:
            was, is_now = (value if value is MISSING else config.shown(value)
                           for value in (old, new))
            found.append(f"{prefix}{key}={was}, now {is_now}")
    return found
