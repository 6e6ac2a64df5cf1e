import json

import pytest

from avspeech.bench import folds, tasks
from avspeech.data import corpora
from avspeech.data.manifest import read_manifest
from avspeech.errors import InputError


def test_prepare(tmp_path, clip):
    source = tmp_path / "in"
    rows = {f"1_{n}": {"utterance": f"Line {n}.", "speaker": f"S{n // 2 % 6}", "show": "FB"[n < 12],
                       "context": [], "sarcasm": bool(n % 2)} for n in range(24)}
    (source / "utterances_final").mkdir(parents=True)
    for name in rows:
        clip(source / "utterances_final" / f"{name}.mp4")
    (source / "sarcasm_data.json").write_text(json.dumps(rows))
    assert corpora.check("mustard", source) == ["yes: 12 of 345 utterances",
                                                "no: 12 of 345 utterances"]
    utterances = read_manifest(corpora.prepare("mustard", source, tmp_path / "out",
                                               incomplete=True)[0])
    u = next(u for u in utterances if u.id == "mustard-1_13")
    assert u.speaker == "mustard-F-S0" and u.text == "Line 13."
    assert u.labels == {"sarcasm": "yes", "show": "F", "character": "S0"}
    assert len(folds.resolve(tasks.load("sarcasm"), "mustard", utterances).folds) == 5
    (source / "sarcasm_data.json").write_text('{"1_1": {"utterance": "x"}}')
    with pytest.raises(InputError, match="expected {clip: {utterance, speaker, show, sarcasm}}"):
        corpora.check("mustard", source)
    rows["1_0"]["sarcasm"] = "false"
    (source / "sarcasm_data.json").write_text(json.dumps(rows))
    with pytest.raises(InputError, match="1_0: sarcasm: expected true or false, got 'false'"):
        corpora.check("mustard", source)
    rows["1_0"] |= {"sarcasm": False, "speaker": None}
    (source / "sarcasm_data.json").write_text(json.dumps(rows))
    with pytest.raises(InputError, match="1_0: speaker: expected a name, got 'None'"):
        corpora.check("mustard", source)
