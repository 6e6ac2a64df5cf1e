"""The scripts in tools/ that need nothing fetched."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_pages_of_several_experiments_become_one(tmp_path: Path) -> None:
    def collect(*names: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, str(ROOT / "tools/collect.py"),
                               *(str(tmp_path / n) for n in names),
                               "-o", str(tmp_path / "RESULTS.md"), "--title", "All"],
                              capture_output=True, text=True)

    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "RESULTS.md").write_text(f"# Page {name}\n\n## Table\n\n| a | # b |\n")
    assert collect("one", "two").returncode == 0
    assert (tmp_path / "RESULTS.md").read_text() == (
        "# All\n\n## Page one\n\n### Table\n\n| a | # b |\n\n## Page two\n\n### Table\n\n| a | # b |\n")
    absent = collect("one", "three")
    assert absent.returncode == 2 and "three" in absent.stderr and absent.stderr.count("\n") == 1
