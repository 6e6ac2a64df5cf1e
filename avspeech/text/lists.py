"""What the rules look up: the tables of `tables/`, and short lists of words."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent / "tables"


def rows(name: str, columns: int) -> list[list[str]]:
    """The rows of a table in the package, each of so many columns; lines that begin with "# " are remarks."""
    found = []
    for line in (FOLDER / name).read_text(encoding="utf-8").split("\n"):
        if line and not line.startswith("# "):
            cells = line.split("\t")
            found.append([*cells, *[""] * (columns - len(cells))])
    return found


MONTH_NAMES = ("january february march april may june july august september october november december").split()
MONTHS = {**{m.title(): m for m in MONTH_NAMES}, **{m[:3].title(): m for m in MONTH_NAMES}, "Sept": "september"}

# Sign or code: (one, many, one of the small coin, many).
MONEY = {row[0]: (row[1], row[2], row[3], row[4]) for row in rows("money.tsv", 5)}
SIZES = {"k": "thousand", "m": "million", "mn": "million", "mm": "million", "b": "billion", "bn": "billion",
         "t": "trillion", "tn": "trillion", "thousand": "thousand", "million": "million", "billion": "billion",
         "trillion": "trillion"}
# Said as two numbers wherever they stand.
PAIRS = frozenset({"24/7", "50/50", "9/11", "20/20", "7/11", "60/40", "80/20"})
FRACTIONS = {"½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅕": (1, 5), "⅖": (2, 5),
             "⅗": (3, 5), "⅘": (4, 5), "⅙": (1, 6), "⅚": (5, 6), "⅐": (1, 7), "⅛": (1, 8), "⅜": (3, 8),
             "⅝": (5, 8), "⅞": (7, 8), "⅑": (1, 9), "⅒": (1, 10)}
SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ⁿ", "0123456789-+n")
SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")

# {abbreviation: (words, kinds)}
ABBREVIATIONS = {row[0]: (row[1].split(), frozenset(row[2].split())) for row in rows("abbreviations.tsv", 3)}
BARE = frozenset(name for name, (_, kinds) in ABBREVIATIONS.items() if "bare" in kinds)
DOTTED = {row[0]: row[1].split() for row in rows("dotted.tsv", 2)}
WRITTEN = {row[0]: row[1].split() for row in rows("written.tsv", 2)}
STATES = frozenset("AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM "
                   "NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY PR".split())

# Words that begin a sentence behind "U.S." or "etc.", rather than going on with a name.
OPENERS = frozenset("The A An This That These Those It He She We They I You His Her Its Our Their My Your There Here "
                    "But And Or So Yet If When While As At In On By For From After Before Then Now What Who Why How "
                    "Where Which Is Are Was Were Do Does Did Have Has Had Can Could Will Would Not No Yes Some Many "
                    "Most Each Every All Both One Two Later Let Please Perhaps However Once Since Though".split())
# Before a Roman numeral that counts.
COUNTED = frozenset("chapter part volume vol book act scene section war type phase level class stage mark article "
                    "figure table appendix title apollo rocky bowl episode season fantasy gemini schedule page pages "
                    "factor group tier category unit canto psalm grade round lesson module step saturn lecture "
                    "amendment quest wars iteration generation gen mach system windows polaroid olympiad".split())
# Before one that tells kings and popes apart; any name is one behind a word of RANKS.
RULERS = frozenset("henry louis charles george edward william james richard elizabeth mary john paul pius benedict "
                   "gregory alexander nicholas peter catherine philip ferdinand francis frederick leo clement "
                   "innocent napoleon wilhelm harald olav christian margaret ramses xerxes darius philippe juan "
                   "carlos felipe alfonso isabella ivan boris urban boniface sixtus julius adrian celestine "
                   "constantine theodosius justinian cyrus artaxerxes ptolemy cleopatra seti thutmose amenhotep "
                   "rameses otto rudolf rudolph maximilian leopold joseph franz albert gustav gustaf karl baldwin "
                   "robert david stephen edmund ethelred sigismund casimir stanislaus umberto victor "
                   "emmanuel emanuel pedro manuel haakon michael selim suleiman mehmed murad abdul hassan faisal "
                   "abdullah hussein rama tiberius vladimir anne beatrix willem".split())
RANKS = frozenset("king queen pope emperor empress tsar czar tsarina kaiser pharaoh prince princess duke sultan shah "
                  "caliph patriarch antipope grand archduke".split())
AGES = frozenset("century dynasty olympiad congress corps legion army".split())

# Capitals said as a word, though they look like an abbreviation.
SAID = frozenset("nasa nato unesco unicef opec laser radar scuba aids pin ram rom sim asap nafta asean gif jpeg ascii "
                 "covid sars mers fifa swat moma darpa seato nascar epcot yaml json lan wan mime bios pac swift "
                 "fema osha nimby yolo fomo snafu radar sonar cobol basic fortran opec".split())
# Capitals that are spelled, though there is such a word. ("DO NOT" and "IT IS" are shouts: see `shouted`.)
SPELLED = frozenset("US IT AM PM ID PR HR UN EU UK TV CD PC AC DC AI IP OS UI MS MA BA MD VA PA SAT IRA ALS ATM "
                    "ER WHO HER CT IV MC DJ PE PS RE AP PT LA LED TEN FAT TOR ESP AMA ADD CAD CAM EST PST "
                    "CST MST EDT PDT GMT UTC DIY RV SUV LCD OLED APR".split()) - {"HER", "TEN", "FAT",
                                                                                                    "ADD", "TOR", "RE", "LA"}
SHORT_WORDS = frozenset("no so go on in is at to of or if me my we he be by do up an as oh ok hi us it am ha ah ow "
                        "ma pa yo".split())
# Of these even two letters in capitals beside another say that a line is shouted.
STRONG_SHORT = SHORT_WORDS - frozenset("or ok ha ma pa us it".split())
# Spoken digit by digit.
BY_DIGIT = frozenset({"911", "999", "112", "411", "007"})
CODES = frozenset("pin zip zipcode code passcode account acct card ssn serial password isbn routing code".split())

# Before a capital A that is the letter.
LETTERED = frozenset("vitamin plan grade type group team teams hepatitis an letter letters section part class option "
                     "answer exhibit point side list from the grades straight big capital room row gate appendix figure "
                     "schedule category size influenza model form unit block level building wing zone table variant "
                     "strain chapter column line platform terminal concourse triple minor key product company person "
                     "choice case step drug series note omega apartment ward hall deck stage".split())
# Behind a capital A that is the letter.
AFTER_LETTER = frozenset("is was and or has means equals stands to through versus vs in beats comes lies".split())

# What may stand behind "per", or behind a slash that is said so.
PERIODS = frozenset("second sec minute min hour hr day week month mo year yr mile kilometer meter gallon liter pound "
                    "kilogram gram night person head unit item capita acre hectare barrel ounce inch foot yard page share "
                    "game match session class visit user seat student child room call click watt ton dose night "
                    "s h d m kg lb km mi gal l oz ft".split())

SIGNS = {row[0]: (row[1].split(), row[2]) for row in rows("signs.tsv", 3)}
GREEK = frozenset(sign for sign in SIGNS if sign.isalpha())
SIGNS_IN_NAMES = {".": "dot", "-": "dash", "_": "underscore", "/": "slash", "@": "at", ":": "colon", "~": "tilde",
                  "?": "question mark", "=": "equals", "&": "and", "+": "plus", "#": "hash", "%": "percent",
                  "\\": "backslash"}
# Not said, and nothing is lost: ornaments of a text.
ORNAMENTS = frozenset("*_|^~`\\•·●○■□▪◦‣⁃†‡'-/¨'\"¡¿#")

TOP_LEVEL = frozenset("com org net edu gov mil int info biz io ai dev app uk de fr eu ca au jp cn ru br es nl ch se nz "
                      "fm ly gg xyz".split())
SUFFIXES = frozenset("txt pdf doc docx xls xlsx ppt pptx csv tsv json yaml yml xml html htm css js ts jsx tsx py rb rs "
                     "go java cpp cc hpp c h cs php sh bat exe dll so zip tar gz bz2 xz rar jpg jpeg png gif bmp svg "
                     "tiff webp mp3 mp4 wav flac ogg avi mov mkv md rst ini cfg conf toml log sql db iso img apk dmg "
                     "deb rpm ipynb pth onnx bin dat bak tmp lock net".split())
SUFFIX_WORDS = frozenset("doc docx zip tar gif jpeg jpg json yaml toml java bat bin log lock net conf wav".split())

FUNCTION = frozenset("of in on at by for from to into with without per and but or nor so yet if because than that "
                     "which who is are was were will would can could should has have had as".split())
# Behind a measure, these do not make it an adjective: "10 km long", "$5 each", "5 km is", "20 mg daily".
NOT_NOUNS = frozenset("""
a an the this that these those my your his her its our their some any each every all both either neither no not
of in on at by for from to into onto with without within about above across after against along among around as
before behind below beneath beside between beyond down during except inside like near off out outside over past per
since than through throughout till toward towards under until up upon via and or but nor so yet if because although
though while when where which who whom whose what why how i you he she it we they me him us them is are was were be
been being am has have had do does did will would can could shall should may might must cannot isn't wasn't aren't
tall high long wide deep thick old away apart north south east west each more less daily weekly monthly yearly
annually hourly nightly later earlier ago ahead back here there now then today yesterday tomorrow tonight only too
also again instead altogether total together overall early late fast slow better worse bigger smaller heavier lighter
longer shorter taller higher lower older younger cheaper faster slower further farther closer left right short
upstream downstream upstairs inland offshore online once twice free very just even still already never always often
usually soon apiece thereafter afterwards monday tuesday wednesday thursday friday saturday sunday
says said costs cost costed goes go went gets get got makes make made takes take took comes came come buys buy
bought sells sell sold pays pay paid lasts last gave give gives means mean meant needs needed seems seemed looks
looked became become becomes ran run runs rose rise rises fell falls fall dropped drops grew grows remains remained
remain went walk walked walks apply applies should equals equal plus minus times divided
wise lost won saved spent earned owed per-person deep afterward straight uphill downhill downtown
""".split())
DETERMINERS = frozenset("a an the this that my your his her its our their every each another one".split())
