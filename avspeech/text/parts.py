"""Parts of speech of words that are stressed by them: noun or verb, and whether a tense is past. Rules on the words
around; right for some nine of ten."""

from __future__ import annotations

from collections.abc import Sequence

ARTICLES = frozenset("a an the".split())
POSSESSIVES = frozenset("my your his her its our their whose".split())
DETERMINERS = ARTICLES | POSSESSIVES | frozenset(
    "this these those each every some any no another both all several many few fewer much more most other such enough "
    "one two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty hundred thousand million "
    "first second third fourth fifth last next various numerous certain countless dozen half either neither least".split())
OBJECTS = frozenset("it them him us me her you myself yourself himself herself itself ourselves themselves everything "
                    "anything something nothing everyone anyone someone nobody".split())
BE = frozenset("am is are was were be been being isn't aren't wasn't weren't i'm you're we're they're he's she's it's "
               "that's there's who's what's feel feels felt seem seems seemed look looks looked remain remains "
               "remained become becomes became stay stayed".split())
_BE = frozenset("am is are was were be been being isn't aren't wasn't weren't i'm you're we're they're".split())
HAVE = frozenset("have has had having i've you've we've they've haven't hasn't hadn't who've would've could've "
                 "should've might've must've".split())
MODALS = frozenset("will would can could shall should may might must do does did don't doesn't didn't won't wouldn't "
                   "can't couldn't shouldn't cannot let's gonna wanna mustn't needn't shan't".split())
SUBJECTS = frozenset("i you we they who".split())
SINGULAR_SUBJECTS = frozenset("he she it who which that this everyone everybody nobody someone somebody anyone anybody "
                              "nothing everything something one".split())
PREPOSITIONS = frozenset("of in for with on by at from about under over without through during against among around "
                         "between into like after before until near behind beyond despite via per toward towards "
                         "upon within above below across along beneath beside besides except outside inside onto".split())
ADVERBS = frozenset("not never always often sometimes also just still even only then soon now again usually really rarely "
                    "seldom ever already hardly almost further together thus therefore however instead both either "
                    "simply daily twice once well best".split())
BREAKS = frozenset("and or but because if when while that which who whom where as since although though unless so than "
                   "until whether before after".split())
CAUSES = frozenset("let lets made make makes making have had help helps helped helping see saw watch watched hear heard "
                   "watching bid".split())
PEOPLE = frozenset("people children men women police cattle fish sheep mice geese feet teeth data media folks".split())
# Verbs that are hardly anything else, to see whether a clause has one already.
VERBS = frozenset("""
say says said go goes went get gets got make makes made take takes took give gives gave come comes came see sees saw know
knows knew think thinks thought find finds found tell tells told become becomes became begin begins began keep keeps kept
hold holds held bring brings brought write writes wrote stand stands stood hear hears heard let lets met meets pay pays
paid sit sits sat speak speaks spoke lie lies lay lead led grow grows grew lose loses lost fall falls fell send sends sent
build builds built understand understands understood draw draws drew broke breaks spend spends spent win wins won buy buys
bought wear wears wore choose chooses chose eat eats ate sell sells sold drive drives drove fly flies flew throw throws
threw catch catches caught teach teaches taught rose rises ran runs want wants need needs seem seems feel feels felt ask
asks include includes provide provides require requires allow allows appear appears remain remains believe believes agree
agrees decide decides happen happens live lives belong belongs contain contains describe describes explain explains expect
expects fill fills follow follows improve improves learn learns read reads receive receives reduce reduces remember
remembers serve serves suggest suggests support try tries turn turns used wait waits hit hits hurt hurts shook took sank
sang began swam flew rang woke tore wound dove fled slept swept wept crept shot shut cut put set quit slid hid fought
sought cost costs left play plays plays helps help became won't is are was were am be been has have had do does did will
would can could shall should may might must isn't aren't wasn't weren't don't doesn't didn't can't couldn't won't
""".split())
_PAST = frozenset("""
said went got made took gave came saw knew thought found told became began kept held brought wrote stood heard met paid
sat spoke led grew lost fell sent built understood drew broke spent won bought wore chose ate sold drove flew threw caught
taught rose ran was were did had felt shook sank sang swam rang woke tore fled slept swept wept crept shot fought sought
left couldn't didn't wasn't weren't lay
""".split())
_PAST_SIGNS = frozenset("yesterday ago".split())
_TIMES = frozenset("night week month year summer winter spring fall time monday tuesday wednesday thursday friday saturday "
                   "sunday january evening".split())
