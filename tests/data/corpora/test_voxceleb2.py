import pytest

from avspeech.data import corpora
from avspeech.data.corpora import layout, voxceleb2
from avspeech.data.manifest import read_manifest
from avspeech.errors import InputError

META = "VoxCeleb2 ID ,VGGFace2 ID ,Gender ,Set \n" + "".join(
    f"id0000{n} ,n00000{n} ,{'mf'[n % 2]} ,{'test' if n > 4 else 'dev'} \n" for n in range(1, 7))


@pytest.fixture
def corpus(tmp_path, clip):
    root = tmp_path / "vox2"
    for n in range(1, 6):
        name = "test" if n > 4 else "dev"
        for number in ("00001", "00002"):
            clip(root / name / "mp4" / f"id0000{n}" / "21Uxsk56VDQ" / f"{number}.mp4", sound=False)
            clip(root / name / "aac" / f"id0000{n}" / "21Uxsk56VDQ" / f"{number}.m4a")
    (root / "vox2_meta.csv").write_text(META)
    return root


def test_published_counts_agree():
    assert sum(voxceleb2.UTTERANCES.values()) == 1_128_246 and sum(voxceleb2.SPEAKERS.values()) == 6_112
    assert sum(voxceleb2.VIDEOS.values()) == 150_480


def test_published_sets(corpus, tmp_path, capsys):
    train, dev, test = (read_manifest(p) for p in corpora.prepare("voxceleb2", corpus,
                                                                  tmp_path / "out", dev=1))
    assert {u.speaker for u in test} == {"vox2-id00005"} and len({u.speaker for u in dev}) == 1
    assert len(train) == 6 and not {u.speaker for u in train} & {u.speaker for u in dev}
    one = test[0]
    assert one.audio == "test/aac/id00005/21Uxsk56VDQ/00001.m4a" and one.labels == {"sex": "F"}
    assert one.views[0].video == "test/mp4/id00005/21Uxsk56VDQ/00001.mp4" and one.views[0].yaw is None
    assert "dev: 4 of 5,994 speakers, 4 of 145,569 videos, 8 of 1,092,009" in capsys.readouterr().out
    some = [u for p in corpora.prepare("voxceleb2", corpus, tmp_path / "some", max_per_speaker=1)
            for u in read_manifest(p)]
    assert len(some) == 5


def test_check(corpus, tmp_path, clip):
    (corpus / "dev/aac/id00001/21Uxsk56VDQ/00001.m4a").unlink()
    (corpus / "dev/aac/id00001/21Uxsk56VDQ/00002.m4a").write_bytes(b"")
    clip(corpus / "dev/mp4/id00099/abc/00001.mp4")
    problems = "\n".join(corpora.check("voxceleb2", corpus))
    for expected in ("test: 1 of 118 speakers", "1 speakers missing: id00006",
                     "1 speakers not in vox2_meta.csv: id00099",
                     "2 clips without .m4a: dev/id00001/21Uxsk56VDQ/00001",
                     "1 files of 0 bytes: dev/aac/id00001"):
        assert expected in problems, expected
    by_id = {u.id: u for p in corpora.prepare("voxceleb2", corpus, tmp_path / "out") for u
             in read_manifest(p)}
    assert by_id["vox2-id00099-abc-00001"].audio.endswith(".mp4")  # the clip's own sound
    assert "vox2-id00001-21Uxsk56VDQ-00001" not in by_id
    assert any("neither .m4a nor in the .mp4" in p for p
               in layout.read_prepared(tmp_path / "out").problems)


def test_bare_folders_of_the_test_archives(tmp_path, clip):
    for n in (5, 6, 4):
        clip(tmp_path / "mp4" / f"id0000{n}" / "v" / "00001.mp4")
    assert {c.set for c in voxceleb2.tracks(tmp_path)} == {"test"}
    (tmp_path / "vox2_meta.csv").write_text(META)
    assert {c.speaker: c.set for c in voxceleb2.tracks(tmp_path)} == {
        "id00004": "dev", "id00005": "test", "id00006": "test"}


def test_meta_of_another_shape_and_absent_corpus(tmp_path):
    path = tmp_path / "vox2_meta.csv"
    path.write_text("id;sex\n")
    with pytest.raises(InputError, match="parted by semicolons"):
        voxceleb2.read_meta(path)
    with pytest.raises(InputError, match="voxceleb.*form"):
        corpora.check("voxceleb2", tmp_path / "nowhere")


def test_a_table_by_tabs(corpus):
    before = voxceleb2.read_meta(corpus / "vox2_meta.csv")
    (corpus / "vox2_meta.csv").write_text(META.replace(",", "\t"))
    assert voxceleb2.read_meta(corpus / "vox2_meta.csv") == before


def test_a_speaker_in_both_sets_is_in_the_test_alone(corpus, tmp_path):
    """Before, the test had each of these clips twice, and could not be read."""
    import shutil

    for kind in ("mp4", "aac"):
        shutil.copytree(corpus / "dev" / kind / "id00001", corpus / "test" / kind / "id00001")
        for path in (corpus / "test" / kind / "id00001").rglob("00002*"):
            path.rename(path.with_stem("00003"))
    parts = [read_manifest(p) for p in corpora.prepare("voxceleb2", corpus, tmp_path / "out", dev=1)]
    ids = [u.id for part in parts for u in part]
    assert len(set(ids)) == len(ids) and not any("id00001-21Uxsk56VDQ-00001" in i for i in ids)
    assert not {u.speaker for u in parts[0] + parts[1]} & {u.speaker for u in parts[2]}
    said = layout.read_prepared(tmp_path / "out").problems
    assert any("1 utterances in two places, none is used" in line for line in said)


def test_two_sexes_of_a_speaker_are_refused(corpus):
    cells = META.splitlines()[1].split(",")
    cells[2] = "x"
    (corpus / "vox2_meta.csv").write_text(META.rstrip("\n") + "\n" + ",".join(cells) + "\n")
    with pytest.raises(InputError, match="vox2_meta.csv: 'id.*' stands above already"):
        voxceleb2.tracks(corpus)
