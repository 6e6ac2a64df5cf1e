"""Words of two pronunciations: `tables/pairs.tsv` (nouns and verbs, with their inflections) and
`tables/senses.tsv` (by the words around)."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from avspeech.text import lists, parts, tenses
from avspeech.text.building import with_ed, with_s

# Words that may follow a noun when no other noun follows it.
_AFTER = frozenset("who today yesterday tomorrow tonight now again and or but".split())
# Before the name of a stuff.
_SEEN = frozenset("it them him us me".split())
_LETTING = frozenset("let lets make makes made help helps helped have".split())
_HOLDING = frozenset(
    "has have had contain contains contained found find no any some more less with without from "
    "much little of removed detected for".split()
)


@dataclass(frozen=True)
class Sense:
    """A row of `tables/senses.tsv`."""

    phones: str
    part: str
    before: frozenset[str]
    behind: frozenset[str]
    near: frozenset[str]


@functools.lru_cache(maxsize=1)
def senses() -> dict[str, tuple[Sense, ...]]:
    """{word: its rows, in their order}; of those with a capital only where it is written so."""
    found: dict[str, list[Sense]] = {}
    for word, phones, part, *words in lists.rows("senses.tsv", 6):
        found.setdefault(word, []).append(
            Sense(phones, part, *(frozenset(w.split()) for w in words))
        )
    return {word: tuple(rows) for word, rows in found.items()}


@functools.lru_cache(maxsize=1)
def pairs() -> dict[str, tuple[str, str, str]]:
    """{word or inflection: (form, as a noun, as a verb)}; form: "base", "s", or "verb" for what is
    none but a verb ("recording")."""
    from avspeech.text.lexicon import known

    dictionary = known()
    found: dict[str, tuple[str, str, str]] = {}
    for base, noun, verb in lists.rows("pairs.tsv", 3):
        found[base] = ("base", noun, verb)
        found[_plural(base)] = ("s", with_s(noun), with_s(verb))
        for ending, phones in (("ed", with_ed(verb)), ("ing", f"{verb} IH0 NG")):
            for spelled in _endings(base, ending):
                listed = dictionary.get(spelled, "")
                phones = listed if _stress(listed) == _stress(phones) else phones
                found[spelled] = ("verb", phones, phones)
    return found


def _stress(phones: str) -> int:
    """Which vowel has the primary stress; -1 where none has."""
    stresses = [phone[-1] for phone in phones.split() if phone[-1].isdigit()]
    return stresses.index("1") if "1" in stresses else -1


def _plural(base: str) -> str:
    if base.endswith("y") and base[-2] not in "aeiou":
        return base[:-1] + "ies"
    return base + ("es" if base.endswith(("s", "x", "z", "ch", "sh")) else "s")


def _endings(base: str, ending: str) -> tuple[str, ...]:
    if base.endswith("e"):
        return (base[:-1] + ending,)
    if base.endswith("y") and base[-2] not in "aeiou" and ending == "ed":
        return (base[:-1] + "ied",)
    doubled = base[-1] in "bdglmnprt" and base[-2] in "aeiou" and base[-3] not in "aeiou"
    return (base + ending, base + base[-1] + ending) if doubled else (base + ending,)


def pronounce(words: Sequence[str], final: Sequence[bool]) -> list[str | None]:
    """The phones of the words that have two pronunciations, None for the others. words: as spoken;
    with a capital where one is written that tells them apart ("Polish")."""
    listed = senses()
    both = pairs()
    lower = [w.lower() for w in words]
    found: list[str | None] = [None] * len(words)
    done = [""] * len(words)
    for place, (written, word) in enumerate(zip(words, lower)):
        capital = written in listed
        rows = listed.get(written if capital else word, ())
        pair = both.get(word)
        if not rows and pair is None:
            continue
        part = ""
        if pair is not None and pair[0] != "verb" or rows:
            part = parts.part(
                lower,
                final,
                place,
                "s"
                if pair is not None
                and pair[0] == "s"
                or pair is None
                and word.endswith("s")
                and not word.endswith("ss")
                else "base",
                done,
            )
        opens = place == 0 or final[place - 1]
        verb = part == "verb" and not _of_people(lower, place)
        if capital and written != word and verb and opens:
            rows = listed.get(word, ())  # "Polish the silver."
        for row in rows:
            if _fits(row, lower, final, place, part):
                found[place] = row.phones
                break
        else:
            if pair is not None:
                found[place] = pair[1] if part == "noun" and pair[0] != "verb" else pair[2]
        done[place] = part if pair is None or pair[0] != "verb" else "verb"
    return found


def _fits(row: Sense, words: list[str], final: Sequence[bool], place: int, part: str) -> bool:
    if row.part and not _is_part(row.part, words, final, place, part):
        return False
    if not (row.before or row.behind or row.near):
        return True
    before = words[place - 1] if place and not final[place - 1] else ""
    behind = words[place + 1] if place + 1 < len(words) and not final[place] else ""
    return before in row.before or behind in row.behind or not row.near.isdisjoint(words)


def _is_part(wanted: str, words: list[str], final: Sequence[bool], place: int, part: str) -> bool:
    """Whether a word is used as a row of `tables/senses.tsv` wants it."""
    if wanted in _NOUNS and part != "noun":
        return False
    use = _USES.get(wanted)
    return wanted == part if use is None else use(words, final, place)


def _behind(words: Sequence[str], final: Sequence[bool], place: int) -> str:
    """The word behind, in the same clause."""
    return words[place + 1] if place + 1 < len(words) and not final[place] else ""


def _with_be(words: list[str], final: Sequence[bool], place: int) -> bool:
    """Whether a form of "be" says it of something: "it is very close"."""
    before = words[max(0, place - 4) : place]
    while before and (parts.adverb(before[-1]) or before[-1] in _DEGREES):
        before.pop()
    if before[-1:] == ["let's"]:
        return False
    if before and (before[-1] in parts.BE or before[-1].endswith(("'s", "'re", "'m"))):
        return True
    return _in_question(words, final, place)


def _infinitive(words: list[str], final: Sequence[bool], place: int) -> bool:
    before = [w for w in words[max(0, place - 3) : place] if not parts.adverb(w)]
    return before[-1:] == ["to"] or bool(before) and before[-1] in parts.MODALS


def _of_object(words: list[str], final: Sequence[bool], place: int) -> bool:
    """Whether it tells how an object is: "see it live", but neither "let it live" nor "does it
    live"."""
    if place < 2 or final[place - 1] or words[place - 1] not in _SEEN:
        return False
    return words[place - 2] not in parts.MODALS | _LETTING