_NOUN_TO = frozenset("according due thanks response subject subjects objection objections addition contrast regard access "
                     "key attention similar related compared opposed listen listened leads led listening close next "
                     "damage limits changes approach guide answer solution introduction".split())
_ADJECTIVE_ENDS = ("al", "ous", "ive", "ful", "less", "able", "ible", "ic", "ish", "ary", "ant", "ent", "ern", "est")
ADJECTIVES = frozenset("""
new old good bad big small long short high low great large little own important young public private early late strong weak
hot cold warm cool dark light bright fresh free full empty heavy hard soft fast slow rich poor real true false right wrong
whole main major minor clear simple single double best better worse worst safe sure ready happy sad red blue green black white
brown gray yellow pink gold golden dead deep wide thin thick loud quiet nice fine fair huge tiny only same different open
close live separate perfect present double triple daily weekly monthly annual local foreign modern ancient recent rare
common special final total raw rough secret smart strange sweet tall top total tough unusual urgent vast wild written
broken hidden proposed signed
""".split())
_NOT_PLURAL = ("ss", "us", "is", "'s")


def adverb(word: str) -> bool:
    """Whether a word says how or when, and may stand between a subject and its verb."""
    return word in ADVERBS or word.endswith("ly") and len(word) > 4 and word not in ("family", "only", "supply", "reply",
                                                                                      "early", "italy", "july")


def plural(word: str) -> bool:
    """Whether a noun looks like more than one."""
    return word in PEOPLE or word.endswith("s") and len(word) > 3 and not word.endswith(_NOT_PLURAL) and \
        word not in DETERMINERS | BE | HAVE | MODALS | VERBS and not adverb(word) and word not in SINGULAR_SUBJECTS


def _adjective(word: str) -> bool:
    return word in ADJECTIVES or word.endswith(_ADJECTIVE_ENDS) and len(word) > 4


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
    return word in VERBS or word.endswith("ed") and len(word) > 4


def has_verb(words: Sequence[str], final: Sequence[bool], place: int) -> bool:
    """Whether the clause has a verb but for the word at a place."""
    start, end = clause(words, final, place)
    return any(_finite(words, i) for i in range(start, end + 1) if i != place)


