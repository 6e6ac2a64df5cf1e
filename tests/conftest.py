"""What the tests share.

Real speech and faces lie in the folder AVSPEECH_DATA (default: shared/data beside the repository); tests that
use them are marked `real` and skipped without.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]
settings.register_profile("avspeech", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("avspeech")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder that holds grid/, ravdess/ and librispeech/. Skips the test where it is absent."""
    folder = Path(os.environ.get("AVSPEECH_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data in {folder}; set AVSPEECH_DATA")
    return folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the recipes first: their file takes longest, and would keep one process busy at the end."""
    items.sort(key=lambda item: item.path.name != "test_recipes.py")