def _marked(words: list[str], final: Sequence[bool], place: int) -> bool:
    """Whether it tells what an object is said to be: "marked him present"."""
    behind = _behind(words, final, place)
    objective = behind in parts.DETERMINERS | parts.OBJECTS
    return bool(place) and words[place - 1] in _SEEN | {"as", "her", "you"} and not objective


def _mass(words: list[str], final: Sequence[bool], place: int) -> bool:
    """Whether it is a stuff: a noun without an article, and with no noun behind."""
    behind = _behind(words, final, place)
    near = words[place - 1] if place and not final[place - 1] else ""
    alone = not behind or behind in parts.BE | parts.PREPOSITIONS | _AFTER
    return near in _HOLDING and alone


def _to_number(words: list[str], final: Sequence[bool], place: int) -> bool:
    """Whether it asks for a number: "Lead two of them"."""
    rest = words[place + 1 : place + 3]
    rest = rest[1:] if rest[:1] in (["on"], ["off"]) else rest[:1]
    starts = not place or final[place - 1] or words[place - 1] in ("then", "and", "please")
    return starts and not final[place] and bool(rest) and rest[0] in _NUMBERS


def _opening(words: list[str], final: Sequence[bool], place: int) -> bool:
    """Whether it opens a statement: "Does drink at the pond"."""
    behind = _behind(words, final, place)
    opens = place == 0 or final[place - 1]
    return opens and (behind == "and" or behind in parts.VERBS | _GRAZING)


def _of_person(words: list[str], final: Sequence[bool], place: int) -> bool:
    """Whether it tells how a person is: "he was learned"."""
    if place < 2 or final[place - 1] or final[place - 2]:
        return False
    back = 2 if words[place - 1] == "very" and place > 2 else 1
    be, who = words[place - back], words[place - back - 1]
    by = words[place + 1 : place + 2] == ["by"] and not final[place]
    return be in parts.FORMS_OF_BE and who in _LEARNED and not by


def _adjective(words: list[str], final: Sequence[bool], place: int) -> bool:
    return bool(place) and words[place - 1] in parts.DETERMINERS


def _alone(words: list[str], final: Sequence[bool], place: int) -> bool:
    """Whether it is a noun, for nothing follows that it could belong to."""
    behind = _behind(words, final, place)
    followed = parts.BE | parts.HAVE | parts.MODALS | parts.VERBS | parts.PREPOSITIONS | _AFTER
    described = place > 0 and words[place - 1] in parts.DETERMINERS | parts.ADJECTIVES
    return described and (not behind or behind in followed)


def _did(words: list[str], final: Sequence[bool], place: int) -> bool:
    """Whether a person did it to something: "The doctor wound the gauze", but neither "dressed the
    head wound the next day" nor "the wound the doctor dressed"."""
    near = words[place - 1] if place and not final[place - 1] else ""
    behind = _behind(words, final, place)
    person = near in _PERSONS | _LEARNED or near in parts.AGENTS or near.endswith(("er", "or"))
    objective = behind in parts.DETERMINERS | parts.OBJECTS
    return person and objective and not parts.has_verb(words, final, place)


