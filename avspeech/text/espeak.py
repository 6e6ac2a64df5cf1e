"""Phones from espeak-ng (extra `tts`), in the symbols of `symbols`.

For English its phones are brought to the inventory of the default phonemiser (a flapped t is a
"t", a syllabic n is "ə n", lengths go), so that a voice trained with one can be driven by the
other. Of other languages, lengths and such are symbols of their own; what is not in the table is
left out.
"""

from __future__ import annotations

from collections.abc import Sequence

from avspeech.media import espeak
from avspeech.text import symbols

# In this order, before a phone is cut into symbols.
_ENGLISH = (
    ("ɜː", "ɝ"),
    ("ɾ", "t"),
    ("ʔ", "t"),
    ("ᵻ", "ɪ"),
    ("oː", "ɔ"),
    ("ɐ", "ə"),
    ("n̩", "ən"),
    ("l̩", "əl"),
    ("m̩", "əm"),
    ("əʊ", "oʊ"),
    ("ɑ̃", "ɑn"),
    ("ɒ", "ɑ"),
    ("x", "k"),
    ("ɬ", "l"),
    ("ː", ""),
    ("r", "ɹ"),
)
_ANY = (
    ("g", "ɡ"),
    ("n̩", "ən"),
    ("l̩", "əl"),
    ("ᵻ", "ɪ"),
    ("ä", "a"),
    ("o̞", "o"),
    ("e̞", "e"),
    ("ɪ̈", "ɨ"),
)
_LONGEST = max(map(len, symbols.SYMBOLS))


def to_symbols(phone: str, language: str = "en-us") -> list[str]:
    """Symbols of one phone of espeak-ng in the IPA, stress before it: "ˈaɪɚ" -> ["ˈaɪ", "ɚ"]."""
    if phone.startswith("("):
        return []  # "(en)": it takes a word for one of another language
    stress = phone[0] if phone[:1] in symbols.STRESS[1:] else ""
    rest = phone.lstrip("ˈˌ")
    for old, new in (*(_ENGLISH if language.lower().startswith("en") else ()), *_ANY):
        rest = rest.replace(old, new)
    found: list[str] = []
    while rest:
        for size in range(min(_LONGEST, len(rest)), 0, -1):
            if rest[:size] in symbols.PHONES:
                piece = rest[:size]
                if stress and symbols.is_vowel(piece):
                    piece, stress = stress + piece, ""
                found.append(piece)
                break
        else:
            size = 1
        rest = rest[size:]
    if language.lower().startswith("en"):  # stressed, a mid vowel is another one
        found = [{"ˈə": "ˈʌ", "ˌə": "ˌʌ", "ˈɚ": "ˈɝ", "ˌɚ": "ˌɝ"}.get(p, p) for p in found]
        found = [
            p
            for i, p in enumerate(found)
            if not (p == "ɹ" and i and found[i - 1] in ("ɚ", "ˈɝ", "ˌɝ"))
        ]
    return found


def phonemise(
    words: Sequence[str], final: Sequence[bool], language: str
) -> list[tuple[tuple[str, ...], str]]:
    """(symbols, "espeak") of each word; read phrase by phrase where espeak-ng keeps the words
    apart, else each word by itself."""
    phrases: list[list[str]] = [[]]
    for word, last in zip(words, final):
        phrases[-1].append(word)
        if last:
            phrases.append([])
    phrases = [phrase for phrase in phrases if phrase]
    results: list[list[list[str]]] = espeak.phonemes(
        [" ".join(phrase) for phrase in phrases], language
    )
    apart = [i for i, phrase in enumerate(phrases) if len(phrase) != len(results[i])]
    alone: list[str] = []
    for i in apart:
        alone += phrases[i]
    single = iter(espeak.phonemes(alone, language) if apart else [])
    for i in apart:
        results[i] = []
        for _ in phrases[i]:
            joined: list[str] = []
            for group in next(single):
                joined += group
            results[i].append(joined)
    spoken: list[tuple[tuple[str, ...], str]] = []
    for said in results:
        for phones in said:
            found: list[str] = []
            for phone in phones:
                found += to_symbols(phone, language)
            spoken.append((tuple(found), "espeak"))
    return spoken
