import numpy as np
import pytest

from avspeech.bench import upstreams
from avspeech.data.corpora import debate
from avspeech.data.manifest import Utterance
from avspeech.media import audio
from avspeech.semi import ambiguity


def clips() -> list[Utterance]:
    """Twenty sentences of two readings, and one of one, by two speakers."""
    return [Utterance(f"{n}-{k}-{s}", f"{s}/{n}-{k}.wav", 1.0, f"s{s}", text=f"sentence {n}",
                      labels={"sentence": f"sentence {n}", "reading": ("long", "grow")[k],
                              "split": "test" if n % 2 else "none"})
            for n in range(21) for k in ((0, 1) if n else (0,)) for s in (9, 10)]


def test_who_hears_is_right_and_who_reads_is_at_chance(tmp_path):
    heard = []

    def listener(id, prompt, audio=None):
        heard.append(audio)
        return ("long", "grow")[int(id.split("-")[1])]

    def reader(id, prompt, audio=None):
        assert audio is None
        return prompt.rpartition(": ")[2].split(" | ")[len(prompt) % 2]

    whole = ambiguity.score(ambiguity.ask(listener, clips(), tmp_path))
    assert (whole.accuracy, whole.chance, whole.unanswered, whole.clips) == (1.0, 0.5, 0, 80)
    assert heard[0] == tmp_path.resolve() / "9/1-0.wav"
    assert ambiguity.score(ambiguity.ask(reader, clips(), tmp_path, sound=False)).accuracy == 0.5
    assert len(ambiguity.ask(listener, clips(), tmp_path, part="test")) == 40


def test_no_answer_is_wrong(tmp_path):
    silent = ambiguity.score(ambiguity.ask(lambda id, prompt, audio=None: "either", clips(), tmp_path))
    assert (silent.accuracy, silent.unanswered) == (0.0, 80)
    with pytest.raises(ValueError, match="no clip"):
        ambiguity.score([])


def spoken(seed: int = 0) -> tuple[np.ndarray, list[Utterance]]:
    """Forty sentences, each with a rising and a falling reading, by ten speakers in the published split; one
    direction of the sound's vectors tells which, the speaker moves all of them."""
    rng = np.random.default_rng(seed)
    tells, vectors, rows = rng.standard_normal(12), [], []
    voices = rng.standard_normal((11, 12))
    for n in range(40):
        for k, way in enumerate(("升", "降")):
            for speaker in range(1, 11):
                sentence = f"sentence {n}"
                labels = {"sentence": sentence, "reading": f"{way}{n}" if n % 2 else f"{n}{way}",
                          "split": debate.split(speaker, sentence)}
                rows.append(Utterance(f"{n}-{k}-{speaker}", "a.wav", 1.0, f"s{speaker}", text=sentence,
                                      labels=labels))
                vectors.append((1 - 2 * k) * tells + voices[speaker] + 0.5 * rng.standard_normal(12))
    return np.stack(vectors), rows


def test_probes_of_sound_and_readings():
    found = ambiguity.probe(*spoken())
    assert found["text"].accuracy == found["text"].chance == 0.5  # as many clips of each reading: to the clip
    assert found["speech + text"].accuracy > 0.75
    assert {s.clips for s in found.values()} == {found["text"].clips} and found["text"].clips > 10
    vectors, rows = spoken()
    noise = ambiguity.probe(np.random.default_rng(1).standard_normal(vectors.shape), rows)
    assert abs(noise["speech + text"].accuracy - 0.5) < 0.3


def test_probes_need_all_parts():
    vectors, rows = spoken()
    keep = [i for i, u in enumerate(rows) if u.labels["split"] != "dev"]
    with pytest.raises(ValueError, match="in: dev"):
        ambiguity.probe(vectors[keep], [rows[i] for i in keep])


def test_vectors_of_an_upstream(tmp_path):
    wave = 0.1 * np.random.default_rng(0).standard_normal(8000).astype(np.float32)
    audio.write(tmp_path / "a.wav", wave, 16000)
    rows = [Utterance("a", "a.wav", 0.5, "s1", labels={})]
    assert ambiguity.embed(upstreams.load("log-mel"), rows, tmp_path).ndim == 2