def _taken(words: list[str], final: Sequence[bool], place: int) -> bool:
    """Whether people bow before those who clap: "took a bow after the show", but neither "took a
    bow and arrow" nor "took the bow from the wall"."""
    if place < 2 or final[place - 1] or words[place - 1] not in ("a", "another", "his", "her"):
        return False
    behind = _behind(words, final, place)
    leaves = not behind or behind in ("after", "before", "as", "when", "while", "at", "to", "for")
    return words[place - 2] in _TAKEN and leaves and _ARMED.isdisjoint(words)


def _compared(words: list[str], final: Sequence[bool], place: int) -> bool:
    """Whether it is the first of two that grow together: "The number my jaw got, the calmer I
    felt", but not "The number she got, the larger of the two"."""
    if not place or words[place - 1] != "the" or place > 1 and not final[place - 2]:
        return False
    end = next((i for i in range(place, len(words)) if final[i]), len(words))
    then = words[end + 1 : end + 4]
    if words[end : end + 1] not in (["got"], ["gets"], ["felt"], ["feels"], ["became"]):
        return False
    more = then[1:2] in (["more"], ["less"], ["better"], ["worse"]) or (
        len(then) > 1 and then[1].endswith("er")
    )
    return then[:1] == ["the"] and more and then[2:] != ["of"]


def _in_scripture(words: list[str], final: Sequence[bool], place: int) -> bool:
    """Whether it is the book: "In Job we read", "in Job three"."""
    if not place or final[place - 1] or words[place - 1] != "in":
        return False
    behind = _behind(words, final, place)
    return not behind or behind in parts.SUBJECTS | {"he", "god", "chapter"} or behind in _SEVERAL


_TAKEN = ("take", "takes", "took", "taking", "taken")
_ARMED = frozenset("arrow arrows quiver string strings violin cello".split())
_DEGREES = ("very", "quite", "so", "too", "more", "most", "not", "and", "all")
_GRAZING = frozenset("graze drink browse rest roam give nurse bed move travel feed".split())
_LEARNED = frozenset("i he she man woman scholar judge priest teacher father professor".split())
_STUFF = frozenset(
    "water blood soil air paint dust pipes toys bones gasoline petrol food milk brass body glaze "
    "wells taps drinking tap ground groundwater sediment fish".split()
)
_TAKES = frozenset(
    "take takes took taken taking in into lose lost share "
    "shared hold holds held has have had keep keeps kept".split()
)
_REPEATED = lists.words("parts.times") | set(
    "days weeks months years times games wins losses nights mornings summers winters".split()
)
_PLACES = frozenset("half halfway here there from and to by on at again in".split())
_QUARRELS = frozenset("had having have has got a another big this that the public".split())


def _of_people(words: Sequence[str], place: int) -> bool:
    """Whether people follow a word: "Polish workers"."""
    behind = words[place + 1] if place + 1 < len(words) else ""
    return behind in parts.PEOPLE or behind.endswith(("ers", "ors", "ists", "ians", "men", "ants"))


def _inside(words: Sequence[str], final: Sequence[bool], place: int) -> bool:
    """Whether a stuff is found in another one: "the lead in the water", but neither "took the lead
    in the water" nor "the lead in the race"."""
    end = place + 1
    if final[place] or words[end : end + 1] != ["in"]:
        return False
    taken = not _TAKES.isdisjoint(words[max(0, place - 3) : place])
    return not taken and not _STUFF.isdisjoint(words[end + 1 : end + 4])


def _quarrel(words: Sequence[str], final: Sequence[bool], place: int) -> bool:
    """Whether people quarrel: "a row over money", "had a row with his boss", but neither "three in
    a row over the years" nor "a row about ten feet long"."""
    behind = words[place + 1 : place + 3]
    if final[place] or len(behind) < 2 or not place:
        return False
    about, what = behind
    if about != "over" and words[place - 1] not in _QUARRELS:
        return False
    before = words[max(0, place - 6) : place]
    if before[-2:] == ["in", "a"] and (
        not _REPEATED.isdisjoint(before) or not _SEVERAL.isdisjoint(before)
    ):
        return False
    if about in ("about", "over"):
        measured = what in _SEVERAL | _PLACES
        return not measured and not (what == "a" and words[place + 3 : place + 4] == ["hundred"])
    later = words[place + 2 : place + 7]
    if about in ("in", "at") and not {"about", "over"}.isdisjoint(later):
        return before[-2:-1] in (["had"], ["having"])  # "had a row in the kitchen about it"
    owned = what in parts.POSSESSIVES | parts.OBJECTS
    return about == "with" and owned and not {"had", "having", "have", "got"}.isdisjoint(before)


