"""One name for class labels that corpora spell differently: RAVDESS has "angry", EmoDB "anger", a
German table "Ärger".

Manifests and protocols keep the spelling of their corpus, so that results on one corpus stay
comparable with earlier ones. Wherever labels of two sources meet (training on one corpus and
testing on another, the classes of a model against a corpus), both sides are passed through
`canonical` first:

    canonical("angry") == canonical("Ärger") == "anger"

Names with different meanings stay separate: calm is not neutral, excitement is not happiness (a
protocol that joins them says so in its mapping), and "surprise (negative)" is not surprise.
"""

from __future__ import annotations

import functools
import math
import re
import unicodedata
from collections.abc import Iterable

# What programs write where there is nothing: pandas, R, SQL, SAS, str(None), JavaScript, Excel
NOTHING = frozenset({
    "", "nan", "-nan", "nat", "none", "null", "(null)", "<null>", "nil", "\\n", "na", "n/a", "<na>",
    "n.a.", "undefined", "?", ".", "#n/a", "#name?", "#ref!", "#value!", "#div/0!", "#num!",
    "#null!"})
# Names of no one speaker, as `plain` has them, with and without "speaker"
NOBODY = NOTHING - {"na"} | {
    "unknown", "unk", "<unk>", "not known", "unidentified", "unspecified", "not specified",
    "not available", "missing", "nobody", "no one", "anonymous", "anon", "various",
    "several", "multiple", "mixed", "other", "others", "-1", "-9", "-99", "-999", "tbd",
    "unbekannt", "verschiedene", "inconnu", "inconnue", "desconocido", "desconocida",
    "sconosciuto", "sconosciuta", "desconhecido", "desconhecida", "onbekend", "nieznany",
    "неизвестно", "неизвестный", "未知", "不明"}

