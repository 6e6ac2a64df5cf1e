from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avspeech.data.corpora import doubts
from avspeech.data.corpora.scan import Clip
from avspeech.errors import InputError

MOODS = ["joy", "rage", "calm"]


def clips(labels, speakers=None):
    return [Clip(f"{k}", Path(f"/none/{k}.wav"), (speakers or [f"s{k}" for k in range(len(labels))])[k],
                 {"emotion": label}) for k, label in enumerate(labels)]


@given(st.lists(st.sampled_from(MOODS), min_size=6, max_size=20))
def test_plain_labels_of_many_speakers_are_never_refused(labels):
    """Nor is anything told but classes that are rare."""
    doubts.one_label(clips(labels), Path("x"))
    people = [f"s{k // 3}" for k in range(len(labels))]
    told = doubts.doubts(clips(labels, people), {"s0", "s1"})
    assert all("fewer than three speakers" in line or "label alone" in line for line in told)


@given(st.lists(st.sampled_from(MOODS), min_size=2, max_size=3, unique=True),
       st.sampled_from([";", "|", ", ", " & ", "/"]))
def test_several_labels_in_one_are_always_refused(names, sign):
    with pytest.raises(InputError, match="has the label .* more than one"):
        doubts.one_label(clips([*MOODS, sign.join(names)]), Path("x"))
