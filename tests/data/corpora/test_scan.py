"""What the scanner does for every corpus: nothing is left out without a word, one bad clip stops no
other."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest
import soundfile

from avspeech.data import corpora
from avspeech.data.corpora import layout, scan, tables
from avspeech.data.corpora.scan import Clip, Read, Scan
from avspeech.data.manifest import Utterance, read_manifest
from avspeech.errors import InputError

ABOUT = layout.About("Tiny", "https://example.org", "free", "*.wav")


def prepare(source: Path, found: Scan, incomplete: bool = False) -> list[Utterance]:
    paths = scan.prepare("tiny", ABOUT, source, source.parent / "out", found, incomplete, 1)
    return [u for p in paths for u in read_manifest(p)]


def problems(source: Path) -> list[str]:
    return layout.read_prepared(source.parent / "out").problems


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def test_one_clip_of_an_unknown_codec_stops_no_other(source, clip):
    clips = [Clip(n, clip(source / f"{n}.mkv"), "s") for n in "abcd"]
    for name, old, new in (("b", b"A_AAC", b"A_QQC"), ("c", b"V_MPEG4", b"V_XPEG4")):
        path = source / f"{name}.mkv"
        path.write_bytes(path.read_bytes().replace(old, new))
    (source / "d.mkv").write_bytes(b"no film" * 90)
    made = prepare(source, Scan(clips, []), True)
    assert [u.id for u in made] == ["tiny-a", "tiny-c"]  # the sound of c is whole
    assert len(problems(source)) == 1 and problems(source)[0].startswith(
        "2 unusable clips: b.mkv: no sound in it that can be decoded, ")


def test_a_clip_without_a_label_is_counted_and_a_bare_split_is_a_problem(source, sound, capsys):
    clips = []
    for n, (split, mood) in enumerate([("train", "sad"), ("train", None), ("test", None),
                                       ("test", None)]):
        clips.append(Clip(f"{n}", sound(source / f"{n}.wav", n), "s", {"split": split,
                                                                       "mood": mood}))
    with pytest.raises(InputError, match="no utterance of the test split has the label 'mood'"):
        prepare(source, Scan(clips, [], labels=("mood",)))
    assert len(prepare(source, Scan(clips, [], labels=("mood",)), True)) == 4
    assert capsys.readouterr().out.count("3 of 4 utterances have no label 'mood'") == 2
    assert len(prepare(source, Scan(clips[:2], [], labels=("mood",)))) == 2


def test_cells_that_spell_nothing_are_no_label(source, sound, capsys):
    cells = ["sad", "NA", "n/a", "NULL", float("nan"), "None", "calm"]
    clips = [Clip(f"{n}", sound(source / f"{n}.wav", n), "s", {"mood": cell, "split": "none"})
             for n, cell in enumerate(cells)]
    made = prepare(source, Scan(clips, [], labels=("mood",)))
    assert [u.labels.get("mood") for u in made] == ["sad", None, None, None, None, None, "calm"]
    assert "5 of 7 utterances have no label 'mood'" in capsys.readouterr().out


def test_ids_that_stand_twice_are_named(source, sound):
    sound(source / "a.wav")
    clips = [Clip("a", source / "a.wav", "s"), Clip("a", source / "a.wav", "s", text="x")]
    with pytest.raises(InputError,
                       match="1 clips that occur twice; the first is used: a"):
        prepare(source, Scan(clips, []))
    assert [u.speaker for u in prepare(source, Scan(clips, []), True)] == ["tiny-s"]


def test_pointers_of_git_lfs_do_not_hide_the_others(source, sound):
    sound(source / "a.wav")
    (source / "b.wav").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")
    found = Scan([Clip(n, source / f"{n}.wav", "s") for n in "abc"], [])
    assert [u.id for u in prepare(source, found, True)] == ["tiny-a"]
    assert problems(source) == ["1 clips without sound: c.wav",
                                "1 files are pointers of Git LFS, not sound "
                                "(fetch them by 'git lfs pull'): b.wav"]


def test_what_falls_between_the_parts_is_counted(source, sound, capsys):
    clips = [Clip(f"{n}", sound(source / f"{n}.wav", n), f"{n}") for n in range(4)]

    def split(utterances):
        return {"train": utterances[:1], "dev": utterances[1:2], "test": utterances[2:3]}, "here"

    assert len(prepare(source, Scan(clips, [], split=split))) == 3
    assert "1 utterances left out: their speaker or recording" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b", "missing"])
def test_a_name_that_no_file_can_have_is_a_missing_clip(source, sound, name):
    sound(source / "a.wav")
    found = Scan([Clip("a", source / "a.wav", "s", text=tables.spoken(source / f"{name}.txt")),
                  Clip("b", source / name, "s")], [])
    with pytest.raises(InputError, match="1 clips without sound: "):
        prepare(source, found)


@pytest.mark.parametrize("name", ["/etc/hostname", "../outside.wav"])
def test_a_table_names_no_file_outside_of_the_corpus(source, sound, name):
    sound(source / "a.wav")
    sound(source.parent / "outside.wav", 1)
    clips = [Clip("a", source / "a.wav", "s"), Clip("b", source / name, "s")]
    with pytest.raises(InputError, match="not in that folder|link to another place"):
        prepare(source, Scan(clips, []))


def test_problems_of_a_kind_are_grouped(source):
    def read(n: int) -> Read:
        if n == 2:
            raise InputError("two: no use")
        return Read([Utterance(f"u{n}", "a.wav", 1.0, "s")], [("odd things", f"{n}"),
                                                              ("", f"line {n}")])

    found = Scan([1, 2, 3], [], ["before"], read)
    utterances, lines, notes = scan.read("tiny", source, found, 1)
    assert [u.id for u in utterances] == ["u1", "u3"] and not notes
    assert lines == ["before", "1 unusable clips: two: no use", "line 1", "line 3",
                     "2 odd things: 1, 3"]


@pytest.mark.parametrize("file", sorted(Path(corpora.__file__).parent.glob("*.py")),
                         ids=lambda p: p.stem)
def test_no_reader_cuts_data_at_other_separators(file):
    """str.splitlines cuts at U+2028 and six more; only what programs print is read by it."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and node.attr == "splitlines":
            assert "stderr" in ast.unparse(node), f"{file.name}:{node.lineno}"