def is_past(words: Sequence[str], final: Sequence[bool], place: int) -> bool:
    """Whether "read", "wound" or the like is in the past, or a participle."""
    start = place
    while start > 0 and not final[start - 1] and words[start - 1] not in ("and", "but", "because", "that", "when", "while"):
        start -= 1
    left = [w for w in reversed(words[start: place]) if not adverb(w)]
    if not left:
        before = words[max(0, place - 12): place]
        if place and words[place - 1] in ("and", "but"):
            return any(_past(w) for w in before) and not any(w in MODALS or w == "to" for w in before)
        return False
    near = left[0]
    if near in ("to", "please") or near in MODALS and near not in ("did",) or near.endswith(("'ll", "n't")) and near not in (
            "haven't", "hasn't", "hadn't", "isn't", "wasn't", "aren't", "weren't"):
        return False
    if near in HAVE or near in _BE or near in ("get", "gets", "got", "well", "widely") or near.endswith("'ve"):
        return True
    if near.endswith("'d"):
        return True
    if near.endswith("'s") and near[:-2] in ("he", "she", "it", "who", "that"):
        return True
    if any(w in MODALS or w.endswith("n't") and w not in HAVE for w in left):
        return False
    if any(w in HAVE or w in ("was", "were") for w in left[:3]) and near not in SUBJECTS | {"to", "who"} and near in OBJECTS | {"not"}:
        return True
    if any(w in HAVE for w in left) and near in SINGULAR_SUBJECTS | SUBJECTS and left[-1] in HAVE:
        return True
    if near in ("let", "lets", "made", "make", "help", "helps", "hear", "heard", "him", "me", "us", "them") or len(left) > 1 and \
            left[1] in CAUSES and near in OBJECTS:
        return False
    if near in ("he", "she", "it") or near in ("everyone", "everybody", "someone", "nobody", "somebody"):
        return True
    sentence = list(words)
    around = sentence[max(0, place - 14): place] + sentence[place + 1: place + 15]
    signs = any(w in _PAST_SIGNS for w in around) or any(
        a in ("last", "this") and b in _TIMES and not (a == "this" and b != "morning") or (a, b) == ("this", "morning")
        for a, b in zip(around, around[1:])) or "once" in around
    if near in SUBJECTS or plural(near):
        habit = any(w in ("every", "always", "usually", "often", "sometimes", "daily", "can", "will") for w in around)
        return signs or not habit and any(_past(w) for w in around)
    if near in PREPOSITIONS or near in ARTICLES or near in POSSESSIVES:
        return False
    return near not in ("and", "or") and not _adjective(near)


def _past(word: str) -> bool:
    return word in _PAST or word.endswith("ed") and len(word) > 4 and word not in ("need", "indeed", "hundred", "speed", "exceed")


def part(words: Sequence[str], final: Sequence[bool], place: int, form: str, done: Sequence[str]) -> str:
    """"noun" (or adjective) or "verb" for a word that can be both. form: "base" or "s"; done: the parts that
    words before it were found to be ("" for most)."""
    left = [] if place == 0 or final[place - 1] else [words[place - 1]]
    start = place
    while left and start > 1 and not final[start - 2] and adverb(left[0]) and left[0] not in ("both", "either"):
        start -= 1
        left = [words[start - 1]]
    skipped = start != place
    if left and start > 1 and not final[start - 2]:
        left.append(words[start - 2])
    near, second = left[0] if left else "", left[1] if len(left) > 1 else ""
    if near and adverb(near):
        skipped = True
    right = "" if final[place] or place + 1 >= len(words) else words[place + 1]
    objective = right in DETERMINERS or right in OBJECTS or right in ("that", "what", "how", "whether")
    if form == "s":
        return _with_s(words, final, place, near, second, right, objective, skipped, done)
    return _base(words, final, place, near, second, right, objective, skipped, done)


def _question(words: Sequence[str], final: Sequence[bool], place: int) -> bool:
    """Whether an auxiliary begins the clause, so that a verb must follow its subject: "Will prices increase"."""
    start, _ = clause(words, final, place)
    if start < place and words[start] in ("why", "how", "what", "when", "where", "which", "who"):
        start += 1
    if start > 0 and words[start - 1] in ("when", "where", "while") and not final[start - 1]:
        pass
    return start < place - 1 and words[start] in MODALS and words[start] != "let's" and not any(
        words[i] in VERBS and words[i - 1] not in DETERMINERS for i in range(start + 1, place))