_NUMBERS = parts.DETERMINERS - parts.ARTICLES - parts.POSSESSIVES - set("this that".split())
_SEVERAL = frozenset(
    "two three four five six seven eight nine ten eleven twelve several many both these "
    "those".split()
)


def _several(words: list[str], final: Sequence[bool], place: int) -> bool:
    """Whether a word is of things that are counted: "the two does ran", but neither "chapter two
    does" nor "one of the two does"."""
    if not place or final[place - 1] or words[place - 1] not in _SEVERAL:
        return False
    before = words[place - 2] if place > 1 and not final[place - 2] else ""
    if before and before not in parts.DETERMINERS | parts.PREPOSITIONS | parts.PAST | parts.VERBS:
        return False
    if "of" in words[max(0, place - 4) : place]:
        return False
    if final[place]:
        return before in parts.PAST | parts.VERBS
    behind = words[place + 1]
    return behind in parts.PAST | parts.BE | parts.PREPOSITIONS | {"and"} or behind.endswith("ed")


def _in_question(words: list[str], final: Sequence[bool], place: int) -> bool:
    """Whether a word is the last of a question that begins with a form of be: "Was it live?"."""
    if not final[place] or place < 2:
        return False
    start, _ = parts.clause(words, final, place)
    near = words[place - 1]
    bare = near not in parts.DETERMINERS | parts.PREPOSITIONS and not parts.adjective(near)
    pronoun = near in ("it", "this", "that", "these", "those", "her", "you")
    return words[start] in parts.FORMS_OF_BE and start < place - 1 and (bare or pronoun)


# What people did, saying or thinking what follows.
_SAYING = frozenset("say think believe know tell wonder wish hope claim feel see hear".split())
_SUBJECTS = parts.SUBJECTS | set("he she there everyone nobody".split())
_PERSONS = _SUBJECTS | parts.PEOPLE | set(
    "it kids man woman boy girl mother father mom dad parents sister brother wife husband friend "
    "friends family teacher boss team company band dog cat king queen president doctor".split()
)
_THE = frozenset("a an the these those this that some any".split())


def _means(words: list[str], final: Sequence[bool], place: int) -> bool:
    """Whether "used" tells what a thing is for: "The tools used to fix it are lost", "This is the
    way used to find it", but "The tools used to be cheap"."""
    near = words[place - 1] if place else ""
    start, end = parts.clause(words, final, place)
    determined = not _THE.isdisjoint(words[max(start, place - 3) : place])
    if not determined or near in _PERSONS or words[place + 2 : place + 3] == ["be"]:
        return False
    if parts.FORMS_OF_BE.intersection(words[start : place - 1]):
        return True
    if words[min(place + 2, end)] in _SAYING:
        return False
    for word in words[place + 3 : end + 1]:
        if word in _SUBJECTS or word in parts.FORMS_OF_BE | parts.HAVE | parts.MODALS:
            return word not in _SUBJECTS
    return False


def _used_to(words: list[str], final: Sequence[bool], place: int) -> bool:
    """Whether "used" is a habit's: "I used to run", "I am used to it", but "it was used to cut"."""
    if final[place] or place + 1 >= len(words) or words[place + 1] != "to":
        return False
    before = [w for w in words[max(0, place - 3) : place] if not parts.adverb(w)]
    passive = bool(before) and (
        before[-1] in parts.BE
        or before[-1] in ("get", "got", "gets", "getting")
        or before[-1].endswith(("'s", "'re", "'m"))
    )
    if not passive:
        return not _means(words, final, place)
    subject = before[-2] if len(before) > 1 else ""  # "we are not used to snow"
    if subject in ("i", "he", "she", "we") or before[-1] in ("i'm", "he's", "she's", "we're"):
        return True
    behind = words[place + 2] if place + 2 < len(words) else ""
    return (
        before[-1] in ("get", "got", "gets", "getting")
        or behind in parts.DETERMINERS
        or behind in parts.OBJECTS
        or behind.endswith("ing")
        or behind in ("that", "this", "such", "being")
        or not behind
    )


_NOUNS = ("mass", "inside", "alone")  # uses that no verb has
_USES: dict[str, Callable[[list[str], Sequence[bool], int], bool]] = {
    "past": tenses.is_past,
    "be": _with_be,
    "base": _infinitive,
    "object": _of_object,
    "marked": _marked,
    "mass": _mass,
    "several": _several,
    "number": _to_number,
    "usedto": _used_to,
    "inside": _inside,
    "quarrel": _quarrel,
    "opening": _opening,
    "person": _of_person,
    "adjective": _adjective,
    "alone": _alone,
    "did": _did,
    "taken": _taken,
    "compared": _compared,
    "scripture": _in_scripture,
}
