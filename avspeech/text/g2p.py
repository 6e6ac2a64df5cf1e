"""Pronunciations of words that no dictionary has."""

from __future__ import annotations

_LETTERS = {"a": "AE1", "b": "B", "c": "K", "d": "D", "e": "EH1", "f": "F", "g": "G", "h": "HH", "i": "IH1", "j": "JH",
            "k": "K", "l": "L", "m": "M", "n": "N", "o": "AA1", "p": "P", "q": "K", "r": "R", "s": "S", "t": "T",
            "u": "AH1", "v": "V", "w": "W", "x": "K S", "y": "IY0", "z": "Z"}


def guess(word: str) -> str:
    """ARPAbet phones of a word of lower-case letters."""
    return " ".join(_LETTERS[letter] for letter in word if letter in _LETTERS)