# Name -> other spellings, in lower case, separated by "|". English first, then German, French,
# Spanish, Italian, Portuguese, Dutch, Polish, Chinese, Russian, Turkish, Japanese and Korean; at
# the end codes of IEMOCAP and TESS.
_SPELLINGS = {
    "anger": "angry|angered|ärger|aerger|wut|wütend|zorn|ärgerlich|colère"
             "|colere|en colère|ira|enojo|enfado|enojado|rabia|rabbia|raiva"
             "|woede|boos|boosheid|złość|gniew|愤怒|生气|гнев|злость|злой"
             "|öfke|kızgın|怒り|분노|화남|ang|fâché|enfadado|arrabbiato|zangado"
             "|kwaad|zły|рассержен|sinirli",
    "boredom": "bored|boring|langeweile|gelangweilt|ennui|aburrimiento|noia"
               "|tédio|verveling|nuda|无聊|скука|sıkıntı|退屈|지루함|aburrido"
               "|annoiato|entediado|verveeld|znudzony|znudzenie",
    "calm": "calmness|calmed|ruhig|ruhe|gelassenheit|calme|calma|kalm|spokój"
            "|平静|tranquilo|calmo|rustig|spokojny|спокойствие|спокойный",
    "contempt": "contemptuous|verachtung|mépris|mepris|desprecio|disprezzo"
                "|desprezo|minachting|pogarda|轻蔑",
    "disgust": "disgusted|ekel|angeekelt|dégoût|degout|asco|disgusto|nojo"
               "|walging|wstręt|厌恶|отвращение|iğrenme|嫌悪|혐오|dis|abscheu"
               "|repugnancia|disgustato|afkeer|afschuw|obrzydzenie",
    "excitement": "excited|aufregung|aufgeregt|excitation|excité|emoción"
                  "|eccitazione|opwinding|激动|兴奋|exc",
    "fear": "fearful|afraid|scared|anxiety|anxious|anxiety/fear|fear/anxiety"
            "|frightened|angst|furcht|ängstlich|peur|miedo|paura|medo|strach"
            "|害怕|恐惧|страх|korku|恐れ|恐怖|공포|두려움|fea|verängstigt"
            "|effrayé|apeuré|asustado|temor|spaventato|assustado|lęk"
            "|przestraszony|испуг",
    "frustration": "frustrated|frustriert|frustración|frustrazione"
                   "|frustração|frustratie|fru",
    "happiness": "happy|joy|joyful|joyous|freude|glücklich|freudig|froh|fröhlich|frohsinn|joie"
                 "|bonheur|heureux|alegría|alegria|felicidad|feliz|gioia"
                 "|felicità|felicidade|blijdschap|blij|radość|高兴"
                 "|快乐|开心|радость|счастье|mutlu|mutluluk|喜び|기쁨|행복|hap"
                 "|joyeux|contento|alegre|felice|allegria|vrolijk|gelukkig|geluk"
                 "|szczęście|szczęśliwy|wesoły|радостный|счастливый|neşe|neşeli"
                 "|嬉しい|楽しい|幸せ",
    "neutral": "neutrality|neutralität|neutre|neutralidad|neutro|neutrale"
               "|neutraal|neutralny|neutralność|中性|нейтрально|нейтральный"
               "|nötr|ニュートラル|중립|neu|neutralité|neutraliteit|нейтральность",
    "sadness": "sad|traurig|trauer|traurigkeit|tristesse|triste|tristeza"
               "|tristezza|verdriet|verdrietig|smutek|悲伤|难过|грусть|печаль"
               "|üzgün|üzüntü|悲しみ|슬픔|sorrow|sorrowful|droevig|smutny|грустный"
               "|печальный|悲しい",
    "surprise": "surprised|pleasant surprise|pleasant surprised|pleasantly surprised"
                "|überraschung|überrascht|étonnement|surpris|sorpresa"
                "|sorprendido|surpresa|verrassing|verrast|zaskoczenie"
                "|zdziwienie|惊讶|惊奇|удивление|şaşkınlık|驚き|놀람|sur|ps|étonné"
                "|sorpreso|surpreso|verbaasd|verbazing|zaskoczony|zdziwiony|şaşkın",
    "amusement": "amused", "confusion": "confused", "disappointment": "disappointed",
    "embarrassment": "embarrassed", "guilt": "guilty", "interest": "interested", "pride": "proud",
    "relief": "relieved", "shame": "ashamed", "sleepiness": "sleepy",
    "female": "f|woman|women|fem|feminine|female feminine|weiblich|frau|femme"
              "|féminin|mujer|femenino|femminile|donna|feminino|vrouw"
              "|vrouwelijk|kobieta|женский|kadın|女|女性|여성",
    "male": "m|man|men|masc|masculine|male masculine|männlich|mann|homme"
            "|masculin|hombre|masculino|maschile|uomo|mannelijk|mężczyzna"
            "|мужской|erkek|男|男性|남성",
}
_NAMES: dict[str, str] = {}
for _name, _others in _SPELLINGS.items():
    _NAMES |= dict.fromkeys((_name, *_others.split("|")), _name)
# Without accents, and as German is written where there are none (wuetend)
_LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
for _other, _name in list(_NAMES.items()):
    _bare = unicodedata.normalize("NFD", _other.translate({ord("ł"): "l", ord("ı"): "i"}))
    _bare = "".join(c for c in _bare if not "\u0300" <= c < "\u0370")
    for _word in (_bare, _other.translate(_LETTERS)):
        _NAMES.setdefault(unicodedata.normalize("NFC", _word), _name)


# Letters of Latin and Cyrillic that look alike, small ones; a word with both
_TO_LATIN = str.maketrans("аеорсухіј", "aeopcyxij")
_TO_CYRILLIC = str.maketrans("aeopcyxij", "аеорсухіј")
LATIN, CYRILLIC = re.compile(r"[a-zß-ɏ]+"), re.compile(r"[\u0400-\u04ff]+")
MIXED = re.compile(r"\b(?=[a-zß-ɏ]*[\u0400-\u04ff])(?=[\u0400-\u04ff]*[a-zß-ɏ])"
                   r"[a-zß-ɏ\u0400-\u04ff]+\b")
_MARKS = re.compile(r"""^[\s'"`“”„«»]+|[\s'"`“”„«»!,;:.]+$""")


def canonical(label: object) -> str:
    """The canonical name of a class label.

    Args:
        label: as a corpus or a model spells it. Case, outer blanks, "_" and "-" are ignored.

    Returns:
        The name in the table of this file. A label that is not in it is returned as `plain`, so
        that spellings that differ only in case, blanks or zeros of a number are equal.
    """
    name = plain(label)
    both = {_NAMES.get(part.strip()) for part in name.split("/")}  # "happiness/joy"
    return _NAMES.get(name) or (both.pop() if len(both) == 1 else None) or name


