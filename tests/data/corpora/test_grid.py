import json
from pathlib import Path

import pytest

from avspeech.data import corpora
from avspeech.data.corpora import grid, layout
from avspeech.data.manifest import read_manifest, resolve
from avspeech.errors import InputError

ALIGN = ("0 5000 sil\n5000 8000 {}\n8000 9000 sp\n9000 11000 {}\n11000 13000 {}\n13000 15000 {}\n"
         "15000 18000 {}\n18000 21000 {}\n21000 25000 sil\n")


def write_align(path: Path, name: str, words=None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(ALIGN.format(*(words or grid.sentence(name))))


@pytest.fixture
def corpus(tmp_path, clip):
    names = ["bbaf2n", "lgiz9p", "prwa1s", "swbzza"]
    for speaker in ("s1", "s2", "s34"):
        for name in names:
            clip(tmp_path / "grid" / "video" / speaker / f"{name}.mpg", 3.0)
            write_align(tmp_path / "grid" / "alignments" / speaker / f"{name}.align", name)
    return tmp_path / "grid"


def test_names_are_sentences():
    assert grid.sentence("bbaf2n") == "bin blue at f two now".split()
    assert grid.sentence("swbzza") == "set white by z zero again".split()
    for wrong in ("", "bbaf2", "bbaf2nn", "xbaf2n", "bbaw2n", "bbaf0n", "BBAF2N"):
        assert grid.sentence(wrong) is None


def test_prepares_what_is_there_by_speaker(corpus, tmp_path, capsys):
    paths = corpora.prepare("grid", corpus, tmp_path / "out")
    assert [p.name for p in paths] == ["train.jsonl", "dev.jsonl", "test.jsonl"]
    parts = [read_manifest(p) for p in paths]
    assert sum(map(len, parts)) == 12 and [len({u.speaker for u in part}) for part
                                           in parts] == [1, 1, 1]
    first = next(u for part in parts for u in part if u.id == "grid-s34-bbaf2n")
    assert first.text == "bin blue at f two now" and first.speaker == "grid-s34"
    assert first.labels["words"][:2] == [[0.2, 0.32, "bin"], [0.36, 0.44, "blue"]]
    assert resolve(layout.read_prepared(tmp_path / "out").root, first.audio).is_file()
    assert first.view("front").yaw == 0.0 and first.views[0].video == first.audio
    assert 2.9 < first.duration < 3.1
    assert "3 of 33 speakers with video, 12 of 33,000 clips" in capsys.readouterr().out


def test_one_speaker_is_split_by_clip_and_the_seed_decides(corpus, tmp_path):
    outs = [tmp_path / name for name in "abc"]
    for out, seed in zip(outs, (0, 0, 5)):
        corpora.prepare("grid", corpus, out, speakers=["s1"], dev=1, test=1, seed=seed)
    tests = [(out / "test.jsonl").read_text() for out in outs]
    assert tests[0] == tests[1] and layout.read_prepared(outs[0]).split == "clip"
    assert layout.read_prepared(outs[0]).counts == {"train": 2, "dev": 1, "test": 1}
    assert len({(out / "test.jsonl").read_text() + (out / "dev.jsonl").read_text() for out
                in outs}) == 2


def test_check_counts_and_names(corpus, clip):
    (corpus / "video" / "s2" / "bbaf2n.mpg").write_bytes(b"")
    (corpus / "video" / "s2" / "lgiz9p.mpg").write_bytes(b"not a film" * 100)
    clip(corpus / "video" / "s2" / "prwa1s.mpg", 3.0, sound=False)
    clip(corpus / "video" / "s1" / "notes.mp4", 3.0)
    clip(corpus / "video" / "s34" / "bbaf2n.mpg", 1.0)
    write_align(corpus / "alignments" / "s1" / "bbaf2n.align", "bbaf2n",
                "bin blue at f three now".split())
    (corpus / "alignments" / "s1" / "lgiz9p.align").write_text("0 100 sil\nwhat\n")
    (corpus / "alignments" / "s1" / "prwa1s.align").unlink()
    write_align(corpus / "alignments" / "s1" / "prwa2s.align", "prwa2s")
    problems = "\n".join(corpora.check("grid", corpus))
    for expected in ("30 speakers missing: s3, s4, s5", "s1 has 5 of 1,000 clips",
                     "s2 has 4 of 1,000",
                     "2 clips without .align: s1/notes, s1/prwa1s",
                     "1 .align files without a clip: s1/prwa2s", "5 unusable clips",
                     "s34/bbaf2n: 1.0", "cut short", "0 bytes", "s2/prwa1s: no sound",
                     "s1/notes: the name is not a sentence",
                     ".align says 'bin blue at f three now'",
                     "lgiz9p.align:2: expected 'start end word'"):
        assert expected in problems, expected
    assert "s21" not in problems


def test_what_is_wrong_is_left_out_of_the_manifest(corpus, tmp_path):
    (corpus / "video" / "s2" / "bbaf2n.mpg").write_bytes(b"")
    write_align(corpus / "alignments" / "s1" / "bbaf2n.align", "bbaf2n",
                "bin blue at f three now".split())
    paths = corpora.prepare("grid", corpus, tmp_path / "out")
    by_id = {u.id: u for p in paths for u in read_manifest(p)}
    assert "grid-s2-bbaf2n" not in by_id and by_id["grid-s1-bbaf2n"].labels == {}
    assert any("0 bytes" in line
               for line in json.loads((tmp_path / "out" / "corpus.json").read_text())["problems"])


@pytest.mark.parametrize("video, align", [("{}/video/mpg_6000", "{}/align"), ("{}",
                                                                              "alignments/{}")])
def test_other_layouts_of_the_archive(tmp_path, clip, video, align):
    for name in ("bbaf2n", "lgiz9p"):
        clip(tmp_path / video.format("s3") / f"{name}.mpg", 3.0)
        write_align(tmp_path / align.format("s3") / f"{name}.align", name)
    assert [c.name for c in grid.films(tmp_path)] == ["bbaf2n", "lgiz9p"]
    assert all(c.align for c in grid.films(tmp_path))


def test_mpg_is_preferred_to_mp4(tmp_path, clip):
    for suffix in (".mp4", ".mpg"):
        clip(tmp_path / "video" / "s1" / f"bbaf2n{suffix}", 3.0)
    assert [c.video.suffix for c in grid.films(tmp_path)] == [".mpg"]


def test_a_speaker_linked_from_elsewhere_is_told(tmp_path, clip):
    for name in ("bbaf2n", "lgiz9p", "prwa1s"):
        clip(tmp_path / "disk" / "s1" / f"{name}.mpg", 3.0)
    (tmp_path / "grid" / "video").mkdir(parents=True)
    (tmp_path / "grid" / "video" / "s1").symlink_to(tmp_path / "disk" / "s1")
    with pytest.raises(InputError, match="video/s1 is a link to another place"):
        corpora.prepare("grid", tmp_path / "grid", tmp_path / "out", dev=1, test=1)
    (tmp_path / "all").symlink_to(tmp_path / "disk")  # the whole corpus may be one
    assert len(corpora.prepare("grid", tmp_path / "all", tmp_path / "out", dev=1, test=1)) == 3


def test_absent(tmp_path):
    for source in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(InputError, match="zenodo.*CC BY 4.0"):
            corpora.prepare("grid", source, tmp_path / "out")
        with pytest.raises(InputError, match="video/sN"):
            corpora.check("grid", source)


@pytest.mark.real
def test_real_labels_fit_the_sound(real_data):
    if not (real_data / "grid").is_dir():
        pytest.skip("no GRID")
    found = grid.films(real_data / "grid")
    assert all(grid.sentence(c.name) for c in found)
    own = found[::max(1, len(found) // 12)]
    lags = sorted(lag for lag in map(grid.label_lag, own) if lag is not None)
    assert abs(lags[len(lags) // 2]) <= grid.MAX_LAG


@pytest.mark.real
def test_shifted_labels_are_noticed(real_data, tmp_path):
    if not (real_data / "grid").is_dir():
        pytest.skip("no GRID")
    shifted = []
    for c in grid.films(real_data / "grid")[:60:5]:
        assert c.align is not None
        rows = [line.split() for line in c.align.read_text().splitlines() if line.strip()]
        late = [f"{int(a) + 7500 * (i > 0)} {int(b) + 7500} {w}" for i, (a, b, w)
                in enumerate(rows)]  # 0.3 s
        path = tmp_path / c.align.name
        path.write_text("\n".join(late))
        shifted.append(grid.Film(c.speaker, c.name, c.video, path))
    assert ("s1: labels are +0.3" in grid._shifted(shifted)[0]
            or "s1: labels are +0.2" in grid._shifted(shifted)[0])


def test_word_times_of_another_unit_are_left_out(corpus, tmp_path):
    """Milliseconds in place of 1/25000 s: six words in 30 ms."""
    for path in corpus.rglob("*.align"):
        rows = [line.split() for line in path.read_text().splitlines()]
        path.write_text("".join(f"{int(a) // 25} {int(b) // 25} {word}\n" for a, b, word in rows))
    paths = corpora.prepare("grid", corpus, tmp_path / "out")
    assert not any(u.labels for p in paths for u in read_manifest(p))
    [told] = [line for line in layout.read_prepared(tmp_path / "out").problems if "word times" in line]
    assert told.startswith("12 clips") and "words from 0.008 to 0.0336 s" in told
