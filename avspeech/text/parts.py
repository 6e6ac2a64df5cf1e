"""The part of speech of a word whose stress depends on it: noun or verb. The rules look at the
words around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from avspeech.text import lists

ARTICLES = frozenset("a an the".split())
POSSESSIVES = frozenset("my your his her its our their whose".split())
DETERMINERS = ARTICLES | POSSESSIVES | lists.words("parts.determiners")
OBJECTS = lists.words("parts.objects")
BE = lists.words("parts.be")
FORMS_OF_BE = lists.words("parts.forms_of_be")
HAVE = lists.words("parts.have")
MODALS = lists.words("parts.modals")
SUBJECTS = frozenset("i you we they who".split())
SINGULAR_SUBJECTS = lists.words("parts.singular_subjects")
PREPOSITIONS = lists.words("parts.prepositions")
ADVERBS = lists.words("parts.adverbs")
BREAKS = lists.words("parts.breaks")
CAUSES = lists.words("parts.causes")
# "Keep them separate": the word behind is no verb.
KEEPS = frozenset("keep keeps kept leave leaves hold holds held find finds found consider".split())
# Before what somebody does: "stop making excuses".
_DOING = frozenset(
    "stop stopped start started keep keeps kept quit by of for without avoid is are was were be "
    "been like likes love hate enjoy enjoys finish".split()
)
PEOPLE = lists.words("parts.people")
# Verbs that are hardly anything else, to see whether a clause has one already.
VERBS = lists.words("parts.verbs")
PAST = lists.words("parts.past")
_NOUN_TO = lists.words("parts.noun_to")
_ADJECTIVE_ENDS = (
    "al",
    "ous",
    "ive",
    "ful",
    "less",
    "able",
    "ible",
    "ic",
    "ish",
    "ary",
    "ant",
    "ent",
    "ern",
    "est",
)
ADJECTIVES = lists.words("parts.adjectives")
_NOT_ADJECTIVES = lists.words("parts.not_adjectives")
# Of these, those that do something: "The agent objects.", but "two journal abstracts".
AGENTS = lists.words("parts.agents")
_THINGS = _NOT_ADJECTIVES - AGENTS
# Behind these another clause may begin.
_SAYING = frozenset(
    "say says said think thinks thought believe believes believed hope hopes hoped claim claims "
    "claimed know knows knew".split()
)
_NOT_PLURAL = ("ss", "us", "is", "'s")


def adverb(word: str) -> bool:
    """Whether a word says how or when, and may stand between a subject and its verb."""
    return (
        word in ADVERBS
        or word.endswith("ly")
        and len(word) > 4
        and word not in ("family", "only", "supply", "reply", "early", "italy", "july")
    )


def plural(word: str) -> bool:
    """Whether a noun looks like more than one."""
    return (
        word in PEOPLE
        or word.endswith("s")
        and len(word) > 3
        and not word.endswith(_NOT_PLURAL)
        and word not in DETERMINERS | BE | HAVE | MODALS | VERBS
        and not adverb(word)
        and word not in SINGULAR_SUBJECTS
    )


def adjective(word: str) -> bool:
    """Whether a word looks like an adjective."""
    if word in ADJECTIVES:
        return True
    return word.endswith(_ADJECTIVE_ENDS) and len(word) > 4 and word not in _NOT_ADJECTIVES


def clause(words: Sequence[str], final: Sequence[bool], place: int) -> tuple[int, int]:
    """First and last word of the clause a word is in: between marks and conjunctions."""
    start, end = place, place
    while start > 0 and not final[start - 1] and words[start - 1] not in BREAKS:
        start -= 1
    while not final[end] and end + 1 < len(words) and words[end + 1] not in BREAKS:
        end += 1
    return start, end


def _finite(words: Sequence[str], place: int) -> bool:
    word = words[place]
    before = words[place - 1] if place else ""
    if before in DETERMINERS and word not in BE | HAVE | MODALS:
        return False
    if before in PREPOSITIONS and (word not in BE | HAVE | MODALS or word == "may"):
        return False  # "in fall", "in May"
    return word in VERBS or word.endswith("ed") and len(word) > 4


def has_verb(words: Sequence[str], final: Sequence[bool], place: int) -> bool:
    """Whether the clause has a verb but for the word at a place."""
    start, end = clause(words, final, place)
    return any(_finite(words, i) for i in range(start, end + 1) if i != place)


@dataclass(frozen=True)
class _Around:
    """A word of a sentence with what tells its part of speech. near, second: the words before it,
    without adverbs; right: the word behind; objective: `right` may begin an object; skipped: an
    adverb stands before it; done: as in `part`."""

    words: Sequence[str]
    final: Sequence[bool]
    place: int
    near: str
    second: str
    right: str
    objective: bool
    skipped: bool
    done: Sequence[str]

    def has_verb(self) -> bool:
        """Whether its clause has another verb."""
        return has_verb(self.words, self.final, self.place)

    def asks(self) -> bool:
        """Whether an auxiliary begins its clause."""
        return _question(self.words, self.final, self.place)


def part(
    words: Sequence[str], final: Sequence[bool], place: int, form: str, done: Sequence[str]
) -> str:
    """ "noun" (or adjective) or "verb" for a word that can be both. form: "base" or "s"; done: the
    parts that words before it were found to be ("" for most)."""
    left = [] if place == 0 or final[place - 1] else [words[place - 1]]
    start = place
    while (
        left
        and start > 1
        and not final[start - 2]
        and adverb(left[0])
        and left[0] not in ("both", "either")
    ):
        start -= 1
        left = [words[start - 1]]
    if left and start > 1 and not final[start - 2]:
        left.append(words[start - 2])
    near, second = left[0] if left else "", left[1] if len(left) > 1 else ""
    right = "" if final[place] or place + 1 >= len(words) else words[place + 1]
    objective = (
        right in DETERMINERS or right in OBJECTS or right in ("that", "what", "how", "whether")
    )
    skipped = start != place or bool(near) and adverb(near)
    around = _Around(words, final, place, near, second, right, objective, skipped, done)
    if form == "s":
        return _with_s(around)
    return _by_left(around) or _by_clause(around)


def _question(words: Sequence[str], final: Sequence[bool], place: int) -> bool:
    """Whether an auxiliary begins the clause, so that a verb must follow its subject: "Will prices
    increase"."""
    start, _ = clause(words, final, place)
    if start < place and words[start] in ("why", "how", "what", "when", "where", "which", "who"):
        start += 1
    return (
        start < place - 1
        and words[start] in MODALS
        and words[start] != "let's"
        and not any(
            words[i] in VERBS and words[i - 1] not in DETERMINERS for i in range(start + 1, place)
        )
    )


