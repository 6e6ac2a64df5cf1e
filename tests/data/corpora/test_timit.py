import pytest

from avspeech.bench import folds, tasks
from avspeech.data import corpora
from avspeech.data.corpora import timit
from avspeech.data.manifest import read_manifest


def test_published_counts():
    assert sum(timit.SPEAKERS.values()) == timit.TRAIN + timit.TEST == 630


@pytest.mark.parametrize("lower", [False, True])
def test_prepare(tmp_path, sound, lower):
    source = tmp_path / "in"

    def name(text):
        return text.lower() if lower else text

    info = [";  ID  Sex DR Use RecDate   BirthDate  Ht   Race Edu Comments"]
    number = 0
    for part, count in (("TRAIN", 5), ("TEST", 1)):
        for region in timit.REGIONS:
            for n in range(count):
                number += 1
                speaker = f"{'FM'[n % 2]}{region[0]}{part[1]}{region[2]}{n}"
                folder = source / name(part) / name(region) / name(speaker)
                for sentence in ("SA1", "SX7"):
                    sound(folder / (name(sentence) + (".wav"
                                                      if lower else ".WAV")).replace(".WAV",
                                                                                     ".wav"),
                          number)
                (folder / name("SA1.TXT")).write_text("0 46797 She had your dark suit.\n")
                born = "??/??/??" if n == 1 else f"05/02/{56 - n}"
                info.append(f"{speaker[1:]}  {speaker[0]}  {region[2]}  TRN  01/03/86  {born}  5'1\"  WHT")
    (source / name("DOC")).mkdir()
    (source / name("DOC") / name("SPKRINFO.TXT")).write_text("\n".join(info) + "\n")
    problems = corpora.check("timit", source)
    assert "DR1: 6 of 49 speakers" in problems and "TEST: 8 of 168 speakers" in problems
    utterances = read_manifest(corpora.prepare("timit", source, tmp_path / "out",
                                               incomplete=True)[0])
    assert len(utterances) == 96
    u = next(u for u in utterances if u.id == "timit-FDE10-SA1")
    assert u.text == "She had your dark suit." and u.labels == {
        "dialect": "new england", "sentence": "SA1", "split": "test", "sex": "female", "age": 29}
    [fold] = folds.resolve(tasks.load("dialect"), "timit", utterances).folds
    assert (len(fold.train), len(fold.dev), len(fold.test)) == (64, 16, 16)
    assert folds.resolve(tasks.load("age"), "timit", utterances).unlabelled == 16


def test_a_copy_with_its_parts_in_a_folder_data(tmp_path, sound):
    source = tmp_path / "in"
    for n, part in enumerate(("TRAIN", "TEST")):
        sound(source / "data" / part / "DR1" / f"FAA{n}0" / "SA1.WAV.wav", n)
    (source / "SPKRINFO.TXT").write_text("AA00  F  1  TRN  01/03/86  05/02/56  5'1\"  WHT\n")
    utterances = read_manifest(corpora.prepare("timit", source, tmp_path / "out", incomplete=True)[0])
    assert [u.audio[:14] for u in utterances] == ["data/TRAIN/DR1", "data/TEST/DR1/"]
    assert [u.labels.get("age") for u in utterances] == [29, None]
