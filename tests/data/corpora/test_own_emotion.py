import json
import os
import re

import numpy as np
import pytest

from avspeech.bench import plan
from avspeech.core import recipe
from avspeech.data import corpora, protocol
from avspeech.data.corpora import layout, own_emotion
from avspeech.data.manifest import read_manifest
from avspeech.errors import InputError


def split_of(out, root):
    utterances = read_manifest(out / "all.jsonl")
    found = protocol.get("own_emotion-held-out").as_found(utterances)
    return found, found.splits(utterances, root)[0]


def test_a_folder_of_folders(tmp_path, sound):
    """Speakers are the folders below the labels; none is in two parts."""
    made = [(a, b, c) for a in ("joy", "rage") for b in "abcde" for c in "12"]
    for k, (label, speaker, n) in enumerate(made):
        sound(tmp_path / "in" / label / speaker / f"{n}.wav", k)
    corpora.prepare("own_emotion", tmp_path / "in", tmp_path / "out")
    found, split = split_of(tmp_path / "out", tmp_path / "in")
    assert found.classes == ("joy", "rage") and len(split.train) == 12
    assert len(split.dev) == len(split.test) == 4 and split.name == "held-out"
    parts = [{u.speaker for u in part} for part in (split.train, split.dev, split.test)]
    assert sum(map(len, parts)) == 5 == len(set.union(*parts))
    again, _ = split_of(tmp_path / "out", tmp_path / "in")
    assert again.hash == found.hash != protocol.get("own_emotion-held-out").hash


def test_without_speakers_that_is_said(tmp_path, sound):
    for k in range(10):
        sound(tmp_path / "in" / ("joy" if k % 2 else "rage") / f"{k}.wav", k)
    corpora.prepare("own_emotion", tmp_path / "in", tmp_path / "out")
    said = layout.read_prepared(tmp_path / "out").found
    assert "10 sounds without a known speaker" in said[1]
    assert len(split_of(tmp_path / "out", tmp_path / "in")[1].test) == 2


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl"])
def test_tables_and_manifests(tmp_path, sound, kind):
    rows = []
    for k in range(12):
        sound(tmp_path / "in" / f"clip {k}.wav", k)
        rows.append({"file": f"clip {k}.wav", "label": ("joy", "rage")[k % 2], "speaker": f"s{k // 2}"})
    table = tmp_path / "in" / f"list.{kind}"
    if kind == "jsonl":
        table.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        comma = "\t" if kind == "tsv" else ","
        table.write_text(comma.join(rows[0]) + "\n" + "".join(comma.join(r.values()) + "\n" for r in rows))
    corpora.prepare("own_emotion", table, tmp_path / "out")
    utterances = read_manifest(tmp_path / "out" / "all.jsonl")
    assert len(utterances) == 12
    assert {u.speaker for u in utterances} == {f"own_emotion-s{n}" for n in range(6)}
    assert len(split_of(tmp_path / "out", layout.root_of(tmp_path / "out"))[1].dev) == 2


@pytest.mark.parametrize("text, expected", [
    ("file,label\na.wav,\n", "list.csv:2: no 'label'; expected file, label"),
    ("file,label\nb.wav,joy\n", "b.wav: no such file; paths are relative to"),
    ("file,label,label\na.wav,joy,rage\n", "list.csv:2: two columns are called 'label'"),
    ("file,label\na.wav,nan\n", "list.csv:2: label: expected one word, got nan"),
    ("file,label\na.wav,None\n", "list.csv:2: label: expected one word, got None"),
    ("file,label\na.wav,N/A\n", "list.csv:2: label: expected one word, got N/A; leave out"),
    ("path,label\na.wav,joy\n", "no 'file'"), ("file,label\na.wav,joy\n", "one label, 'joy'"),
    ("file;label\na.wav;joy\n", "list.csv:1: the cells are parted by semicolons; expected commas"),
    ("file\tlabel\na.wav\tjoy\n", "list.csv:1: the cells are parted by tabs; expected commas"),
    ("file|label\na.wav|joy\n", r"list.csv:1: the cells are parted by '\|'; expected commas"),
    ("file,label\na.wav,joy\na.wav,rage\n", "list.csv:3: .*a.wav is listed already at .*csv:2"),
    ('file,label\na.wav,"jo\ny"\n', "list.csv:2: label: expected one word, got jo y"),
    ("file,label\nin\\a.wav,joy\n", "no such file; .*write / for"),
    ("file,label\n../b.wav,joy\n", "list.csv:2: ../b.wav: not in .*move the table"),
    ("file,label\n/etc/passwd,joy\n", "list.csv:2: /etc/passwd: not in .*move the table"),
    ("file,label\na.wav,j\0y\n", "list.csv:2: a NUL character; is it UTF-16"),
    ("file,label,speaker\na.wav,joy,s\x0b1\n", "list.csv:2: speaker: a control character"),
    ("file,label\na.wav,j\x0by\n", "list.csv:2: label: expected one word"),
    ("file,label,start,end\na.wav,joy,0.0,3\na.wav,joy,1.5,2\n", "csv:3: start 1.5"),
    ("file,label,start,end\na.wav,joy,1.5,2\n", "list.csv:2: start 1.5: a part of a sound"),
    ("file,label,onset\na.wav,joy,\"0,4\"\n", "list.csv:2: onset 0,4: a part of a sound"),
    ("sep=;\nfile;label\na.wav;joy\n", "list.csv:1: 'sep=' is a line for spreadsheet"),
    ("sep=,\nfile,label\na.wav,joy\n", "list.csv:1: 'sep=' is a line for spreadsheet"),
    ("file,label\n", "list.csv: no row in it"), ("", "list.csv: no row in it")])
