"""Copies of corpora as users have them: in a folder of the archive's, in other formats, packed."""

import json
import shutil

import pytest

from avspeech.data import corpora
from avspeech.data.corpora import headers, layout, scan, urdu
from avspeech.data.corpora.scan import Clip
from avspeech.data.manifest import read_manifest
from avspeech.errors import InputError


@pytest.fixture
def corpus(tmp_path, sound):
    """Of URDU, which is listed by its folders."""
    for n, emotion in enumerate(urdu.EMOTIONS):
        for k in range(3):
            sound(tmp_path / "in" / urdu.EMOTIONS[emotion].title() / f"SM{k + 1}_F{k}_{emotion}0{k}.wav",
                  3 * n + k)
    return tmp_path / "in"


def made(source, out, name="urdu", **options):
    """(its utterances without their paths, the lines that were printed)."""
    paths = corpora.prepare(name, source, out, incomplete=True, **options)
    utterances = [u for path in paths for u in read_manifest(path)]
    record = layout.read_prepared(out)
    assert all((layout.root_of(out) / u.audio).is_file() for u in utterances)
    return [(u.id, u.speaker, u.labels) for u in utterances], record.found + record.problems


@pytest.mark.parametrize("depth", [1, 2])
def test_the_folder_of_an_archive_is_looked_into(corpus, tmp_path, depth):
    whole = made(corpus, tmp_path / "out")[0]
    place = tmp_path / "unzipped"
    inner = place.joinpath(*["URDU-Dataset-master"] * depth)
    inner.parent.mkdir(parents=True)
    corpus.rename(inner)
    (place / "__MACOSX" / "Angry").mkdir(parents=True)
    again, said = made(place, tmp_path / "again")
    assert again == whole and any(line.startswith("taken from ") for line in said)
    assert corpora.check("urdu", place) == corpora.check("urdu", inner)


def test_two_copies_are_not_guessed_between(corpus, tmp_path):
    (tmp_path / "all").mkdir()
    shutil.copytree(corpus, tmp_path / "all" / "a")
    shutil.copytree(corpus, tmp_path / "all" / "b")
    with pytest.raises(InputError, match="all: it is in 2 folders of this one: a, b; give one of them"):
        corpora.prepare("urdu", tmp_path / "all", tmp_path / "out")


@pytest.mark.parametrize("suffix", [".flac", ".mp3", ".WAV", ".ogg", ".opus", ".m4a"])
@pytest.mark.parametrize("both", [False, True])
def test_a_clip_in_another_format_counts_once(corpus, tmp_path, suffix, both):
    """What is inside counts, so the sounds are only renamed."""
    whole, before = made(corpus, tmp_path / "out")
    for path in list(corpus.rglob("*.wav")):
        other = path.with_suffix(suffix)
        if both:
            shutil.copyfile(path, other)
        else:
            path.rename(other)
    again, said = made(corpus, tmp_path / "again")
    assert again == whole
    lossy = suffix not in (".flac", ".WAV") and not both
    assert any(f"12 sounds are {suffix}, whose coding changes them" in line for line in said) is lossy
    assert both or [line for line in said if "coding" not in line] == before


def test_a_table_may_name_the_clip_in_its_published_format(tmp_path, sound):
    source = tmp_path / "in"
    rows = {f"1_{n}": {"utterance": "Yes.", "speaker": f"S{n}", "show": "F", "sarcasm": n > 1}
            for n in range(4)}
    for n, name in enumerate(rows):
        sound(source / "utterances_final" / f"{name}.wav", n)
    (source / "sarcasm_data.json").write_text(json.dumps(rows))
    assert len(made(source, tmp_path / "out", "mustard")[0]) == 4
    assert Clip("a", source / "utterances_final" / "1_0.mp4", "s").path.suffix == ".wav"
    assert Clip("a", source / "none.mp4", "s").path == source / "none.mp4"


@pytest.mark.parametrize("name, told", [("urdu.zip", "is not unpacked"), ("a.tar.gz", "is not unpacked"),
                                        ("0.parquet", "is an export to other programs")])
