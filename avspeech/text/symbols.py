"""The symbols a voice is made of, in a fixed order: phones with their stress, pauses, punctuation.

The position of a symbol in `SYMBOLS` is its number in every model ever trained, so symbols are
only ever added at the end, and `VERSION` goes up when they are. Phones are written in the IPA; a
stressed vowel is a symbol of its own ("ˈɑ" primary, "ˌɑ" secondary, "ɑ" none), so that one phone
is always one symbol.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable

from avspeech.errors import InputError

VERSION = 1

PAD, START, END, WORD, BREAK = "<pad>", "<s>", "</s>", "<w>", "<brk>"
SPECIAL = (PAD, START, END, WORD, BREAK)
MARKS = (",", ".", "?", "!", ";", ":", "–", "…")
STRESS = ("", "ˈ", "ˌ")

# General American, as CMUdict and espeak-ng's en-us have it.
VOWELS = ("ɑ", "æ", "ʌ", "ə", "ɔ", "aʊ", "aɪ", "ɛ", "ɝ", "ɚ", "eɪ", "ɪ", "i", "oʊ", "ɔɪ", "ʊ", "u")
CONSONANTS = (
    "b",
    "tʃ",
    "d",
    "ð",
    "f",
    "ɡ",
    "h",
    "dʒ",
    "k",
    "l",
    "m",
    "n",
    "ŋ",
    "p",
    "ɹ",
    "s",
    "ʃ",
    "t",
    "θ",
    "v",
    "w",
    "j",
    "z",
    "ʒ",
)
# Other accents and languages, through espeak-ng.
MORE_VOWELS = ("ɒ", "ɐ", "a", "e", "o", "y", "ø", "œ", "ɨ", "ɯ", "ɜ", "ɵ", "ʏ", "ɤ")
MORE_CONSONANTS = (
    "ɾ",
    "ʔ",
    "x",
    "ç",
    "ɣ",
    "β",
    "ɲ",
    "ʎ",
    "r",
    "ʁ",
    "ɫ",
    "ɬ",
    "ɕ",
    "ʑ",
    "ʂ",
    "ʐ",
    "c",
    "ɟ",
    "q",
    "ɖ",
    "ʈ",
    "ɳ",
    "ɭ",
    "ʋ",
    "ɱ",
    "ʝ",
    "ħ",
    "ɹ̩",
    "ʀ",
    "ɸ",
)
MODIFIERS = ("ː", "̃", "ʲ", "ʰ")  # of the phone before

SYMBOLS: tuple[str, ...] = (
    *SPECIAL,
    *MARKS,
    *(s + v for v in VOWELS for s in STRESS),
    *CONSONANTS,
    *(s + v for v in MORE_VOWELS for s in STRESS),
    *MORE_CONSONANTS,
    *MODIFIERS,
)
NUMBER = {symbol: number for number, symbol in enumerate(SYMBOLS)}
PHONES = frozenset(SYMBOLS[len(SPECIAL) + len(MARKS) :])

# ARPAbet, as dictionaries have it; a vowel's stress digit stands apart. AH and ER have two faces.
ARPABET = {
    "AA": "ɑ",
    "AE": "æ",
    "AH": "ʌ",
    "AO": "ɔ",
    "AW": "aʊ",
    "AY": "aɪ",
    "EH": "ɛ",
    "ER": "ɝ",
    "EY": "eɪ",
    "IH": "ɪ",
    "IY": "i",
    "OW": "oʊ",
    "OY": "ɔɪ",
    "UH": "ʊ",
    "UW": "u",
    "B": "b",
    "CH": "tʃ",
    "D": "d",
    "DH": "ð",
    "F": "f",
    "G": "ɡ",
    "HH": "h",
    "JH": "dʒ",
    "K": "k",
    "L": "l",
    "M": "m",
    "N": "n",
    "NG": "ŋ",
    "P": "p",
    "R": "ɹ",
    "S": "s",
    "SH": "ʃ",
    "T": "t",
    "TH": "θ",
    "V": "v",
    "W": "w",
    "Y": "j",
    "Z": "z",
    "ZH": "ʒ",
}
_UNSTRESSED = {"ʌ": "ə", "ɝ": "ɚ"}


def ids(symbols: Iterable[str]) -> list[int]:
    """The numbers of some symbols. Raises InputError for one that is not in the table."""
    try:
        return [NUMBER[symbol] for symbol in symbols]
    except KeyError as error:
        raise InputError(
            f"symbol '{error.args[0]}': not in the table (version {VERSION}); "
            "see avspeech.text.symbols.SYMBOLS"
        ) from None


@functools.lru_cache(maxsize=16384)
def from_arpabet(phones: str) -> tuple[str, ...]:
    """Symbols of phones in ARPAbet: "HH AH0 L OW1" -> ("h", "ə", "l", "ˈoʊ").
    Raises InputError for anything else."""
    result = []
    for phone in phones.split():
        base, stress = (phone[:-1], int(phone[-1])) if phone[-1:] in ("0", "1", "2") else (phone, 0)
        if base not in ARPABET or (stress and ARPABET[base] not in VOWELS):
            raise InputError(f"phone '{phone}': not ARPAbet as CMUdict has it")
        symbol = ARPABET[base]
        result.append(STRESS[stress] + symbol if stress else _UNSTRESSED.get(symbol, symbol))
    return tuple(result)


def stress(symbol: str) -> int:
    """1 for a vowel of primary stress, 2 of secondary, 0 else."""
    return STRESS.index(symbol[0]) if symbol[:1] in STRESS[1:] else 0


def is_vowel(symbol: str) -> bool:
    """Whether a symbol is a vowel, of any stress."""
    bare = symbol.lstrip("ˈˌ")
    return bare in VOWELS or bare in MORE_VOWELS
