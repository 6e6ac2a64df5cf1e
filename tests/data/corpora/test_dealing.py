import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avspeech.data.corpora import dealing
from avspeech.data.manifest import Utterance
from avspeech.errors import InputError

KEYS = st.sets(st.text("abcdef0123456789", min_size=1, max_size=6), min_size=3, max_size=60)


@settings(max_examples=50, deadline=None)
@given(KEYS, st.integers(0, 5))
def test_pick_is_whole_seeded_and_stable(keys, seed):
    where = dealing.pick(keys, seed)
    assert set(where) == keys and where == dealing.pick(sorted(keys, reverse=True), seed)
    counts = [sum(v == name for v in where.values()) for name in dealing.SPLITS]
    assert min(counts) >= 1 and counts[0] >= counts[1]


@settings(max_examples=50, deadline=None)
@given(KEYS, st.integers(0, 5))
def test_a_key_more_moves_few_others(keys, seed):
    before, after = dealing.pick(keys, seed, 1, 1), dealing.pick(keys | {"zz"}, seed, 1, 1)
    assert sum(before[k] != after[k] for k in keys) <= 2


def test_counts_and_shares():
    keys = [f"k{i}" for i in range(700)]
    where = dealing.pick(keys, dev=60, test=80)
    assert [sum(v == n for v in where.values()) for n in dealing.SPLITS] == [560, 60, 80]
    assert set(dealing.pick(keys, dev=0, test=0).values()) == {"train"}
    for dev, test, message in ((350, 350, "cannot be split"), (-1, 0, "dev: expected"),
                               (1, 2.5, "test: expected"), (True, 1, "dev: expected")):
        with pytest.raises(InputError, match=message):
            dealing.pick(keys, dev=dev, test=test)


def test_split_by_speaker_or_clip():
    def of(speakers):
        return [Utterance(f"{s}-{k}", "a.wav", 1.0, s) for s in speakers for k in range(10)]

    parts, by = dealing.split(of("abcd"))
    assert by == "speaker" and sum(map(len, parts.values())) == 40
    owners = [{u.speaker for u in part} for part in parts.values()]
    assert not owners[0] & owners[1] and not owners[1] & owners[2] and not owners[0] & owners[2]
    assert dealing.split(of("ab"))[1] == "clip" and dealing.split(of("abcd"), "clip")[1] == "clip"
    with pytest.raises(InputError, match="expected auto, speaker or clip"):
        dealing.split(of("abc"), "random")


def test_some_of_each_group():
    items = [(g, k) for g in "ab" for k in range(9)]
    kept = dealing.some(items, lambda i: i[0], str, 3, seed=1)
    assert kept == sorted(kept) and [sum(g == x for g, _ in kept) for x in "ab"] == [3, 3]
    assert kept != dealing.some(items, lambda i: i[0], str, 3, seed=2)