def test_what_is_packed_is_told(tmp_path, name, told):
    (tmp_path / "in" / "data").mkdir(parents=True)
    (tmp_path / "in" / "data" / name).write_bytes(b"x")
    with pytest.raises(InputError, match=f"nothing of URDU in it, and {name} {told}"):
        corpora.prepare("urdu", tmp_path / "in", tmp_path / "out")


def test_a_damaged_corpus_below_is_told_as_such(tmp_path):
    """It is not said that there is nothing."""
    (tmp_path / "in" / "nEMO-main").mkdir(parents=True)
    (tmp_path / "in" / "nEMO-main" / "data.tsv").write_text("file_id\temotion\na.wav\tjoy\n")
    with pytest.raises(InputError, match="data.tsv:2: no 'raw_text'"):
        corpora.prepare("nemo", tmp_path / "in", tmp_path / "out")


def test_every_scan_of_nothing_is_empty_or_an_error(tmp_path):
    """So that folders can be looked into."""
    for name in corpora.CORPORA:
        module = corpora.get(name)
        if hasattr(module, "scan"):
            try:
                assert not scan.unwrapped(module.scan, tmp_path)[1].clips
            except InputError:
                assert name in ("own", "own_emotion")


def test_sounds_of_other_names_are_told(tmp_path, sound):
    sound(tmp_path / "in" / "a" / "b" / "other.flac")
    with pytest.raises(InputError, match="nothing of URDU in it, as a/b/other.flac and what is beside it"):
        corpora.prepare("urdu", tmp_path / "in", tmp_path / "out")


def test_parts_of_one_corpus_are_not_copies_of_it(corpus, tmp_path):
    for path in list(corpus.rglob("*.wav")):
        place = corpus.with_name("all") / f"disk{path.stem[-1]}" / path.parent.name / path.name
        place.parent.mkdir(parents=True, exist_ok=True)
        path.rename(place)
    with pytest.raises(InputError, match="3 folders of this one: .*: put them in one, as published"):
        corpora.prepare("urdu", tmp_path / "all", tmp_path / "out")


@pytest.mark.parametrize("front", [True, False])
@pytest.mark.parametrize("share", [0.5, 0.9, 1.0])
def test_a_film_whose_download_stopped_is_not_whole(tmp_path, clip, front, share):
    """With its index in front it opens, and tells the length of the whole."""
    import av

    place = clip(tmp_path / "in" / "ann" / "a.mp4", seconds=2.0)
    if front:
        with av.open(str(place)) as film, av.open(str(tmp_path / "b.mp4"), "w",
                                                  options={"movflags": "faststart"}) as out:
            streams = {s.index: out.add_stream_from_template(s) for s in film.streams}
            for packet in film.demux():
                if packet.dts is not None:
                    packet.stream = streams[packet.stream.index]
                    out.mux(packet)
        place.write_bytes((tmp_path / "b.mp4").read_bytes())
    data = place.read_bytes()
    place.write_bytes(data[:round(share * len(data))])
    if share == 1:
        assert headers.whole(place).audio > 1.9
        return
    with pytest.raises(InputError, match="a.mp4: it is cut off: .*copy it again" if front else "no index"):
        headers.whole(place)


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".aiff", ".mp3"])
@pytest.mark.parametrize("share", [0.3, 0.8, 1.0])
def test_a_download_that_stopped_is_no_short_clip(corpus, tmp_path, suffix, share):
    """Before, what was there of it counted as the clip."""
    import numpy as np
    import soundfile

    place = corpus / "Happy" / f"SM1_F0_H00{suffix}"
    (corpus / "Happy" / "SM1_F0_H00.wav").unlink()
    noise = np.random.default_rng(0).standard_normal(48_000)
    soundfile.write(place, 0.1 * noise, 16_000)
    data = place.read_bytes()
    place.write_bytes(data[:round(share * len(data))])
    again, said = made(corpus, tmp_path / "out")
    assert len(again) == (12 if share == 1 else 11)
    told = [line for line in said if "1 unusable clips" in line and place.name in line]
    assert bool(told) is (share < 1) and all("copy it again" in line for line in told)