def test_what_cannot_be_used_is_named(tmp_path, sound, text, expected):
    sound(tmp_path / "a.wav")
    (tmp_path / "list.csv").write_text(text)
    with pytest.raises(InputError, match=expected):
        corpora.prepare("own_emotion", tmp_path / "list.csv", tmp_path / "out")


@pytest.mark.parametrize("of", ["unknown", "-", "?", "NaN", ""])
def test_nobody_is_no_speaker_and_signs_of_no_width_are_no_letters(tmp_path, sound, of):
    rows = []
    for k in range(8):
        sound(tmp_path / f"{k}.wav", k)
        speaker, label = (of, "joy\u200b") if k < 2 else (f"s{k}", ("joy", "rage")[k % 2])
        rows.append({"file": f"{k}.wav", "label": label, "speaker": speaker, "start": "0.0"})
    (tmp_path / "list.csv").write_text(",".join(rows[0]) + "\n" + "".join(
        ",".join(row.values()) + "\n" for row in rows))
    (tmp_path / "list.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for table in ("list.csv", "list.jsonl"):
        corpora.prepare("own_emotion", tmp_path / table, tmp_path / "out")
        utterances = read_manifest(tmp_path / "out" / "all.jsonl")
        assert {u.labels["emotion"] for u in utterances} == {"joy", "rage"}
        assert len({u.speaker for u in utterances}) == 8
        assert "6 known speakers" in layout.read_prepared(tmp_path / "out").found[0]


def test_a_folder_of_what_has_no_label_is_no_class(tmp_path, sound):
    for label in ("joy", "rage", "null"):
        sound(tmp_path / "in" / label / "a.wav")
    with pytest.raises(InputError, match="in/null: a folder of what has no label"):
        corpora.prepare("own_emotion", tmp_path / "in", tmp_path / "out")


def test_a_table_that_the_manifest_would_replace_is_kept(tmp_path, sound):
    for k in range(4):
        sound(tmp_path / f"{k}.wav", k)
    rows = [{"file": f"{k}.wav", "label": ("joy", "rage")[k % 2]} for k in range(4)]
    table = tmp_path / "all.jsonl"
    table.write_text("".join(json.dumps(row) + "\n" for row in rows))
    before = table.read_bytes()
    with pytest.raises(InputError, match="all.jsonl: would be replaced by the manifest"):
        corpora.prepare("own_emotion", table, tmp_path)
    assert table.read_bytes() == before
    corpora.prepare("own_emotion", table, tmp_path / "out")


def test_a_sound_that_cannot_be_read_is_named(tmp_path, sound):
    for k in range(6):
        sound(tmp_path / "in" / ("joy" if k % 2 else "rage") / f"{k}.wav", k)
    (tmp_path / "in" / "joy" / "broken.wav").write_bytes(b"RIFF")
    with pytest.raises(InputError, match="broken.wav.*Mend or remove"):
        corpora.prepare("own_emotion", tmp_path / "in", tmp_path / "out")
    corpora.prepare("own_emotion", tmp_path / "in", tmp_path / "out", incomplete=True)
    assert len(read_manifest(tmp_path / "out" / "all.jsonl")) == 6


@pytest.mark.parametrize("label", [["joy"], {"emotion": "joy"}, float("nan")])
def test_a_label_is_one_word(tmp_path, sound, label):
    sound(tmp_path / "a.wav")
    (tmp_path / "list.jsonl").write_text(json.dumps({"file": "a.wav", "label": label}) + "\n")
    with pytest.raises(InputError, match="list.jsonl:1: label: expected one word"):
        corpora.prepare("own_emotion", tmp_path / "list.jsonl", tmp_path / "out")


def test_speakers_that_differ_in_capitals_are_one(tmp_path, sound):
    rows = ["file,label,speaker"]
    for k, speaker in enumerate(("Ann", "ann", "Bob", "eve")):
        sound(tmp_path / f"{k}.wav", k)
        rows.append(f"{k}.wav,{'joy' if k % 2 else 'rage'},{speaker}")
    (tmp_path / "list.csv").write_text("\n".join(rows))
    found = own_emotion.scan(tmp_path / "list.csv")
    assert [c.speaker for c in found.clips] == ["Ann", "Ann", "Bob", "eve"]
    assert any("'ann' as 'Ann'" in line and "Bob" not in line for line in found.found)


def test_spellings_of_one_class_are_one(tmp_path, sound):
    spellings = ["angry", "sad", "angry", "Sadness", "ANGER", "sad"]
    rows = ["file,label"]
    for k, label in enumerate(spellings):
        sound(tmp_path / f"{k}.wav", k)
        rows.append(f"{k}.wav,{label}")
    (tmp_path / "list.csv").write_text("\n".join(rows))
    found = own_emotion.scan(tmp_path / "list.csv")
    assert [c.labels["emotion"] for c in found.clips] == ["angry", "sad"] * 3
    assert any("'Sadness' as 'sad'" in line and "'ANGER' as 'angry'" in line for line in found.found)


def test_a_speaker_is_a_name_and_nan_is_none(tmp_path, sound):
    rows = [{"file": f"{k}.wav", "label": " joy" if k % 2 else "rage",
             "speaker": (float("nan"), "ann", "ann ", "None")[k % 4]} for k in range(8)]
    for k in range(8):
        sound(tmp_path / f"{k}.wav", k)
    (tmp_path / "list.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    found = own_emotion.scan(tmp_path / "list.jsonl")
    assert {c.speaker for c in found.clips if "unknown" not in c.speaker} == {"ann"}
    assert sum("unknown" in c.speaker for c in found.clips) == 4
    assert {c.labels["emotion"] for c in found.clips} == {"joy", "rage"}
    (tmp_path / "list.jsonl").write_text(json.dumps({**rows[0], "speaker": ["ann"]}))
    with pytest.raises(InputError, match="list.jsonl:1: speaker: expected a name"):
        own_emotion.scan(tmp_path / "list.jsonl")


def test_what_is_left_out_is_said_and_hidden_files_are_no_sounds(tmp_path, sound):
    """Before, "._0.wav" stopped it, and files with other names were passed over in silence."""
    for k in range(12):
        sound(tmp_path / "in" / ("joy", "rage")[k % 2] / f"s{k // 2}" / f"{k}.wav", k)
    sound(tmp_path / "elsewhere.wav", 20)
    (tmp_path / "in/joy/s0/._0.wav").write_bytes(b"\0\5\x16\7")
    (tmp_path / "in/joy/s0/9.wav.part").write_bytes(b"RIFF")
    sound(tmp_path / "in" / "stray.wav", 21)
    (tmp_path / "in/.linked").mkdir()
    (tmp_path / "elsewhere.wav").rename(tmp_path / "in/.linked/1.wav")
    (tmp_path / "in/joy/new").symlink_to("../.linked")
    corpora.prepare("own_emotion", tmp_path / "in", tmp_path / "out")
    assert len(read_manifest(tmp_path / "out" / "all.jsonl")) == 13
    said = layout.read_prepared(tmp_path / "out").found
    assert any("2 files left out" in line and "stray.wav, joy/s0/9.wav.part" in line for line in said)


def test_columns_that_are_not_used_are_said(tmp_path, sound):
    rows = ["file,label,speaker,valence,intensity"]
    for k in range(4):
        sound(tmp_path / "in" / f"{k}.wav", k)
        rows.append(f"{k}.wav,{('joy', 'rage')[k % 2]},s{k},0.5,{k}")
    (tmp_path / "in" / "list.csv").write_text("\n".join(rows))
    corpora.prepare("own_emotion", tmp_path / "in" / "list.csv", tmp_path / "out")
    assert "columns that are not used: valence, intensity" in layout.read_prepared(tmp_path / "out").found


def table(folder, rows, head="file,label,speaker"):
    (folder / "list.csv").write_text("\n".join([head, *rows]) + "\n")
    return folder / "list.csv"


def test_numbers_are_one_class_and_keep_their_sign(tmp_path, sound):
    """Before, -1 and 1 were one class, and 1, 1.0 and 01 three."""
    written = ["-1", "0", "1", "-1.0", "0.0", "01"]
    for k in range(6):
        sound(tmp_path / f"{k}.wav", k)
    found = own_emotion.scan(table(tmp_path, [f"{k}.wav,{written[k]},s{k}" for k in range(6)]))
    assert [c.labels["emotion"] for c in found.clips] == ["-1", "0", "1"] * 2
    assert not any("may stand for none" in line for line in found.found)


@pytest.mark.parametrize("word", ["xxx", "unknown", "-1", "-"])
def test_words_that_may_be_no_label_are_told(tmp_path, sound, word):
    rows = [f"{k}.wav,{('joy', 'rage', word)[k % 3]},s{k}" for k in range(6)]
    for k in range(6):
        sound(tmp_path / f"{k}.wav", k)
    said = own_emotion.scan(table(tmp_path, rows)).found
    assert any("may stand for none" in line and f": {word};" in line for line in said)


@pytest.mark.parametrize("key", ["speaker_id", "Subject", "client_id"])
def test_a_speaker_under_another_heading_is_not_passed_over(tmp_path, sound, key):
    sound(tmp_path / "a.wav")
    with pytest.raises(InputError, match=f"list.csv:2: column '{key.lower()}', and none 'speaker'"):
        own_emotion.scan(table(tmp_path, ["a.wav,joy,s"], f"file,label,{key}"))


@pytest.mark.parametrize("key, cell", [("offset", "1.5"), ("start_sec", "2"), ("Begin_Time", "0:02"),
                                       ("start", "1e1"), ("onset", "400 ms"), ("Start Time", "1.5"),
                                       ("start (ms)", "400"), ("tmin", "2"), ("frame_offset", "100"),
                                       ("Beginn", "1,5"), ("segmentStart", "3")])
def test_a_part_of_a_sound_is_no_whole_one(tmp_path, sound, key, cell):
    sound(tmp_path / "a.wav")
    with pytest.raises(InputError, match=f"list.csv:2: {re.escape(key.lower())} {cell}: a part of a sound"):
        own_emotion.scan(table(tmp_path, [f'a.wav,joy,"{cell}"'], f"file,label,{key}"))


@pytest.mark.parametrize("folders, expected", [
    (("fold1/joy/a", "fold2/rage/b"), "fold1, fold2: a folder of a part each"),
    (("train/joy/a", "test/rage/b"), "label 'rage' is in test and not in train|nothing is in dev"),
    (("Actor_01", "Actor_02"), "a folder of a speaker each"),
    (("ann/joy", "bob/anger"), "ann/anger: the label stands below the speaker|ann/joy")])
def test_folders_of_something_else_are_no_labels(tmp_path, sound, folders, expected):
    for k, folder in enumerate(folders):
        sound(tmp_path / folder / f"{k}.wav", k)
    with pytest.raises(InputError, match=expected):
        own_emotion.scan(tmp_path)


def test_a_speaker_is_the_folder_below_the_label(tmp_path, sound):
    """Before, a/monday and a/friday were two speakers, in training and in test."""
    for k, place in enumerate(("joy/a/monday", "joy/a/friday", "rage/a", "rage/b/x/y", "rage/c")):
        sound(tmp_path / place / f"{k}.m4a.wav", k)
    (tmp_path / "calm").mkdir()
    found = own_emotion.scan(tmp_path)
    assert sorted({c.speaker for c in found.clips}) == ["a", "b", "c"]
    assert any("3 sounds in folders below a speaker's" in line for line in found.found)
    assert any("folders of labels without a sound: calm" in line for line in found.found)


@pytest.mark.parametrize("copy, told", [
    ("joy/a/0 (1).wav", "1 sounds left out, the same as others"),
    ("rage/a/9.wav", "two labels, speakers or parts: joy/a/0.wav = rage/a/9.wav"),
    ("joy/b/9.wav", "two labels, speakers or parts: joy/a/0.wav = joy/b/9.wav")])
def test_a_sound_counts_once(tmp_path, sound, copy, told):
    for k in range(8):
        sound(tmp_path / "in" / ("joy", "rage")[k % 2] / "abcd"[k // 2] / f"{k}.wav", k)
    sound(tmp_path / "in" / copy, 0)
    if "labels" in told:
        with pytest.raises(InputError, match=told):
            corpora.prepare("own_emotion", tmp_path / "in", tmp_path / "out")
    corpora.prepare("own_emotion", tmp_path / "in", tmp_path / "out", incomplete=True)
    made = layout.read_prepared(tmp_path / "out")
    assert any(told in line for line in made.found + made.problems)
    assert len(read_manifest(tmp_path / "out" / "all.jsonl")) == 8 - ("labels" in told)


def test_a_link_to_another_place_is_refused(tmp_path, sound):
    for k in range(4):
        sound(tmp_path / "in" / ("joy", "rage")[k % 2] / f"{k}.wav", k)
    sound(tmp_path / "far.wav", 9)
    (tmp_path / "in/joy/far.wav").symlink_to(tmp_path / "far.wav")
    with pytest.raises(InputError, match="joy/far.wav is a link to another place"):
        corpora.prepare("own_emotion", tmp_path / "in", tmp_path / "out")


def people(folder, sound, names):
    """The scan of two sounds each of these speakers."""
    rows = []
    for k in range(2 * len(names)):
        sound(folder / f"{k}.wav", k)
        rows.append(f'{k}.wav,{("joy", "rage")[k % 2]},"{names[k // 2]}"')
    return own_emotion.scan(table(folder, rows))


@pytest.mark.parametrize("name, other", [
    ("S1", "S01"), ("Ann Smith", "ann_smith"), ("Smith, Ann", "Ann Smith"), ("José", "Jose"),
    ("spk 7", "SPK-007"), ("3", "3.0"), ("\u00e9va", "e\u0301va")])
def test_spellings_of_one_person_are_one_speaker(tmp_path, sound, name, other):
    """Before, only capitals, blanks and zeros of bare numbers were told, and all stayed two."""
    found = people(tmp_path, sound, [name, other, "bob", "eve"])
    assert len({c.speaker for c in found.clips}) == 3
    assert any("spellings of another" in line for line in found.found)


def test_different_people_stay_different(tmp_path, sound):
    names = ["S1", "S10", "S2", "1-2", "12", "f1", "m1", "F1M2", "M1F2", "Ann Smith", "Ann Schmidt"]
    assert len({c.speaker for c in people(tmp_path, sound, names).clips}) == len(names)


@pytest.mark.parametrize("name", ["-1.0", "Unknown Speaker", "not known", "various", "unbekannt", "---",
                                  "speaker_unknown", "N.A.", "-99"])
def test_no_word_for_nobody_is_a_speaker(tmp_path, sound, name):
    found = people(tmp_path, sound, [name, "a", "b", "c"])
    assert sum(c.speaker.startswith("unknown-") for c in found.clips) == 2
    assert any(f"1 names that stand for no speaker: '{name}'" in line for line in found.found)


@pytest.mark.parametrize("others, known", [(("anna", "bob", "eve"), False), (("spk1", "spk2"), False),
                                           (("JS", "BK", "EVM"), True)])
def test_na_is_a_name_among_initials_alone(tmp_path, sound, others, known):
    """R and pandas write NA for nothing; before, it was a speaker, whoever spoke."""
    found = people(tmp_path, sound, ["NA", *others])
    assert any(c.speaker == "NA" for c in found.clips) is known
    assert any("'NA' counts as the initials" in line for line in found.found) is known
    assert any("stand for no speaker: 'NA'" in line for line in found.found) is not known


@pytest.mark.parametrize("key", ["Speaker ID", "Sprecher", "talker", "user_id", "hablante", "Subjects",
                                 "话者"])
def test_no_heading_of_a_speaker_is_passed_over(tmp_path, sound, key):
    sound(tmp_path / "a.wav")
    with pytest.raises(InputError, match=f"list.csv:2: column '{key.lower()}', and none 'speaker'"):
        own_emotion.scan(table(tmp_path, ["a.wav,joy,s"], f"file,label,{key}"))


@pytest.mark.parametrize("label", ["joy;rage", "rage|joy", "joy, rage", "joy & rage", "joy/rage",
                                   "['joy', 'rage']", "['joy']", "sad;afraid"])
def test_two_labels_are_no_third_one(tmp_path, sound, label):
    rows = [f'{k}.wav,"{label if k == 5 else ("joy", "rage")[k % 2]}",s{k}' for k in range(6)]
    for k in range(6):
        sound(tmp_path / f"{k}.wav", k)
    with pytest.raises(InputError, match="list.csv: 5.wav has the label .*more than one"):
        own_emotion.scan(table(tmp_path, rows))


@pytest.mark.parametrize("label", ["fear/anxiety", "happy/excited", "surprise (negative)", "R&B"])
def test_a_class_may_have_two_words(tmp_path, sound, label):
    rows = [f'{k}.wav,"{label if k % 2 else "sad"}",s{k}' for k in range(6)]
    for k in range(6):
        sound(tmp_path / f"{k}.wav", k)
    assert {c.labels["emotion"] for c in own_emotion.scan(table(tmp_path, rows)).clips} == {label, "sad"}


@pytest.mark.parametrize("comma", [".", ","])
def test_ratings_are_no_classes(tmp_path, sound, comma):
    rows = []
    for k in range(12):
        sound(tmp_path / f"{k}.wav", k)
        rows.append(f'{k}.wav,"{1.2 + 0.3 * k:.2f}",s{k}'.replace(".", comma).replace(",wav", ".wav"))
    with pytest.raises(InputError, match="12 labels that are numbers with fractions .* ratings"):
        own_emotion.scan(table(tmp_path, rows))


def test_classes_of_too_few_speakers_are_told(tmp_path, sound):
    rows = []
    for k in range(10):
        sound(tmp_path / f"{k}.wav", k)
        rows.append(f"{k}.wav,{'rage' if k == 4 else 'joy'},s{k}")
    said = own_emotion.scan(table(tmp_path, rows)).found
    assert any("fewer than three speakers" in line and line.endswith(": rage (1)") for line in said)


@pytest.mark.parametrize("key, cell, fits", [
    ("end", "1.5", False), ("end_time", "3.02", True), ("duration", "3010", True), ("Duration", "800", False),
    ("dur_ms", "1500", False), ("end", "0,8", False), ("duration", "48000", True), ("end", "", True),
    ("duration", "3", True), ("End Time", "00:00:01.5", False), ("end [s]", "1,5", False),
    ("ende", "0:03", True), ("duration_ms", "00:00:03.000", True), ("num_frames", "50", True)])
def test_an_end_is_that_of_the_sound(tmp_path, sound, key, cell, fits):
    """In seconds or milliseconds; other units are not known."""
    for k in range(4):
        sound(tmp_path / f"{k}.wav", k)
    rows = [f'{k}.wav,{("joy", "rage")[k % 2]},s{k},"{cell}"' for k in range(4)]
    place = table(tmp_path, rows, f"file,label,speaker,{key}")
    if fits:
        assert any("not used" in line for line in own_emotion.scan(place).found)
    else:
        told = re.escape(f"list.csv:2: {key.lower()} {cell}, and 0.wav lasts 3.")
        with pytest.raises(InputError, match=told):
            own_emotion.scan(place)


WORDS = {"train": ("train", "Training", "TRAIN", "training set"),
         "dev": ("dev", "val", "Validation", "devel"),
         "test": ("test", "Testing", "eval", "test")}


def parted(folder, sound, parts, kind, heading="split", speaker=lambda k: f"s{k // 2}", rows=None):
    """A source with two sounds of each speaker, whose parts are `parts`."""
    made = []
    for k in range(2 * len(parts)):
        part, label = parts[k // 2], ("joy", "rage")[k % 2]
        place = folder / (f"{part}/{label}/{speaker(k)}/{k}.wav" if kind == "folders" else f"{k}.wav")
        sound(place, k)
        made.append({"file": f"{k}.wav", "label": label, "speaker": speaker(k), heading: part})
    if kind == "folders":
        return folder
    place = folder / f"list.{kind}"
    if kind == "jsonl":
        place.write_text("".join(json.dumps(row) + "\n" for row in made))
    else:
        comma = "\t" if kind == "tsv" else ","
        place.write_text("\n".join(comma.join(row) for row in (made[0], *[r.values() for r in made])) + "\n")
    return place


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl", "folders"])
@pytest.mark.parametrize("spelled", range(4))
def test_parts_of_the_user_are_used(tmp_path, sound, kind, spelled):
    """Before, they were told and speakers dealt anew."""
    named = {part: words[spelled] for part, words in WORDS.items()}
    parts = ["train"] * 4 + ["dev"] * 2 + ["test"] * 3
    heading = ("split", "Set", "partition", "part")[spelled]
    place = parted(tmp_path / "in", sound, [named[p] for p in parts], kind, heading)
    corpora.prepare("own_emotion", place, tmp_path / "out")
    found, split = split_of(tmp_path / "out", tmp_path / "in")
    for part in ("train", "dev", "test"):
        assert {u.speaker.removeprefix("own_emotion-s") for u in getattr(split, part)} == {
            str(k) for k, own in enumerate(parts) if own == part}
    assert (split.name, found.classes, found.counts) == ("held-out", ("joy", "rage"), {"joy": 9, "rage": 9})
    assert any("parts as they are given: train (8), dev (4), test (6)" in line
               for line in layout.read_prepared(tmp_path / "out").found)


def test_other_parts_are_another_protocol(tmp_path, sound):
    hashes = set()
    for name, parts in (("a", ["train"] * 3 + ["dev", "test"]), ("b", ["train"] * 3 + ["test", "dev"])):
        place = parted(tmp_path / name, sound, parts, "csv")
        corpora.prepare("own_emotion", place, tmp_path / "out")
        hashes.add(split_of(tmp_path / "out", tmp_path / name)[0].hash)
    assert len(hashes) == 2


@pytest.mark.parametrize("given, gone", [("test", "dev"), ("val", "test")])
def test_a_part_that_is_not_given_is_dealt_of_train_alone(tmp_path, sound, given, gone):
    place = parted(tmp_path / "in", sound, ["train"] * 6 + [given] * 2, "csv")
    corpora.prepare("own_emotion", place, tmp_path / "out")
    _, split = split_of(tmp_path / "out", tmp_path / "in")
    people = {part: {u.speaker[-1] for u in getattr(split, part)} for part in ("train", "dev", "test")}
    assert people.pop("dev" if gone == "test" else "test") == {"6", "7"}
    assert people[gone] and people["train"] | people[gone] == set("012345")
    assert any(f"nothing is in {gone}: 2 of 6 speakers of train are for {gone}" in line
               for line in layout.read_prepared(tmp_path / "out").found)


@pytest.mark.parametrize("parts, speaker, told", [
    (["train", "train", "test", "dev"], lambda k: "ann" if k in (0, 4) else f"s{k}",
     r"1 speakers are in two parts: ann \(train and test\): .* mend the parts"),
    (["train", "train", "test"], lambda k: f"s{k // 2}", "nothing is in dev, and train has 2 speakers"),
    (["test", "dev", "test"], lambda k: f"s{k // 2}", "nothing is in train; expected train and test"),
    (["train", "train", "held"], lambda k: f"s{k // 2}", "")])
@pytest.mark.parametrize("kind", ["csv", "folders"])
def test_parts_that_leak_or_lack_something_are_refused(tmp_path, sound, parts, speaker, told, kind):
    if not told and kind == "folders":
        pytest.skip("another folder is a label")
    place = parted(tmp_path / "in", sound, parts, kind, speaker=speaker)
    told = told or "list.csv:6: split: expected train, dev or test, as in other rows, got 'held'"
    with pytest.raises(InputError, match=told) as error:
        corpora.prepare("own_emotion", place, tmp_path / "out")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("kind", ["csv", "folders"])
@pytest.mark.parametrize("words, clear", [
    (["train", "eval", "test"], False), (["train", "eval", "val"], True), (["train", "eval"], True),
    (["train", "Evaluation", "Test"], False)])
def test_eval_beside_test_may_mean_either(tmp_path, sound, kind, words, clear):
    place = parted(tmp_path / "in", sound, [words[0]] * 4 + words[1:], kind)
    if clear:
        assert any("parts as they are given" in line for line in own_emotion.scan(place).found)
    else:
        with pytest.raises(InputError, match=f"'{words[1]}' beside test, and no dev: call it dev"):
            own_emotion.scan(place)


def test_a_content_or_a_label_in_the_wrong_part_is_refused(tmp_path, sound):
    place = parted(tmp_path, sound, ["train"] * 3 + ["dev", "test"], "csv")
    sound(tmp_path / "copy.wav", 0)
    before = place.read_text()
    place.write_text(before + "copy.wav,joy,,test\n")
    with pytest.raises(InputError, match="two labels, speakers or parts: 0.wav = copy.wav"):
        corpora.prepare("own_emotion", place, tmp_path / "out")
    corpora.prepare("own_emotion", place, tmp_path / "out", incomplete=True)
    assert not {"0.wav", "copy.wav"} & {u.audio for u in read_manifest(tmp_path / "out" / "all.jsonl")}
    sound(tmp_path / "calm.wav", 99)
    place.write_text(before + "calm.wav,calm,eve,test\n")
    with pytest.raises(InputError, match="label 'calm' is in test and not in train"):
        corpora.prepare("own_emotion", place, tmp_path / "out")


@pytest.mark.parametrize("cell", ["1", "clean", "A", "train"])
def test_other_columns_of_that_name_are_told_and_not_used(tmp_path, sound, cell):
    said = own_emotion.scan(parted(tmp_path, sound, [cell] * 4, "csv", "Set")).found
    assert any("what is in column 'set' is not used for parts: speakers are dealt" in line for line in said)


@pytest.mark.parametrize("name, told", [
    ("list.xlsx", "save its sheet as .csv"), ("list.json", "an object a line"),
    ("list.parquet", "with the sounds inside")])
def test_other_tables_are_told_what_to_do(tmp_path, name, told):
    (tmp_path / name).write_bytes(b"PK")
    with pytest.raises(InputError, match=f"{name}: expected a folder, or a table .csv.*{told}"):
        corpora.prepare("own_emotion", tmp_path / name, tmp_path / "out")


def test_speakers_in_the_names_of_sounds_are_told(tmp_path, sound):
    for place in ("names", "numbers"):
        for k in range(24):
            name = f"{('ann', 'bob', 'eve')[k % 3]}_{k // 6}" if place == "names" else f"clip_{k}"
            sound(tmp_path / place / ("joy", "rage")[k // 3 % 2] / f"{name}.wav", k)
    assert any("part 1 of the names of sounds may be the speaker (ann, bob, eve)" in line
               for line in own_emotion.scan(tmp_path / "names").found)
    assert not any("may be the speaker" in line for line in own_emotion.scan(tmp_path / "numbers").found)


def test_an_emotion_beside_something_else_is_told(tmp_path, sound):
    for k, label in enumerate(("OAF_angry", "OAF_Fear", "YAF_angry", "YAF_fear")):
        sound(tmp_path / label / f"{k}.wav", k)
    said = own_emotion.scan(tmp_path).found
    assert any("4 labels have an emotion and something else" in line for line in said)


@pytest.mark.parametrize("folders, expected", [
    (("fold1/joy", "fold2/joy", "docs"), "fold1, fold2: a folder of a part each"),
    (("train/joy", "test/joy", "docs"), "one label, 'joy'; expected two"),
    (("fold1", "fold2"), "a folder of a part each"), (("p225", "p226"), "a folder of a speaker each"),
    (("train_set/joy", "val-set/joy"), "one label, 'joy'; expected two"),
    (("data/joy", "data/rage"), "'data'; expected two or more; if.*data$")])
def test_more_folders_of_something_else(tmp_path, sound, folders, expected):
    """A folder without a sound does not hide what the others are."""
    for k, folder in enumerate(folders):
        (tmp_path / folder).mkdir(parents=True)
        if folder != "docs":
            sound(tmp_path / folder / f"{k}.wav", k)
    with pytest.raises(InputError, match=expected):
        own_emotion.scan(tmp_path)


@pytest.mark.parametrize("copy", ["flac", "stereo", "chunk"])
def test_a_sound_in_another_format_is_the_same_sound(tmp_path, sound, copy):
    import soundfile

    for k in range(8):
        sound(tmp_path / "in" / ("joy", "rage")[k % 2] / "abcd"[k // 2] / f"{k}.wav", k)
    samples, rate = soundfile.read(tmp_path / "in/joy/a/0.wav", dtype="int16")
    place = tmp_path / "in/rage/a" / ("9.flac" if copy == "flac" else "9.wav")
    if copy == "chunk":
        place.write_bytes((tmp_path / "in/joy/a/0.wav").read_bytes() + b"LIST\4\0\0\0INFO")
    else:
        soundfile.write(place, samples if copy == "flac" else np.stack([samples, samples], 1), rate)
    with pytest.raises(InputError, match=f"two labels, speakers or parts: joy/a/0.wav = rage/a/{place.name}"):
        corpora.prepare("own_emotion", tmp_path / "in", tmp_path / "out")


@pytest.mark.parametrize("kind", ["R", "R with names of rows", "blanks"])
def test_quotes_of_other_programs(tmp_path, sound, kind):
    for k in range(4):
        sound(tmp_path / f"{k}.wav", k)
    comma, first = (", ", "") if kind == "blanks" else ("\t", '"1"\t' * ("rows" in kind))
    rows = [comma.join(f'"{cell}"' for cell in ("file", "label", "speaker"))]
    rows += [first + comma.join(f'"{cell}"' for cell in (f"{k}.wav", ("joy", "rage")[k % 2], f"s{k}"))
             for k in range(4)]
    place = tmp_path / f"list.{'csv' if kind == 'blanks' else 'tsv'}"
    place.write_text("\n".join(rows) + "\n")
    found = own_emotion.scan(place)
    assert [(c.speaker, c.labels["emotion"]) for c in found.clips] == [
        (f"s{k}", ("joy", "rage")[k % 2]) for k in range(4)]


@pytest.mark.parametrize("kind, told", [
    ("voices", "each speaker has one label alone"), ("ids", "each sound has another"),
    ("formats", "each label has a format of its own"), ("none", "")])
def test_what_may_be_learned_in_place_of_labels_is_told(tmp_path, sound, kind, told):
    rows = []
    for k in range(12):
        label = ("joy", "rage")[k % 2]
        file = f"{k}.{'flac' if kind == 'formats' and k % 2 else 'wav'}"
        speaker = f"s{k}" if kind == "ids" else f"{label if kind == 'voices' else 'x'}{'abc'[k // 4]}"
        sound(tmp_path / file, k)
        rows.append(f"{file},{label},{speaker}")
    said = own_emotion.scan(table(tmp_path, rows)).found
    lines = [line for line in said if line.startswith("each ")]
    assert len(lines) == bool(told) and all(line.startswith(told) for line in lines)


def test_what_a_folder_or_a_file_may_be_instead(tmp_path, sound):
    for name in ("list.parquet", "data/train-0.parquet", "data/0.arrow"):
        path = tmp_path / name.partition(".")[2] / name
        path.parent.mkdir(parents=True)
        path.write_bytes(b"PAR1")
        with pytest.raises(InputError, match="write each row's audio bytes to a file of its own"):
            corpora.prepare("own_emotion", path if "list" in name else path.parents[1], tmp_path / "out")
    sound(tmp_path / "flat" / "a.wav")
    (tmp_path / "flat" / "list.csv").write_text("file,label\n")
    with pytest.raises(InputError, match="if list.csv is the table, give .*flat/list.csv"):
        corpora.prepare("own_emotion", tmp_path / "flat", tmp_path / "out")


def test_the_home_folder_and_videos(tmp_path, sound, clip, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    rows = []
    for k in range(4):
        clip(tmp_path / ("joy", "rage")[k % 2] / f"s{k}" / f"{k}.mp4", 1 + 0.2 * k)
        rows.append(f"~/{('joy', 'rage')[k % 2]}/s{k}/{k}.mp4,{('joy', 'rage')[k % 2]},s{k}")
    found = own_emotion.scan(table(tmp_path, rows)).clips
    (tmp_path / "list.csv").unlink()
    assert sorted(c.path for c in own_emotion.scan(tmp_path).clips) == sorted(c.path for c in found)
    assert len(read_manifest(corpora.prepare("own_emotion", tmp_path, tmp_path / "out")[0])) == 4


@pytest.mark.parametrize("labels, told", [("123456", True), ("0123", False), ("abcdef", False)])
def test_scales_are_told(tmp_path, sound, labels, told):
    for k in range(12):
        sound(tmp_path / f"{k}.wav", k)
    said = own_emotion.scan(table(tmp_path, [f"{k}.wav,{labels[k % len(labels)]},s{k}" for k in range(12)]))
    assert any("labels are numbers, and classes here" in line for line in said.found) == told


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl", "folders"])
def test_a_sound_that_a_table_names_is_a_source_of_what_is_made(tmp_path, sound, kind):
    """Before, a changed sound beside the same table left the manifest as it was."""
    place = parted(tmp_path / "in", sound, ["a"] * 3, kind, "of")

    def state():
        return [recipe._listing(p) for p in corpora.sources("own_emotion", place)], plan._marks(
            corpora.sources("own_emotion", place))

    before = state()
    assert state() == before and corpora.sources("own_emotion", None) == []
    path = next((tmp_path / "in").rglob("3.wav"))
    stat = path.stat()
    path.write_bytes(path.read_bytes()[::-1])  # of the same size
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert all(now != then for now, then in zip(state(), before))
    path.unlink()
    assert corpora.sources("own_emotion", place) and state() != before
    if kind != "folders":
        place.write_text("file\n\0")
        assert corpora.sources("own_emotion", place) == [place]