_WOULD = frozenset("please i'd you'd we'd they'd he'd she'd not".split())
_GIVING = frozenset("gave give gives show showed offer offered send sent".split())
_MANY = frozenset("both many few several".split())
_SEEMING = frozenset("feel look remain seem become stay".split())
_NO_GENITIVES = frozenset("he's she's it's let's that's".split())


def _by_left(word: _Around) -> str:
    """The part of a base form by the words before it; "" where they do not tell."""
    near, second, right = word.near, word.second, word.right
    if near == "to":
        return "noun" if second in _NOUN_TO and right not in DETERMINERS | OBJECTS else "verb"
    if near in MODALS or near.endswith("'ll") or near in _WOULD:
        negated = near == "not" and second in FORMS_OF_BE
        done = near in ("do", "does", "did") and right in FORMS_OF_BE
        return "noun" if negated or done else "verb"
    if near in OBJECTS and second in KEEPS and not word.objective:
        return "noun"
    if near in SUBJECTS:
        return "verb"
    caused = near in ("her", "you") and second in CAUSES
    if near in ("it", "them", "him", "us", "me", "he", "she") or caused:
        given = near in ("them", "us", "me", "him") and second in _GIVING
        return "noun" if given else "verb"
    if near in ("let", "helps", "helped", "help"):
        return "verb" if word.objective or near != "help" or right else "noun"
    if word.skipped and near in ("never", "always", "often", "also", "just", "not") and not second:
        return "verb"
    if near in ("this", "these", "those") and word.second == "like" and _likened(word):
        return "verb"
    if near in DETERMINERS or near.endswith(("'s", "s'")) and near not in _NO_GENITIVES:
        counted = word.objective and near in _MANY | {"all", "most", "some"}
        # No noun of one stands behind "several".
        counted |= right in PREPOSITIONS and near in _MANY
        return "verb" if counted else "noun"
    return ""


def _likened(word: _Around) -> bool:
    """Whether a noun of many and its likeness stand before a word: "Plants like these produce
    oil", but neither "I like these produce bags" nor "Shops like these contest rules"."""
    earlier = word.place - 3
    if earlier < 0 or not plural(word.words[earlier]) or not word.right:
        return False
    return not word.has_verb()