def plain(name: object) -> str:
    """A name in lower case, "_" and "-" as blanks, letters of other widths as usual ones, without
    quotes and marks at its ends, and with the letters of one alphabet (a keyboard that is switched
    to Cyrillic gives an "а" that looks like an "a"); a number as "1" for "01" and "1.0" (which
    pandas makes of a column in which a cell is empty), and with its sign, as -1 is not 1."""
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", str(name)).casefold())
    text = " ".join(text.split())
    text = text if text.isascii() else MIXED.sub(_of_one_alphabet, text)
    number = re.fullmatch(r"([+-]?)0*(\d+?)(?:[.,](\d*?)0*)?", text)
    if number:
        sign, whole, rest = number.groups()
        text = f"{whole}.{rest}" if rest else whole
        return f"-{text}" if sign == "-" and text != "0" else text
    bare = " ".join(_MARKS.sub("", text.replace("_", " ").replace("-", " ")).split())
    return bare if bare == text else plain(bare)


def _of_one_alphabet(word: re.Match[str]) -> str:
    """A word whose letters that look alike are those of the alphabet of its other ones, where that
    makes it one of one alphabet."""
    text = word.group()
    latin, cyrillic = text.translate(_TO_LATIN), text.translate(_TO_CYRILLIC)
    found = [other for pattern, other in ((LATIN, latin), (CYRILLIC, cyrillic))
             if pattern.fullmatch(other)]
    if len(found) == 2:  # either may be meant: that of most letters
        return cyrillic if 2 * len(LATIN.sub("", text)) > len(text) else latin
    return found[0] if found else text


def is_known(name: object) -> bool:
    """Whether a name is that of an emotion or a sex in the table of this file."""
    return canonical(name) in _SPELLINGS


def spells_nothing(text: object) -> bool:
    """Whether a text is blank, a dash or other marks alone, or is what programs write where there
    is nothing, such as "NaN", "None", "null" and "N/A". As a class it would be one more, of all
    that has no label. "-" is none: beside "+" it is a label.

    Args:
        text: a label or a name.
    """
    if not isinstance(text, str):
        return False
    bare = "".join(text.split()).casefold()
    return bare in NOTHING or bare != "-" and all(unicodedata.category(c)[0] == "P" for c in bare)


def is_nobody(name: object, others: Iterable[str] = ()) -> bool:
    """Whether a name is that of no one speaker: blank, "NaN", "unknown", "-1", "various". All that
    bear it are no person, who would be in training and test alike.

    "NA" is what R and pandas write for nothing, and initials: it is a name where all others are
    initials too, or none are given.

    Args:
        name: as it was read.
        others: names of the other speakers.
    """
    if not isinstance(name, str):
        return False
    text = name.strip().casefold()
    if text == "na":
        rest = {other.strip() for other in others} - {name.strip()}
        rest = {other for other in rest if other and not is_nobody(other)}
        return bool(rest) and not all(re.fullmatch("[A-Z]{2,3}", other) for other in rest)
    return _names_nobody(name)


@functools.lru_cache(maxsize=2**16)  # a manifest has each speaker many times
def _names_nobody(name: str) -> bool:
    text = name.strip().casefold()
    bare = " ".join(word for word in plain(name).split() if word not in _SPEAKING)
    return text in NOBODY or not text.strip("-–—") or (bare or text) in NOBODY


_SPEAKING = ("speaker", "speakers", "spk", "person", "voice", "sprecher", "id")


def one_person(name: str) -> str:
    """What spellings of one person's name have in common: "Ann Smith", "smith, ANN" and
    "ann_smith"; "S1", "s01" and "s_1"; "José" and "Jose".

    Args:
        name: of a speaker.
    """
    text = unicodedata.normalize("NFKD", plain(name))
    text = "".join(c for c in text if not unicodedata.combining(c))
    words = re.findall(r"[^\W\d]+|\d+", text)
    if any(word.isdigit() for word in words):
        words = [word.lstrip("0") or "0" if word.isdigit() else word for word in words]
    else:
        words.sort()
    return " ".join(words) or plain(name)


def missing(label: object) -> bool:
    """Whether a label is none: None, NaN, or a text that `spells_nothing`.

    Args:
        label: as it was read.
    """
    return (label is None or isinstance(label, float) and math.isnan(label)
            or spells_nothing(label))
