import pytest

from avspeech.data import corpora
from avspeech.data.corpora import layout, lrs3
from avspeech.data.manifest import read_manifest
from avspeech.errors import InputError

HEAD = ("Text:  {}\nConf:  4\nRef:   {}\n\nFRAME \tX \tY \tW \tH \n"
        "000100 \t0.4 \t0.2 \t0.1 \t0.2 \n000101 \t0.4 \t0.2 \t0.1 \t0.2 \n")
WORDS = "\nWORD START END ASDSCORE\nSO 0.10 0.25 7.1\nWE 0.25 0.60 5.0\n"


@pytest.fixture
def corpus(tmp_path, clip):
    root = tmp_path / "lrs3"
    videos = {"pretrain": "abcde", "trainval": "abcd", "test": "xy"}
    for part, names in videos.items():
        for name in names:
            for number in ("00001", "00002"):
                path = clip(root / part / f"{name}0j9bKdiOjk" / f"{number}.mp4")
                text = HEAD.format("SO WE", name) + (WORDS if part == "pretrain" else "")
                path.with_suffix(".txt").write_text(text)
    return root


def test_annotation(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text(HEAD.format("SO WE", "abc") + WORDS)
    annotation = lrs3.read_annotation(path)
    assert (annotation.text, annotation.confidence) == ("SO WE", 4)
    assert annotation.words == [[0.1, 0.25, "SO"], [0.25, 0.6, "WE"]]
    table = "Text: A\n\nWORD START END ASDSCORE\n"
    for wrong, message in (("Conf: 4\n", "no line that begins"), (table + "A b 1 1\n", ":4:"),
                           (table + "A 2 1 1\n", "ends before")):
        path.write_text(wrong)
        with pytest.raises(InputError, match=message):
            lrs3.read_annotation(path)


def test_published_test_set_and_no_dev_video_in_train(corpus, tmp_path, capsys):
    train, dev, test = (read_manifest(p) for p in corpora.prepare("lrs3", corpus,
                                                                  tmp_path / "out", dev=1))
    assert {u.id.split("-")[1] for u in test} == {"test"} and len(test) == 4
    assert {u.id.split("-")[1] for u in dev} == {"trainval"} and len(dev) == 2
    assert not {u.speaker for u in train} & {u.speaker for u in dev + test}
    assert {u.id.split("-")[1] for u in train} == {"pretrain", "trainval"} and len(train) == 14
    one = next(u for u in train if "pretrain" in u.id)
    assert (one.text == "SO WE"
            and one.labels == {"confidence": 4, "words": [[0.1, 0.25, "SO"], [0.25, 0.6, "WE"]]})
    assert one.views[0].yaw is None and 0.9 < one.duration < 1.1
    assert "test: 2 of 412 videos, 4 of 1,321 utterances" in capsys.readouterr().out
    assert layout.read_prepared(tmp_path / "out").split == "published"


def test_without_the_test_set_it_is_split_by_video(corpus, tmp_path):
    paths = corpora.prepare("lrs3", corpus, tmp_path / "out", parts=["trainval"])
    parts = [{u.speaker for u in read_manifest(p)} for p in paths]
    assert [len(p) for p in parts] == [2, 1, 1] and len(set.union(*parts)) == 4
    assert layout.read_prepared(tmp_path / "out").split == "speaker"


def test_check_names_what_is_missing(corpus, tmp_path, clip):
    (corpus / "test/x0j9bKdiOjk/00001.txt").unlink()
    (corpus / "trainval/a0j9bKdiOjk/00001.mp4").unlink()
    (corpus / "trainval/a0j9bKdiOjk/00002.mp4").write_bytes(b"")
    clip(corpus / "pretrain/x0j9bKdiOjk/00009.mp4")
    problems = "\n".join(corpora.check("lrs3", corpus))
    for expected in ("pretrain: 6 of 5,090 videos, 11 of 118,516",
                     "2 clips without .txt: pretrain/x0j9bKdiOjk/00009, test/x0",
                     "1 .txt without a clip: trainval/a0j9bKdiOjk/00001",
                     "1 files of 0 bytes: trainval/a0",
                     "1 test videos that are also in pretrain or trainval: x0j9bKdiOjk"):
        assert expected in problems, expected
    train = read_manifest(corpora.prepare("lrs3", corpus, tmp_path / "out")[0])
    assert not any("x0j9bKdiOjk" in u.id for u in train)
    assert any("0 bytes" in line for line in layout.read_prepared(tmp_path / "out").problems)


def test_absent(tmp_path):
    with pytest.raises(InputError, match="mmai.io.*ask its authors"):
        corpora.prepare("lrs3", tmp_path, tmp_path / "out")


def test_lrs2_is_not_taken_for_it(corpus, tmp_path, clip):
    clip(corpus / "main" / "5535415699068794046" / "00001.mp4")
    with pytest.raises(InputError, match="with main and pretrain it is LRS2, corpus 'lrs2'"):
        corpora.prepare("lrs3", corpus, tmp_path / "out")
