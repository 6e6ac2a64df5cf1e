"""What the tests share.

Real speech and faces lie in the folder AVSPEECH_DATA (default: shared/data beside the repository); tests that
use them are marked `real` and skipped without.
"""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "tests" / "recipes"))  # for `recipe_loading`
# The files that take longest, from the longest on: see below.
LONGEST = ("recipes/test_tts.py", "recipes/test_ser.py", "recipes/test_tse.py", "text/test_readings.py",
           "core/test_bounds.py", "core/test_trainer.py", "emotion/test_export.py",
           "synthesis/test_scoring.py",
           "extraction/test_files.py", "test_recipes.py", "test_sharing.py", "synthesis/test_synthesizer.py",
           "bench/test_recipe.py", "bench/test_kill.py", "synthesis/test_gate.py", "examples/test_edge.py",
           "text/test_normalise.py", "transcribe/test_files.py")
settings.register_profile("avspeech", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("avspeech")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder that holds grid/, ravdess/ and librispeech/. Skips the test where it is absent."""
    folder = Path(os.environ.get("AVSPEECH_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data in {folder}; set AVSPEECH_DATA")
    return folder


@pytest.fixture(scope="module", autouse=True)
def frozen() -> None:
    """Leaves what is there before a file's tests, a million objects of libraries and of the collection, out
    of each later `gc.collect`, as an extraction calls it: it would take most of the time of many tests."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the files first that take longest: one of them at the end would keep one process busy alone."""
    places = {ROOT / "tests" / name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))
