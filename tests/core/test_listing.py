"""Which files below a folder are found."""

from __future__ import annotations

from pathlib import Path

from avspeech.core.listing import files_below


def test_hidden_files_are_left_out_and_links_to_folders_are_followed(tmp_path: Path) -> None:
    for name in ("a/1.wav", "a/._1.wav", "a/.DS_Store", ".x/2.wav", "__MACOSX/a/._1.wav",
                 "a/Thumbs.db", "else/3.WAV"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).touch()
    (tmp_path / "in" / "else").rename(tmp_path / "else")
    (tmp_path / "in/a/linked").symlink_to(tmp_path / "else")
    (tmp_path / "in/a/round").symlink_to(tmp_path / "in")
    (tmp_path / "in/a/nowhere.wav").symlink_to(tmp_path / "gone.wav")
    found = [str(p.relative_to(tmp_path / "in")) for p in files_below(tmp_path / "in")]
    assert found == ["a/1.wav", "a/linked/3.WAV", "a/nowhere.wav"]
