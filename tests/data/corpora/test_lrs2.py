import shutil

import pytest

from avspeech.data import corpora
from avspeech.data.corpora import layout, lrs2
from avspeech.data.manifest import read_manifest
from avspeech.errors import InputError

MAIN = "Text:  SO WE\nConf:  4\n"
PRETRAIN = MAIN + "\nWORD START END ASDSCORE\nSO 0.10 0.25 7.1\nWE 0.25 0.60 5.0\n"
TRAIN, VAL, TEST = "5535415699068794046", "6300370419826092098", "6330311066473698535"


@pytest.fixture
def corpus(tmp_path, clip):
    """As the archive unpacks, the filelists beside it."""
    root = tmp_path / "lrs2"
    for broadcast, numbers in ((TRAIN, "12"), (VAL, "1"), (TEST, "123")):
        for number in numbers:
            path = clip(root / f"mvlrs_v1/main/{broadcast}/0000{number}.mp4")
            path.with_suffix(".txt").write_text(MAIN)
    for broadcast in (TRAIN, VAL):
        path = clip(root / f"mvlrs_v1/pretrain/{broadcast}/00001.mp4")
        path.with_suffix(".txt").write_text(PRETRAIN)
    (root / "train.txt").write_text(f"{TRAIN}/00001\n{TRAIN}/00002\n")
    (root / "val.txt").write_text(f"{VAL}/00001\n")
    (root / "test.txt").write_text(f"{TEST}/00001 NF\n{TEST}/00002 MV\n")
    (root / "pretrain.txt").write_text(f"{TRAIN}/00001\n{VAL}/00001\n")
    return root


def parts(source, out, **options):
    return {p.stem: read_manifest(p) for p in corpora.prepare("lrs2", source, out, **options)}


def test_published_parts(corpus, tmp_path, capsys):
    found = parts(corpus, tmp_path / "out")
    assert {name: sorted(u.id for u in own) for name, own in found.items()} == {
        "train": [f"lrs2-main-{TRAIN}-00001", f"lrs2-main-{TRAIN}-00002", f"lrs2-pretrain-{TRAIN}-00001"],
        "dev": [f"lrs2-main-{VAL}-00001"],
        "test": [f"lrs2-main-{TEST}-00001", f"lrs2-main-{TEST}-00002"]}
    assert [u.labels["subset"] for u in found["test"]] == ["NF", "MV"]
    assert found["train"][2].labels["words"] == [[0.1, 0.25, "SO"], [0.25, 0.6, "WE"]]
    assert {u.text for own in found.values() for u in own} == {"SO WE"}
    told = capsys.readouterr().out
    for expected in ("7 of 144,482 utterances", "test: 2 of 1,243", "1 clips left out, which no list has: "
                     f"main/{TEST}/00003", "1 utterances left out: their speaker or recording is held out"):
        assert expected in told, expected
    assert layout.read_prepared(tmp_path / "out").split == "published"


@pytest.mark.parametrize("change", ["beside main", "in data/", "as on the page", "windows", "more",
                                    "one deeper"])
def test_copies_are_read_alike(corpus, tmp_path, change):
    expected = parts(corpus, tmp_path / "out")
    if change == "beside main":
        for name in lrs2.LISTS:
            shutil.move(corpus / f"{name}.txt", corpus / "mvlrs_v1" / f"{name}.txt")
    elif change == "in data/":
        (corpus / "data" / "lrs2_v1").mkdir(parents=True)
        shutil.move(corpus / "mvlrs_v1", corpus / "data" / "lrs2_v1" / "mvlrs_v1")
    elif change == "as on the page":
        for name in lrs2.LISTS:
            shutil.move(corpus / f"{name}.txt", corpus / f"Filelist_{name.title()}")
    elif change == "windows":
        for path in (*corpus.glob("*.txt"), *corpus.rglob("0*.txt")):
            path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    elif change == "more":
        path = corpus / "train.txt"
        path.write_text("\n".join(f"main/{line}.mp4" for line in path.read_text().split()) + "\n\n")
        (corpus / "mvlrs_v1/main" / TRAIN / "._00001.mp4").write_bytes(b"x")
    else:
        shutil.move(corpus, tmp_path / "inner")
        shutil.move(tmp_path / "inner", corpus / "LRS2")
    found = parts(corpus, tmp_path / "again")
    assert {name: [(u.id, u.text, u.labels) for u in own] for name, own in found.items()} == {
        name: [(u.id, u.text, u.labels) for u in own] for name, own in expected.items()}


def test_what_cannot_be_the_published_parts_is_refused(corpus, tmp_path, clip):
    def refused(message):
        with pytest.raises(InputError, match=message) as error:
            corpora.prepare("lrs2", corpus, tmp_path / "out")
        assert "\n" not in str(error.value)

    text = (corpus / "val.txt").read_text()
    (corpus / "val.txt").write_text(f"{TRAIN}/00001\n")
    refused(f"val.txt:1: '{TRAIN}/00001' stands above already")
    (corpus / "val.txt").write_text("00001\n")
    refused("val.txt:1: expected '5535415699068794046/00001', got '00001'")
    (corpus / "val.txt").unlink()
    refused("no filelist val.txt; put the lists")
    (corpus / "val.txt").write_text(text)
    shutil.rmtree(corpus / "mvlrs_v1")
    refused("nothing of LRS2 in it; expected main and pretrain")
    clip(corpus / "trainval" / "00j9bKdiOjk" / "00001.mp4")
    refused("with trainval it is LRS3, corpus 'lrs3'")


def test_check_names_what_is_missing(corpus):
    (corpus / f"mvlrs_v1/main/{TEST}/00001.mp4").unlink()
    (corpus / f"mvlrs_v1/main/{TEST}/00002.txt").unlink()
    (corpus / f"mvlrs_v1/main/{VAL}/00001.mp4").write_bytes(b"")
    problems = "\n".join(corpora.check("lrs2", corpus))
    for expected in ("pretrain: 2 of 96,318 utterances",
                     f"1 clips of the lists that are not there: {TEST}/00001",
                     f"1 clips without .txt: main/{TEST}/00002", f"1 .txt without a clip: main/{TEST}/00001",
                     f"1 files of 0 bytes: mvlrs_v1/main/{VAL}"):
        assert expected in problems, expected
