from avspeech.bench import folds, tasks
from avspeech.data import corpora
from avspeech.data.corpora import sep28k
from avspeech.data.manifest import read_manifest

VOTES = ("PoorAudioQuality", "Prolongation", "Block", "SoundRep", "WordRep", "Interjection",
         "NoStutteredWords", "Music", "NoSpeech")


def test_judged():
    def labels(**votes):
        return sep28k.judged({v.lower(): float(votes.get(v, 0)) for v in VOTES})

    assert labels(NoStutteredWords=2, Block=1) == {"stutter": "no"}
    assert labels(NoStutteredWords=1, Block=2, WordRep=3) == {"stutter": "yes",
                                                              "kinds": "block, word repetition"}
    assert labels(Block=3, Music=2) == {} == labels(Interjection=3) == labels(Block=1)


def test_prepare(tmp_path, sound):
    source = tmp_path / "in"
    rows = [", ".join(("Show", "EpId", "ClipId", "Start", "Stop", *VOTES))]
    for show in ("HVSA", "StutterTalk", "StrongVoices", "MyStutteringLife", "HeStutters"):
        for n, kind in enumerate(("Block", "NoStutteredWords", "SoundRep", "Music")):
            rows.append(", ".join((show, "2", str(n), "0", "48000",
                                   *(("3" if v == kind else "0") for v in VOTES))))
            sound(source / "clips" / show / "2" / f"{show}_2_{n}.wav", n)
    source.mkdir(exist_ok=True)
    (source / "SEP-28k_labels.csv").write_text("\n".join(rows) + "\n")
    assert corpora.check("sep28k", source) == ["20 of 28,177 clips"]
    utterances = read_manifest(corpora.prepare("sep28k", source, tmp_path / "out",
                                               incomplete=True)[0])
    assert len(utterances) == 20
    found = folds.resolve(tasks.load("stutter"), "sep28k", utterances)
    assert len(found.ids) == 15 and len(found.folds) == 4 and found.unlabelled == 5
    (source / "clips" / "HVSA" / "2" / "HVSA_2_1.wav").unlink()
    assert "1 clips without sound: clips/HVSA/2/HVSA_2_1.wav" in corpora.check("sep28k", source)


def test_a_copy_with_its_clips_deeper_down(tmp_path, sound):
    rows = [",".join(("Show", "EpId", "ClipId", *VOTES))]
    for n in range(4):
        rows.append(",".join(("HVSA", "2", f"{n}", *("3" if v == "Block" else "0" for v in VOTES))))
        sound(tmp_path / "in" / "clips" / "stuttering-clips" / "clips" / f"HVSA_2_{n}.wav", n)
    (tmp_path / "in" / "SEP-28k_labels.csv").write_text("\n".join(rows) + "\n")
    [path] = corpora.prepare("sep28k", tmp_path / "in", tmp_path / "out", incomplete=True)
    assert [u.labels["stutter"] for u in read_manifest(path)] == ["yes"] * 4