def _base(words: Sequence[str], final: Sequence[bool], place: int, near: str, second: str, right: str, objective: bool,
          skipped: bool, done: Sequence[str]) -> str:
    if near == "to":
        return "noun" if second in _NOUN_TO and right not in DETERMINERS | OBJECTS else "verb"
    if near in MODALS or near.endswith("'ll") or near in ("please", "i'd", "you'd", "we'd", "they'd", "he'd", "she'd", "not"):
        return "noun" if near == "not" and second in _BE or near in ("do", "does", "did") and right in _BE else "verb"
    if near in SUBJECTS:
        return "verb"
    if near in ("it", "them", "him", "us", "me") or near in ("her", "you") and second in CAUSES or near in ("he", "she"):
        return "noun" if near in ("them", "us", "me", "him") and second in ("gave", "give", "gives", "show", "showed", "offer",
                                                                            "offered", "send", "sent") else "verb"
    if near in ("let", "helps", "helped", "help"):
        return "verb" if objective or near != "help" or right else "noun"
    if skipped and near in ("never", "always", "often", "also", "just", "not") and not second:
        return "verb"
    if near in DETERMINERS or near.endswith(("'s", "s'")) and near not in ("he's", "she's", "it's", "let's", "that's"):
        return "verb" if near in DETERMINERS - ARTICLES - POSSESSIVES and objective and near in (
            "both", "all", "many", "most", "some", "few") else "noun"
    if right in BE - {"feel", "look", "remain", "seem", "become", "stay"} | HAVE | MODALS and near not in ("that", "which"):
        return "noun"
    if _question(words, final, place) and (objective or not _adjective(near)) and near not in PREPOSITIONS:
        return "verb"
    if near in ("and", "or", "but", "then", ""):
        return _joined(words, final, place, near, right, objective, done)
    if near in ("that", "which"):
        return "verb" if objective or right in PREPOSITIONS or right == "to" or adverb(right) else "noun"
    if near in PREPOSITIONS or _adjective(near) or near in BE:
        return "noun"
    if plural(near):
        if right in DETERMINERS | OBJECTS:
            return "verb"
        return "noun" if has_verb(words, final, place) else "verb"
    if near in CAUSES and second in ("to",):
        return "noun"
    return "noun"


def _joined(words: Sequence[str], final: Sequence[bool], place: int, near: str, right: str, objective: bool,
            done: Sequence[str]) -> str:
    """At the start of a clause, or behind a conjunction."""
    if objective:
        return "verb"
    before = place - (2 if near else 1)
    if near and before >= 0 and done[before]:
        return done[before]
    if near in ("and", "or", "then", "but") and before >= 0:
        earlier = words[max(0, place - 8): place - 1]
        if any(w in MODALS or w in ("to", "please") for w in earlier) and right not in PREPOSITIONS:
            return "verb" if not has_noun_phrase(words, before) else "noun"
        return "noun"
    if not right:
        return "noun"
    if right in PREPOSITIONS or right in BE | HAVE | MODALS | VERBS:
        return "noun"
    start, end = clause(words, final, place)
    return "noun" if any(_finite(words, i) for i in range(place + 1, end + 1)) else "verb"


def has_noun_phrase(words: Sequence[str], place: int) -> bool:
    """Whether the word at a place ends a noun phrase ("the song and")."""
    return any(w in DETERMINERS or w in PREPOSITIONS for w in words[max(0, place - 1): place])


def _with_s(words: Sequence[str], final: Sequence[bool], place: int, near: str, second: str, right: str, objective: bool,
            skipped: bool, done: Sequence[str]) -> str:
    if near in ("he", "she", "it", "who", "which", "that", "everyone", "everybody", "nobody", "someone", "somebody", "anyone"):
        return "verb"
    if near in ("this", "each", "every", "a", "an", "another", "one", "everything", "nothing", "something"):
        return "verb"
    if skipped and near in ("never", "always", "often", "also", "usually", "rarely", "sometimes"):
        return "verb"
    if near in DETERMINERS or near in PREPOSITIONS or near.endswith(("'s", "s'")):
        return "noun"
    if right in _BE | HAVE | MODALS | VERBS:
        return "noun"
    if near in ("", "and", "or", "but", "then"):
        before = place - (2 if near else 1)
        if objective and (near or not final[place]):
            return "verb"
        return (done[before] or "noun") if near and before >= 0 else "noun"
    if _adjective(near) and not (objective and not has_verb(words, final, place)) or near in VERBS or near in BE:
        return "noun"
    if plural(near):
        return "noun"
    if right in DETERMINERS | OBJECTS or right == "that":
        return "verb"
    if has_verb(words, final, place) or _question(words, final, place):
        return "noun"
    return "verb"
