import pytest

from avspeech.bench import ambiguity
from avspeech.data.manifest import Utterance


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
