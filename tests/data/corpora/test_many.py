import os

import pytest

from avspeech.data import corpora, labels, protocol
from avspeech.data.corpora import (
    ased,
    crema_d,
    emodb,
    emovo,
    layout,
    many,
    nemo,
    ravdess,
    turev,
    urdu,
)
from avspeech.data.manifest import read_manifest, resolve
from avspeech.errors import InputError


@pytest.fixture
def corpus(tmp_path, sound):
    """A clip of each speaker and emotion of each corpus; one of the corpora is a link, as is a
    folder of another."""
    for number, name in enumerate(n for n in ravdess.names() if n[3:11] == "01-01-01"):
        sound(tmp_path / "in" / "ravdess" / f"Actor_{name[-2:]}" / f"03-01-{name}.wav", number)
    lines = ["file_id\temotion\traw_text\tnormalized_text\tspeaker_id\tgender\tage\n"]
    for number, speaker in enumerate(nemo.CLIPS):
        for k, emotion in enumerate(nemo.EMOTIONS):
            sound(tmp_path / "elsewhere" / "samples" / f"{speaker}_{emotion}_1.wav", 500 + 6 * number + k)
            lines.append(f"{speaker}_{emotion}_1.wav\t{emotion}\tTak\ttak\t{speaker}\tfemale\t27\n")
    (tmp_path / "elsewhere" / "data.tsv").write_text("".join(lines), encoding="utf-8")
    os.symlink(tmp_path / "elsewhere", tmp_path / "in" / "nemo")
    for number, speaker in enumerate(ased.SPEAKERS):
        for k, (letter, folder) in enumerate(zip(ased.EMOTIONS, ased.FOLDERS)):
            sound(tmp_path / "in" / "ased" / folder / f"{letter}{k + 1}-03-01-02-{speaker}.wav",
                  900 + 5 * number + k)
    for number, name in enumerate(n for n in crema_d.names() if "_DFA_" in n):
        sound(tmp_path / "elsewhere" / "crema" / f"{name}.wav", 1300 + number)
    (tmp_path / "in" / "crema_d").mkdir()
    os.symlink(tmp_path / "elsewhere" / "crema", tmp_path / "in" / "crema_d" / "AudioWAV")
    for number, actor in enumerate(emovo.SPEAKERS):
        for k, letters in enumerate(emovo.EMOTIONS):
            sound(tmp_path / "in" / "emovo" / actor / f"{letters}-{actor}-b1.wav", 2000 + 7 * number + k)
    return tmp_path / "in"


def test_one_corpus_is_left_out_and_no_speaker_leaks(corpus, tmp_path):
    [path] = corpora.prepare("many", corpus, tmp_path / "out", incomplete=True)
    utterances, root = read_manifest(path), layout.root_of(tmp_path / "out")
    assert all(resolve(root, u.audio).is_file() for u in utterances)
    for split in protocol.get("many-left-out").splits(utterances, root, incomplete=True):
        parts = [{u.labels["corpus"] for u in part} for part in (split.train, split.dev, split.test)]
        others = set(many.PARTS) - {split.name}
        assert parts == [others, others, {split.name}]
    for split in protocol.get("many-6fold").splits(utterances, root, incomplete=True):
        assert {u.labels["corpus"] for u in split.test} == {"ravdess"}
        assert {u.labels["corpus"] for u in split.train} == set(many.PARTS)


def test_labels_are_joined_by_the_table(corpus, tmp_path):
    [path] = corpora.prepare("many", corpus, tmp_path / "out", incomplete=True)
    wanted = protocol.get("many-left-out")
    of = {(u.labels["corpus"], u.labels["emotion"]): wanted.category(u) for u in read_manifest(path)}
    assert of["nemo", "anger"] == of["ased", "angry"] == of["ravdess", "angry"] == "angry"
    assert of["crema_d", "anger"] == "angry" and of["crema_d", "disgust"] == of["ravdess", "disgust"]
    assert of["nemo", "surprised"] == "surprised" and of["ravdess", "calm"] == "calm" != of["nemo", "neutral"]
    assert of["emovo", "joy"] == of["crema_d", "happy"] == "happy"
    assert None not in of.values()
    assert all(labels.canonical(spelling) == labels.canonical(name)
               for spelling, name in wanted.mapping.items())


def test_counts_are_those_of_the_corpora():
    assert sum(protocol.get("many-6fold").counts.values()) == 1440 + 4481 + 2474 + 7441 + 588
    assert protocol.get("many-6fold").counts["disgust"] == 192 + 1271 + 84


def test_what_releases_are_judged_on_is_not_in_it():
    for judged in (emodb, urdu, turev):
        assert judged.__name__.rpartition(".")[2] not in many.PARTS


def test_a_corpus_that_is_not_there_is_named(corpus, tmp_path):
    (corpus / "nemo").unlink()
    with pytest.raises(InputError, match="no folder nemo; many needs a folder for each of ravdess"):
        corpora.prepare("many", corpus, tmp_path / "out")


def test_check_tells_which_of_the_copies_were_resampled(corpus):
    told = [line for line in corpora.check("many", corpus) if "this copy was resampled" in line]
    assert [line.partition(":")[0] for line in told] == list(many.PARTS)  # the sounds here have 100 Hz