@pytest.mark.parametrize("published", [0, 8000, 16_000, 48_000])
@pytest.mark.parametrize("rate", [8000, 11_025, 16_000])
def test_a_copy_that_was_resampled_is_told_and_stops_nothing(source, rate, published):
    for name in "abc":
        soundfile.write(source / f"{name}.wav", np.zeros(rate), rate)
    clips = [Clip(n, source / f"{n}.wav", "s") for n in "abc"]
    assert len(prepare(source, Scan(clips, ["3 clips"], rate=published))) == 3
    lines = layout.read_prepared(source.parent / "out").found
    assert not problems(source) and lines[0] == "3 clips"
    told = [line for line in lines if f"{rate:,} Hz, published were {published:,}" in line]
    assert len(told) == len(lines) - 1 == (rate < min(published, 16_000))


@pytest.mark.parametrize("name, place", [
    ("l2_arctic", "ABA/wav/arctic_a0001.wav"), ("librispeech", "dev-clean/84/1/84-1-0000.wav"),
    ("adress", "train/Full_wave_enhanced_audio/cc/S001.wav"), ("timit", "TRAIN/DR1/FCJF0/SA1.WAV"),
    ("lrs3", "trainval/0j9bKdiOjk/00001.mp4"), ("voxceleb2", "dev/mp4/id00012/21Uxsk56VDQ/00001.mp4"),
    ("mead", "M003/video/front/happy/level_1/001.mp4")])
@pytest.mark.parametrize("copy", ["{} (1)", "{} - Copy", "Copy of {}"])
def test_a_copy_under_another_name_is_no_clip_more(tmp_path, name, place, copy):
    path = tmp_path / place
    path.parent.mkdir(parents=True)
    for stem in (path.stem, copy.format(path.stem)):
        path.with_name(stem + path.suffix).write_bytes(b"x")
    found = corpora.get(name).scan(tmp_path)
    assert len(found.clips) == 1
    assert any("1 files that are not named as" in line and copy.format(path.stem) in line
               for line in found.problems)


def test_speakers_of_two_published_parts_are_told(source, sound, capsys):
    clips = [Clip(f"{n}", sound(source / f"{n}.wav", n), speaker, {"split": split})
             for n, (speaker, split) in enumerate([("a", "train"), ("a", "test"), ("b", "dev"),
                                                   ("c", "train"), ("c", "none")])]
    prepare(source, Scan(clips, []))
    assert "1 speakers are in two parts: tiny-a (train and test)" in capsys.readouterr().out


@pytest.mark.parametrize("cell", ["-1", "99", "nan", "inf", "", "x"])
def test_a_number_off_its_scale_is_no_answer(tmp_path, cell):
    with pytest.raises(InputError, match=f"mood: expected a number from 1 to 7, got '{cell}'"):
        tables.number({"file": "a", "mood": cell}, "mood", tmp_path / "t.csv", 1, 7)
    assert tables.number({"mood": "7"}, "mood", tmp_path / "t.csv", 1, 7) == 7


def test_a_text_is_read_as_it_is_or_refused(tmp_path):
    """Before, another coding made signs of replacement of a transcript."""
    path = tmp_path / "a.txt"
    for coding in ("utf-8", "utf-8-sig", "cp1252"):
        path.write_text("a café, “so”\r\n", encoding=coding)
        assert tables.spoken(path) == "a café, “so”"
    for coding in ("utf-16", "utf-16-le", "utf-16-be"):
        path.write_text("so it is", encoding=coding)
        with pytest.raises(InputError, match="a.txt: .*[Ss]ave it as UTF-8"):
            tables.spoken(path)


def test_a_link_out_of_the_corpus_is_named(source, sound):
    sound(source.parent / "far.wav")
    (source / "a.wav").symlink_to(source.parent / "far.wav")
    with pytest.raises(InputError, match="a.wav is a link to another place"):
        prepare(source, Scan([Clip("a", source / "a.wav", "s")], []))


def test_a_clip_with_two_labels_is_not_used(source, sound):
    """Before, the first row won, whichever was right."""
    clips = [Clip(name, sound(source / f"{name}.wav", k), speaker, {"mood": mood})
             for k, (name, speaker, mood) in enumerate([
                 ("a", "s", "sad"), ("a", "s", "sad"), ("b", "s", "sad"), ("b", "s", "glad"),
                 ("c", "s", "sad"), ("c", "t", "sad"), ("d", "s", "sad")])]
    assert [u.id for u in prepare(source, Scan(clips, []), True)] == ["tiny-a", "tiny-d"]
    assert problems(source) == [
        "1 clips that occur twice; the first is used: a",
        "2 clips that occur twice, with another label, text or speaker; none is used: b, c"]