def _by_clause(word: _Around) -> str:
    """The part of a base form by its clause, where the words before it do not tell."""
    near, right = word.near, word.right
    if right in BE - _SEEMING | HAVE | MODALS and near not in ("that", "which"):
        return "noun"
    possible = (word.objective or not adjective(near)) and near not in PREPOSITIONS
    if possible and word.asks():
        return "verb"
    if near in ("and", "or", "but", "then", ""):
        return _joined(word)
    if near == "that" and (not word.second or word.second in FORMS_OF_BE | VERBS):
        return "noun"  # "What is that object on the table?", "That record in the hall"
    if near in ("that", "which"):
        follows = right in PREPOSITIONS or right == "to" or adverb(right)
        return "verb" if word.objective or follows else "noun"
    if near in PREPOSITIONS or adjective(near) or near in BE:
        return "noun"
    if plural(near):
        if right in DETERMINERS | OBJECTS:
            return "verb"
        if word.second in _SAYING and right != "of" and (
            not right or right in PREPOSITIONS or right in BREAKS or adverb(right)
        ):
            return "verb"  # "He says muscles contract."
        return "noun" if word.has_verb() and not _disagrees(word) else "verb"
    # "Costs increase each year."
    opens = not word.second and near.endswith("s") and right in DETERMINERS | OBJECTS
    return "verb" if opens else "noun"


def _disagrees(word: _Around) -> bool:
    """Whether the word behind is the only other verb of the clause, and has no s that it would need
    behind a noun of one: "crews contest pay"."""
    start, end = clause(word.words, word.final, word.place)
    behind = word.place + 1
    if behind > end or word.right not in VERBS - PAST or word.right + "s" not in VERBS:
        return False
    others = (i for i in range(start, end + 1) if i not in (word.place, behind))
    return not any(_finite(word.words, i) for i in others)


def _joined(word: _Around) -> str:
    """At the start of a clause, or behind a conjunction."""
    words, place, near, right = word.words, word.place, word.near, word.right
    if word.objective:
        return "verb"
    before = place - (2 if near else 1)
    if near and before >= 0 and word.done[before]:
        return word.done[before]
    if near in ("and", "or", "then", "but") and before >= 0:
        earlier = words[max(0, place - 8) : place - 1]
        if any(w in MODALS or w in ("to", "please") for w in earlier) and right not in PREPOSITIONS:
            return "verb" if not has_noun_phrase(words, before) else "noun"
        return "noun"
    if not right:
        return "noun"
    if right in PREPOSITIONS or right in BE | HAVE | MODALS | VERBS | PAST:
        return "noun"
    _, end = clause(words, word.final, place)
    first = place + 1
    if right.endswith("ed") and first < end and words[first + 1] not in PREPOSITIONS:
        first += 1  # "use fixed seeds"
    finite = (_finite(words, i) and words[i - 1] != "to" for i in range(first, end + 1))
    return "noun" if any(finite) else "verb"


def has_noun_phrase(words: Sequence[str], place: int) -> bool:
    """Whether the word at a place ends a noun phrase ("the song and")."""
    return any(w in DETERMINERS or w in PREPOSITIONS for w in words[max(0, place - 1) : place])


def _only_verb(word: _Around) -> bool:
    """Whether a clause would have no verb without a word behind a thing: "The plant produces
    steel"."""
    if word.near not in _THINGS or not word.right or word.right in PREPOSITIONS | BREAKS:
        return False
    start, end = clause(word.words, word.final, word.place)
    if end > word.place + 1:
        return False  # "the hospital records show it"
    opened = word.place - start == 2 and word.words[start] in ARTICLES | POSSESSIVES
    return opened and not word.has_verb()


# Behind these a word with an s is a verb.
_BEFORE_DOES = frozenset(
    "he she it who which that everyone everybody nobody someone somebody anyone "
    "this each every a an another one everything nothing something".split()
)


def _with_s(word: _Around) -> str:
    near, right = word.near, word.right
    if near == "that" and word.second in _SAYING and not word.objective and word.has_verb():
        return "noun"  # "I know that objects in space move."
    if near in _BEFORE_DOES:
        return "verb"
    often = ("never", "always", "often", "also", "usually", "rarely", "sometimes")
    if word.skipped and near in often:
        return "verb"
    if near in DETERMINERS or near in PREPOSITIONS or near.endswith(("'s", "s'")):
        return "noun"
    if right in FORMS_OF_BE | HAVE | MODALS | VERBS:
        return "noun"
    if near in ("", "and", "or", "but", "then"):
        before = word.place - (2 if near else 1)
        if word.objective and (near or not word.final[word.place]):
            return "verb"
        return (word.done[before] or "noun") if near and before >= 0 else "noun"
    if near in VERBS or near in BE or _described(word):
        return "noun"
    if plural(near) or near.endswith("ing") and word.second in _DOING:
        return "noun"
    if right in DETERMINERS | OBJECTS or right == "that":
        return "verb"
    return "noun" if word.has_verb() or word.asks() else "verb"


def _described(word: _Around) -> bool:
    """Whether what stands before a word with an s describes it: "two journal abstracts"."""
    if not (adjective(word.near) or word.near in _THINGS):
        return False
    lacking = word.objective and not word.has_verb()
    return not lacking and not _only_verb(word)
