import pytest

from avspeech.data import corpora
from avspeech.data.corpora import adress, layout
from avspeech.data.manifest import read_manifest
from avspeech.errors import InputError

CHAT = """@UTF8
*INV:\twhat do you see ? \x1510_20\x15
*PAR:\twell &uh the boy [//] is
\ttaking (th)e cookies <on the> [/] +... \x1520_90\x15
%mor:\tco|well
*PAR:\tand that's it .
"""


def test_prepare(tmp_path, sound):
    source, number = tmp_path / "in", 0
    for kind in ("cc", "cd"):
        lines = ["ID   ; age ; gender ; mmse"]
        for n in range(10):
            number += 1
            sound(source / "train" / "Full_wave_enhanced_audio" / kind / f"S{number:03}.wav",
                  number)
            lines.append(f"S{number:03} ; {60 + n} ; {n % 2} ; {'NA' if kind == 'cc' else 18}")
        (source / "train" / f"{kind}_meta_data.txt").write_text("\n".join(lines) + "\n")
        folder = source / "train" / "transcription" / kind
        folder.mkdir(parents=True)
        (folder / f"S{number:03}.cha").write_text(CHAT)
    for n in (160, 161):
        sound(source / "test" / "Full_wave_enhanced_audio" / f"S{n}.wav", n)
    assert "test: 2 of 48 recordings" in corpora.check("adress", source)
    utterances = read_manifest(corpora.prepare("adress", source, tmp_path / "out",
                                               incomplete=True)[0])
    by_id = {u.id: u for u in utterances}
    u = by_id["adress-S020"]
    assert u.labels == {"dementia": "yes", "split": "dev", "sex": "female", "age": 69.0,
                        "mmse": 18.0}
    assert u.text == "well the boy is taking the cookies on the and that's it ."
    assert by_id["adress-S160"].labels == {"split": "test"}
    table = source / "test" / "meta_data.txt"
    table.write_text("ID;age;gender;Label;mmse\nS160;70;0;1;20\nS161;71;1;0;29\n")
    utterances = read_manifest(corpora.prepare("adress", source, tmp_path / "out",
                                               incomplete=True)[0])
    assert [u.labels["dementia"] for u in utterances if u.labels["split"] == "test"] == ["yes",
                                                                                         "no"]
    table.write_text("ID;age;gender;Label;mmse\nS160;70;0;AD;20\n")
    with pytest.raises(InputError, match="S160: label: expected 0 or 1, got 'AD'"):
        corpora.check("adress", source)


@pytest.mark.parametrize("place", ["test/meta_data_test.txt", "meta_data_test.txt",
                                   "test/meta_data.txt", "meta_data.txt"])
def test_labels_of_the_test_part(tmp_path, sound, place):
    source = tmp_path / "in"
    for n in range(10):
        sound(source / "train" / "Full_wave_enhanced_audio" / ("cc", "cd")[n % 2] / f"S{n:03}.wav",
              n)
    for n in (160, 161):
        sound(source / "test" / "Full_wave_enhanced_audio" / f"S{n}.wav", n)
    said = "no utterance of the test split has the label 'dementia'"
    assert said in corpora.check("adress", source)
    (source / place).write_text("ID   ; age ; gender ; Label ; mmse\nS160 ; 79 ; 1 ; 1 ; 18\n")
    assert said not in corpora.check("adress", source)
    found = {c.id: c.labels for c in adress.scan(source).clips}
    assert found["S160"] == {"split": "test", "sex": "female", "age": 79.0, "mmse": 18.0,
                             "dementia": "yes"}
    corpora.prepare("adress", source, tmp_path / "out", incomplete=True)
    assert "1 of 12 utterances have no label 'dementia'" in layout.read_prepared(tmp_path / "out").found


def test_published_counts():
    assert sum(adress.CLIPS.values()) == 156


def test_a_table_of_people_with_names_of_files(tmp_path):
    table = tmp_path / "meta_data.txt"
    table.write_text("ID;age;gender;Label;mmse\nS160.wav;70;0;1;20\nS160.wav;70;0;1;20\n")
    assert list(adress.read_people(table)) == ["S160"]
    table.write_text("ID;age;gender;Label;mmse\nS160;70;0;1;20\nS160.wav;70;0;0;20\n")
    with pytest.raises(InputError, match="S160 is given twice, with other values"):
        adress.read_people(table)
