import pytest

from avspeech.bench import folds, tasks
from avspeech.data import corpora
from avspeech.data.corpora import cmu_mosei
from avspeech.data.manifest import read_manifest
from avspeech.errors import InputError


def test_prepare(tmp_path, sound, clip):
    source = tmp_path / "in"
    rows = ["video_id,clip_id,text,label,label_T,label_A,label_V,annotation,mode"]
    number = 0
    for mode in ("train", "valid", "test"):
        for score in (-1.667, 0.0, 2.3333):
            number += 1
            rows.append(f'-{mode}x,{number},"Well, {number}.",{score},,,,x,{mode}')
            if number != 2:
                sound(source / "Raw" / f"-{mode}x" / f"{number}.wav", number)
    clip(source / "Raw" / "-trainx" / "2.mp4")
    (source / "label.csv").write_text("\n".join(rows) + "\n")
    problems = corpora.check("cmu_mosei", source)
    assert problems[0] == "train: 3 of 16,326 clips" and len(problems) == 3
    utterances = read_manifest(corpora.prepare("cmu_mosei", source, tmp_path / "out",
                                               incomplete=True)[0])
    assert len(utterances) == 9 and utterances[0].speaker == "cmu_mosei--testx"
    u = next(u for u in utterances if u.id == "cmu_mosei--trainx-2")
    assert u.audio == "Raw/-trainx/2.mp4" and u.text == "Well, 2."
    assert u.labels == {"sentiment": "neutral", "sentiment_score": 0.0, "video": "-trainx",
                        "split": "train"}
    found = folds.resolve(tasks.load("sentiment"), "cmu_mosei", utterances)
    assert found.classes == ("negative", "neutral", "positive")
    (source / "label.csv").write_text("\n".join(rows).replace(",valid", ",dev"))
    with pytest.raises(InputError, match="mode: expected train, valid or test, got 'dev'"):
        corpora.check("cmu_mosei", source)


def test_published_counts():
    assert sum(cmu_mosei.CLIPS.values()) == 22856


def test_a_video_that_no_copy_has_is_left_out(tmp_path, sound):
    sound(tmp_path / "Raw" / "a" / "1.wav")
    (tmp_path / "label.csv").write_text("video_id,clip_id,text,label,mode\na,1,x,0.5,train\n"
                                        f"{cmu_mosei.LACKING},1,x,0.5,train\nb,1,x,0.5,train\n")
    found = cmu_mosei.scan(tmp_path)
    assert [c.speaker for c in found.clips] == ["a", "b"]
    assert any("1 clips left out" in line for line in found.found)
