"""Pronunciations in the alphabets of SSML's <phoneme>: IPA, X-SAMPA and ARPAbet, as `symbols`."""

from __future__ import annotations

import re

from avspeech.errors import InputError
from avspeech.text import espeak, lists, symbols

ALPHABETS = ("ipa", "x-sampa", "arpabet")
_NAMES = {"x-arpabet": "arpabet", "cmu": "arpabet", "x-cmu": "arpabet", "xsampa": "x-sampa",
          "x-xsampa": "x-sampa"}
# Wells, "Computer-coding the IPA: a proposed extension of SAMPA" (1995); the longest first.
_SAMPA = {
    "r\\`": "ɻ", "@`": "ɚ", "3`": "ɝ", "d`": "ɖ", "t`": "ʈ", "n`": "ɳ", "l`": "ɭ", "s`": "ʂ",
    "z`": "ʐ", "r\\": "ɹ", "s\\": "ɕ", "z\\": "ʑ", "j\\": "ʝ", "J\\": "ɟ", "X\\": "ħ", "p\\": "ɸ",
    "R\\": "ʀ", "v\\": "ʋ", "_h": "ʰ", "_j": "ʲ", "_~": "̃", "_=": "̩", "@": "ə", "{": "æ",
    "A": "ɑ", "E": "ɛ", "I": "ɪ", "O": "ɔ", "U": "ʊ", "V": "ʌ", "3": "ɜ", "Q": "ɒ", "6": "ɐ",
    "1": "ɨ", "M": "ɯ", "2": "ø", "9": "œ", "Y": "ʏ", "7": "ɤ", "8": "ɵ", "T": "θ", "D": "ð",
    "S": "ʃ", "Z": "ʒ", "N": "ŋ", "B": "β", "C": "ç", "G": "ɣ", "J": "ɲ", "L": "ʎ", "R": "ʁ",
    "4": "ɾ", "K": "ɬ", "5": "ɫ", "P": "ʋ", "F": "ɱ", "?": "ʔ", "g": "ɡ", '"': "ˈ", "%": "ˌ",
    ":": "ː", "~": "̃", "=": "̩", "'": "ʲ", "W": "ʍ", "}": "ʉ",
    "_0": "\u0325", "_v": "\u032c", "_d": "\u032a", "_}": "\u031a", "_^": "\u032f", "_w": "ʷ",
    "_G": "ˠ", "_>": "ʼ", "_r": "\u031d", "_o": "\u031e", "_+": "\u031f", "_-": "\u0320",
    '_"': "\u0308", "_X": "\u0306", ":\\": "ˑ", "_O": "\u0339", "_c": "\u031c", "_a": "\u033a",
    "_m": "\u033b", "_e": "\u0334", "_x": "\u033d",
}
_SAMPA_PHONE = re.compile(lists.any_of(_SAMPA))
# Written between phones or around them, without a sound: syllables, links, ties, slashes.
_SILENT = re.compile(r"[\s.·‿/\[\]|‖\u0361\u035c-]")
_SYLLABIC = re.compile("([nlm])[\u0329\u030d]")
# How exactly an English phone is spoken, which tells no word from another: with breath, dental,
# without voice or syllable, higher, lower, longer, and nasal before what is.
_NARROW = re.compile(
    "[ʰʷˠʲʼˑ\u0306\u0308\u031a\u031c-\u0320\u0325\u032a\u032c\u032f\u0334\u0339-\u033b\u033d]"
    "|\u0303(?=[mnŋ])|(?<!ɑ)\u0303"
)
_AMERICAN = {"ʤ": "dʒ", "ʧ": "tʃ", "ɫ": "l", "ʍ": "w", "ə˞": "ɚ", "ɜ˞": "ɝ", "˞": "", "ʉ": "u",
             "ei": "eɪ", "ou": "oʊ", "ai": "aɪ", "au": "aʊ", "ɔi": "ɔɪ", "oi": "ɔɪ", "əu": "oʊ",
             "ɻ": "ɹ", "ɹ̩": "ɚ", "ɚː": "ɚ", "əɹ": "ɚ", "ɜɹ": "ɝ"}


def read(text: str, alphabet: str = "ipa", language: str = "en-us") -> tuple[str, ...]:
    """Symbols of a pronunciation.

    Args:
        text: as "həˈloʊ", 'h@"loU' or "HH AH0 L OW1".
        alphabet: one of `ALPHABETS`, or another name of ARPAbet: "x-arpabet", "cmu".
        language: of the voice. In English, phones that General American has not become their
            nearest, as in `espeak`; others are refused.

    Raises:
        InputError: an alphabet or a phone that is not known, or no phone at all.
    """
    name = _NAMES.get(alphabet.lower(), alphabet.lower())
    if name not in ALPHABETS:
        raise InputError(f"alphabet '{alphabet}': expected {', '.join(ALPHABETS)}")
    if name == "arpabet":
        found = symbols.from_arpabet(text)
    else:
        found = _from_ipa(text if name == "ipa" else _from_sampa(text), text, language)
    if not found:
        raise InputError(f"pronunciation '{text}': no phone in it")
    return found


def _from_sampa(text: str) -> str:
    return _SAMPA_PHONE.sub(lambda match: _SAMPA[match.group()], text)


def _from_ipa(ipa: str, written: str, language: str) -> tuple[str, ...]:
    english = language.lower().startswith("en")
    ipa = _SYLLABIC.sub(r"ə\1", _SILENT.sub("", ipa).replace("'", "ˈ").replace(",", "ˌ"))
    if english:
        ipa = _NARROW.sub("", ipa)
        for old, new in _AMERICAN.items():
            ipa = ipa.replace(old, new)
    found: list[str] = []
    for stretch in re.findall("[ˈˌ]?[^ˈˌ]+|[ˈˌ]+", ipa):
        stress = stretch[0] if stretch[0] in symbols.STRESS[1:] else ""
        unknown = [c for c in stretch.lstrip("ˈˌ") if c not in _KNOWN]
        made = espeak.to_symbols(stretch, language)
        foreign = [s for s in made if english and s.lstrip("ˈˌ") not in _ENGLISH]
        if unknown or foreign or (stress and not any(map(symbols.stress, made))):
            what = (f"'{unknown[0]}' is no phone that is known" if unknown else
                    f"'{foreign[0]}' is no phone of English" if foreign else
                    f"no vowel follows '{stress}'")
            raise InputError(f"pronunciation '{written}': {what}")
        found += made
    return tuple(found)


_ENGLISH = {*symbols.VOWELS, *symbols.CONSONANTS}
_KNOWN = {c for phone in symbols.PHONES for c in phone} | {*"gɜrːᵻ\u0303"}
