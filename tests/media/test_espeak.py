import sys

import numpy as np
import pytest

from avspeech.errors import InputError
from avspeech.media import espeak


@pytest.fixture
def installed():
    pytest.importorskip("espeakng_loader")


def test_phones_follow_one_another_to_the_end(installed):
    speech = espeak.synthesise("A happy baby hid the map, before lunch.", "en-us+f3")
    assert speech.phones[0].start == 0
    assert all(a.end == b.start for a, b in zip(speech.phones, speech.phones[1:]))
    assert speech.phones[-1].end == pytest.approx(len(speech.samples) / speech.sample_rate)
    assert {"p", "b", "m", "sil"} <= {phone.name for phone in speech.phones}
    assert [word for _, _, word in speech.words] == "A happy baby hid the map before lunch".split()
    assert all(start < end for start, end, _ in speech.words)


def test_a_voiceless_stop_begins_with_its_closure(installed):
    speech = espeak.synthesise("a happy puppy", "en-us+m1")
    stops = [phone for phone in speech.phones if phone.name == "p"]
    quiet = [np.abs(speech.samples[int(p.start * speech.sample_rate):][:int(0.02 * speech.sample_rate)]).max()
             for p in stops[:2]]
    assert max(quiet) < 1e-2 < np.abs(speech.samples).max()


def test_an_unknown_voice_is_said(installed):
    with pytest.raises(InputError, match="no voice 'martian'"):
        espeak.synthesise("hello", "martian")


def test_without_the_wheel_the_extra_is_named(monkeypatch):
    espeak._library.cache_clear()
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    with pytest.raises(InputError, match=r"avspeech\[tts\]"):
        espeak.synthesise("hello")
