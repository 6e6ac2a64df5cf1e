import pytest

from avspeech.bench import folds, tasks
from avspeech.data import corpora
from avspeech.data.corpora import urtic
from avspeech.data.manifest import read_manifest
from avspeech.errors import InputError


@pytest.mark.parametrize("test", ["?", "C"])
def test_prepare(tmp_path, sound, test):
    source = tmp_path / "in"
    rows = ["file_name\tCold (upper respiratory tract infection)"]
    for part, count in (("train", 40), ("devel", 12), ("test", 6)):
        for n in range(count):
            label = ("C" if n % 4 == 0 else "NC") if part != "test" else "?" if test == "?" else "C"
            rows.append(f"{part}_{n:04}.wav\t{label}")
            sound(source / "wav" / f"{part}_{n:04}.wav", n)
    (source / "lab").mkdir()
    (source / "lab" / "ComParE2017_Cold.tsv").write_text("\n".join(rows) + "\n")
    assert "train: 10 of 970 clips with a cold" in corpora.check("urtic", source)
    utterances = read_manifest(corpora.prepare("urtic", source, tmp_path / "out",
                                               incomplete=True)[0])
    parts = {p: [u.labels["part"] for u in utterances if u.labels["split"] == p]
             for p in ("train", "dev", "test")}
    if test == "?":  # the test part is without labels
        assert len(utterances) == 52 and set(parts["test"]) == {"devel"}
        assert set(parts["dev"]) == set(parts["train"]) == {"train"} and 2 <= len(parts["dev"]) <= 16
    else:
        assert {p: set(names) for p, names in parts.items()} == {"train": {"train"},
                                                                 "dev": {"devel"},
                                                                 "test": {"test"}}
    found = folds.resolve(tasks.load("cold"), "urtic", utterances)
    assert found.classes == ("no", "yes") and len(found.folds) == 1
    (source / "lab" / "ComParE2017_Cold.tsv").write_text("\n".join(rows).replace("\tNC", "\tX"))
    with pytest.raises(InputError, match="expected train_, devel_ or test_ and C, NC or"):
        corpora.check("urtic", source)


def test_published_counts():
    assert sum(urtic.CLIPS.values()) == 28652
