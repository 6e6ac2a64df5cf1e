"""Pronunciations of words that the dictionary lacks, out of those that it has: with endings and
beginnings, of two words, clipped, and in British spelling."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from avspeech.text import g2p

if TYPE_CHECKING:
    from avspeech.text.lexicon import Entries

_VOICELESS = ("P", "T", "K", "F", "TH")
_HISS = ("S", "Z", "SH", "ZH", "CH", "JH")


def with_s(stem: str) -> str:
    """Phones with the ending of a plural, a genitive or he/she/it."""
    last = stem.split()[-1]
    return stem + (" AH0 Z" if last in _HISS else " S" if last in _VOICELESS else " Z")


def with_ed(stem: str) -> str:
    """Phones with the ending of the past."""
    last = stem.split()[-1]
    return stem + (
        " AH0 D" if last in ("T", "D") else " T" if last in (*_VOICELESS, "S", "SH", "CH") else " D"
    )


# Ending: (what may have been there in the stem, what it adds).
_ENDINGS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("ing", ("", "e"), "IH0 NG"),
    ("er", ("", "e"), "ER0"),
    ("est", ("", "e"), "AH0 S T"),
    ("ly", ("",), "L IY0"),
    ("ness", ("",), "N AH0 S"),
    ("less", ("",), "L AH0 S"),
    ("ful", ("",), "F AH0 L"),
    ("ment", ("",), "M AH0 N T"),
    ("ship", ("",), "SH IH2 P"),
    ("able", ("", "e"), "AH0 B AH0 L"),
    ("like", ("",), "L AY2 K"),
    ("ism", ("",), "IH2 Z AH0 M"),
    ("ish", ("", "e"), "IH0 SH"),
    ("man", ("",), "M AH0 N"),
    ("men", ("",), "M IH0 N"),
    ("some", ("",), "S AH0 M"),
)
_BEGINNINGS = {
    "un": "AH0 N",
    "re": "R IY0",
    "non": "N AA0 N",
    "over": "OW1 V ER0",
    "under": "AH1 N D ER0",
    "mis": "M IH0 S",
    "anti": "AE1 N T IY0",
    "super": "S UW1 P ER0",
    "inter": "IH2 N T ER0",
    "pre": "P R IY0",
    "out": "AW1 T",
    "micro": "M AY1 K R OW0",
    "multi": "M AH1 L T IY0",
}


_ADVERBS = re.compile(
    "(where|there|here|how|whither)(?:(of|on|to|by|in|at|up)|(so)?(ever)|(from|upon|with|under))"
)


def _clipped(word: str, entries: Entries) -> str | None:
    """A word of which something is not said, as its apostrophe tells: "goin'", "pass'd", "heav'n",
    "'ouse"."""
    if word.endswith(("in'", "in")) and len(word) > 4:
        whole = entries.get(word.rstrip("'") + "g")
        if whole.endswith(" IH0 NG"):
            return whole[:-1]
    if word.endswith("'d"):
        stem = word[:-2]
        past = entries.get(stem + "ed")
        if past:
            return past if past.endswith(("T AH0 D", "D AH0 D")) else past.replace(" AH0 D", " D")
        found = entries.get(stem)
        return with_ed(found) if found else None
    if word.endswith("'st"):  # "lov'st"
        found = entries.get(word[:-3] + "e") or entries.get(word[:-3])
        return f"{found} S T" if found else None
    if word[0] == "'":
        return entries.get("h" + word[1:]).removeprefix("HH ") or None
    head, _, tail = word.partition("'")
    if len(head) > 1 and tail[:1] not in tuple("aeiou") and tail not in ("", "s"):
        return next((entries[full] for c in "eoiua" if (full := head + c + tail) in entries), None)
    return None


# Of two words, both have four letters or more, as shorter ones are mostly parts of names and
# endings; but these end compounds.
_HEADS = frozenset(
    "bag bar bed bin bot box bug cap car cup cut day dog end fix hat hub job jet key kit lab lib "
    "log map net out pad pan pet pin pit pod pot rig rod row run set tax tip top tub up way web "
    "win".split()
)


def build(word: str, entries: Entries) -> str | None:
    """A word out of known parts: an ending, a beginning, two words in one."""
    found = _clipped(word, entries) or len(word) > 4 and _american(word, entries)
    if found:
        return found
    adverb = _ADVERBS.fullmatch(word)
    if adverb:
        *heads, tail = [entries[part] for part in adverb.groups() if part]
        return " ".join([*(part.replace("1", "2") for part in heads), tail])
    verb = entries.get(word[:-3] + "ing") if word.endswith("eth") else ""
    if verb:
        return f"{verb.removesuffix(' IH0 NG')} AH0 TH"  # "maketh", "sitteth"
    if word.endswith("'"):
        return entries.get(word[:-1]) or None
    if word.endswith("'s") and len(word) > 4:
        stem = word[:-2]
        owner = entries[stem] if stem in entries else build(stem, entries) or g2p.guess(stem)
        return with_s(owner) if owner else None
    found = _inflected(word, entries) or _derived(word, entries)
    if found:
        return found
    if word.endswith("itis"):
        return _learned(word)
    found = _compound(word, entries)
    return found or (_learned(word) if word.endswith("ism") else None)


def _inflected(word: str, entries: Entries) -> str | None:
    """A word with -s or -ed: "boxes", "tried", "stopped"."""
    if word.endswith("s") and len(word) > 3:
        stem = word[:-1]
        if not stem.endswith(("s", "u", "i")) and stem in entries:
            return with_s(entries[stem])
        if stem.endswith("ie") and stem[:-2] + "y" in entries:
            return with_s(entries[stem[:-2] + "y"])
        if stem.endswith(("se", "xe", "ze", "che", "she")) and stem[:-1] in entries:
            return with_s(entries[stem[:-1]])
    elif word.endswith("ed") and len(word) > 4:
        stem = word[:-2]
        for whole in (stem, stem + "e"):
            if whole in entries:
                return with_ed(entries[whole])
        if stem.endswith("i"):
            stem = stem[:-1] + "y"
            if stem in entries:
                return with_ed(entries[stem])
        if len(stem) > 3 and stem[-1] == stem[-2] and stem[:-1] in entries:
            return with_ed(entries[stem[:-1]])
    return None


def _derived(word: str, entries: Entries) -> str | None:
    """A word with another ending: "probably", "running", "kindness"."""
    able = entries.get(word[:-1] + "e") if word.endswith(("ably", "ibly")) else ""
    if able.endswith(" B AH0 L"):
        return able.removesuffix("AH0 L") + "L IY0"
    for ending, tails, phones in _ENDINGS:
        stem = word[: -len(ending)]
        if not word.endswith(ending) or len(stem) < 3:
            continue
        for tail in tails:
            if stem + tail in entries:
                return f"{entries[stem + tail]} {phones}"
        doubled = len(stem) > 3 and stem[-1] == stem[-2] and ending in ("ing", "er", "est")
        if doubled and stem[:-1] in entries:
            return f"{entries[stem[:-1]]} {phones}"
    return None


def _compound(word: str, entries: Entries) -> str | None:
    """A word with a beginning, or two words in one."""
    for beginning, phones in _BEGINNINGS.items():
        rest = word.removeprefix(beginning)
        if rest != word and len(rest) > 3 and rest in entries:
            return f"{phones} {entries[rest]}"
    for place in range(len(word) - 3, 3, -1):
        first, second = word[:place], word[place:]
        if first[-1] == "s" and second[0] in "ptck" and first[:-1] in entries:
            if len(first) > 3 and "s" + second in entries:
                first, second = first[:-1], "s" + second  # "doom-scroll", "down-spout"
        if len(second) < 4 and second not in _HEADS:
            continue
        if first in entries and second in entries:
            return f"{entries[first]} {entries[second].replace('1', '2')}"
    return None


# British spellings, and those of words that the dictionary has.
_BRITISH = tuple(
    (re.compile(pattern), american)
    for pattern, american in (
        ("our", "or"),
        ("([iy])s(?=(?:e[ds]?|ers?|ing|ations?)$)", r"\1z"),
        ("([tbchgv])re(?=[sd]?$)", r"\1er"),
        ("ll(?=(?:ed|ing|er|ers|ery|ous|i[sz]e[rd]?)$)", "l"),
        ("(?<!l)l(?=(?:ful|fully|ments?|s)$)", "ll"),
        ("(?<!^g)[ao]e(?=.{2})", "e"),
        ("ence(?=s?$)", "ense"),
        ("sc(?=e)", "sk"),
    )
)


def _american(word: str, entries: Entries) -> str | None:
    """A word in British spelling: "tumour", "analysed", "litre", "anaemia"."""
    forms = [word]
    for pattern, american in _BRITISH:
        forms += [new for form in forms if (new := pattern.sub(american, form)) != form]
    return next((entries[form] for form in forms[1:] if form in entries), None)


def _learned(word: str) -> str | None:
    """A guess with the ending of "bronchitis" or "realism", whatever the guess has there."""
    ending, phones = ("itis", "AY1 T AH0 S") if word.endswith("itis") else ("ism", "IH2 Z AH0 M")
    stem = re.sub(r" [A-Z]+\d (?:T [A-Z]+\d S|[SZ] (?:AH0 )?M)$", "", guess := g2p.guess(word))
    if stem == guess:
        return None
    return f"{stem.replace('1', '2') if ending == 'itis' else stem} {phones}"
