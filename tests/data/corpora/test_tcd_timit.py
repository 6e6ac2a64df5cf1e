import shutil

import pytest

from avspeech.data import corpora
from avspeech.data.corpora import layout, tcd_timit
from avspeech.data.manifest import read_manifest
from avspeech.errors import InputError

LABELS = ('#!MLF!#\n"Q:/Videos/TCD-TIMIT/volunteers/01M/Clips/straightcam/sa1.rec"\n0 2000000 sil\n'
          '2000000 4500000 sh\n4500000 6000000 iy\n6000000 9000000 sil\n.\n')


@pytest.fixture
def corpus(tmp_path, clip):
    root = tmp_path / "TCD-TIMIT"
    for speaker in ("01M", "02M", "03F", "08F", "28M", "27M"):
        for camera in tcd_timit.CAMERAS:
            for sentence in ("sa1", "sx123"):
                clip(root / "volunteers" / speaker / "Clips" / camera / f"{sentence}.mp4")
    clip(root / "lipspeakers" / "Lipspkr1" / "Clips" / "straightcam" / "si1001.mp4")
    (root / "volunteer_labelfiles.mlf").write_text(LABELS)
    return root


def parts(source, out, **options):
    return {p.stem: read_manifest(p) for p in corpora.prepare("tcd_timit", source, out, **options)}


def test_the_speakers_of_the_published_test(corpus, tmp_path, capsys):
    found = parts(corpus, tmp_path / "out", dev=1)
    who = {name: {u.speaker for u in own} for name, own in found.items()}
    assert who["test"] == {"tcd_timit-08F", "tcd_timit-28M"} and len(who["dev"]) == 1
    assert who["dev"] | who["train"] == {"tcd_timit-01M", "tcd_timit-02M", "tcd_timit-03F"}
    one = next(u for own in found.values() for u in own if u.id == "tcd_timit-01M-sa1")
    assert one.labels == {"phones": [[0.2, 0.45, "sh"], [0.45, 0.6, "iy"]], "sentence": "sa1", "sex": "M"}
    assert (one.views[0].name, one.views[0].yaw) == ("front", 0.0)
    assert one.audio == "volunteers/01M/Clips/straightcam/sa1.mp4"
    told = capsys.readouterr().out
    for expected in ("6 of 59 volunteers, 1 of 3 lipspeakers, 13 of 6,913 clips of straightcam",
                     "speakers left out, as of the published split: 27M (2 clips), Lipspkr1 (1 clips)",
                     "01M has 2 of 98 clips"):
        assert expected in told, expected
    assert layout.read_prepared(tmp_path / "out").split == "published"


def test_options(corpus, tmp_path):
    found = parts(corpus, tmp_path / "out", dev=1, camera="30degcam", lipspeakers=True)
    everyone = [u for own in found.values() for u in own]
    assert len(everyone) == 10 and not any("phones" in u.labels for u in everyone)
    assert {(u.views[0].name, u.views[0].yaw) for u in everyone} == {("side_30", None)}
    found = parts(corpus, tmp_path / "out", dev=1, lipspeakers=True)
    assert any(u.speaker == "tcd_timit-Lipspkr1" for u in found["train"] + found["dev"])
    with pytest.raises(InputError, match="camera: 'left' is not there; there are straightcam, 30degcam"):
        corpora.prepare("tcd_timit", corpus, tmp_path / "out", camera="left")


@pytest.mark.parametrize("change", ["without Clips", "capitals", "windows", "one deeper", "hidden"])
def test_copies_are_read_alike(corpus, tmp_path, change):
    expected = parts(corpus, tmp_path / "out", dev=1)
    if change == "without Clips":
        for folder in (corpus / "volunteers").iterdir():
            shutil.move(folder / "Clips" / "straightcam", folder / "straightcam")
    elif change == "capitals":
        for path in corpus.rglob("sx123.mp4"):
            path.rename(path.with_name("SX123.MP4"))
    elif change == "windows":
        path = corpus / "volunteer_labelfiles.mlf"
        path.write_bytes(path.read_bytes().replace(b"/", b"\\").replace(b"\n", b"\r\n"))
    elif change == "one deeper":
        shutil.move(corpus, tmp_path / "inner")
        shutil.move(tmp_path / "inner", corpus / "TCDTIMIT")
    else:
        (corpus / "volunteers/01M/Clips/straightcam/._sa1.mp4").write_bytes(b"x")
    found = parts(corpus, tmp_path / "again", dev=1)
    assert {name: [(u.id, u.labels) for u in own] for name, own in found.items()} == {
        name: [(u.id, u.labels) for u in own] for name, own in expected.items()}


def test_without_test_speakers_it_is_split_by_speaker(corpus, tmp_path):
    for speaker in ("08F", "28M"):
        shutil.rmtree(corpus / "volunteers" / speaker)
    found = parts(corpus, tmp_path / "out")
    assert [len({u.speaker for u in own}) for own in found.values()] == [1, 1, 1]
    assert layout.read_prepared(tmp_path / "out").split == "speaker"


@pytest.mark.parametrize("labels, message", [
    (LABELS.replace("2000000 4500000 sh", "2000000 sh"), ":4: expected 'start end phone', got '2000000 sh'"),
    (LABELS.replace("2000000 4500000 sh", "2000000 1500000 sh"), ":4: times run backwards"),
    (LABELS.replace("volunteers/01M/", ""), ":2: expected a path such as"),
    (LABELS + LABELS.replace(" iy", " ih"), ":14: '01M/sa1' stands above already"),
])
def test_wrong_label_files_are_refused(corpus, tmp_path, labels, message):
    (corpus / "volunteer_labelfiles.mlf").write_text(labels)
    with pytest.raises(InputError, match=f"volunteer_labelfiles.mlf{message}"):
        corpora.prepare("tcd_timit", corpus, tmp_path / "out")


def test_check_names_archives_and_strange_files(corpus, clip):
    (corpus / "volunteers/04M/Clips").mkdir(parents=True)
    (corpus / "volunteers/04M/Clips/straightcam.zip").write_bytes(b"PK")
    clip(corpus / "volunteers/01M/Clips/straightcam/sa1 (1).mp4")
    problems = "\n".join(corpora.check("tcd_timit", corpus))
    for expected in ("6 of 59 volunteers", "1 archives not unpacked: volunteers/04M/Clips/straightcam.zip",
                     "1 files that are not named as TCD-TIMIT's, left out: volunteers/01M/Clips/straightcam"):
        assert expected in problems, expected
