"""A vocabulary for invented notes: over 3,000 words in French and as many in Arabic, built from parts of words.

It is kept apart from every other generator of text in this project on purpose: what sync is measured with must not be
what its dictionaries were trained on.
"""

from __future__ import annotations

import itertools
import random
from functools import cache

SIZE = 3_400
_FRENCH = """
de la le et les des en du une un à dans pour que qui au sur par avec ne pas est plus il elle se son sa ses depuis jours
jour nuit matin soir semaine mois an ans sans ou mais très peu bien aussi après avant encore toujours parfois souvent
vient venue venu dit signale rapporte décrit présente consulte accompagnée accompagné mère père fils fille mari femme
enfant village maison travail champ eau repas sommeil marche escalier effort repos douleur gêne fatigue fièvre frissons
toux nez gorge oreille œil vue tête cou épaule bras coude main doigts dos ventre hanche genou jambe cheville pied peau
côté gauche droit droite haut bas devant derrière état général conservé bon moyen conscient calme pâle examen retrouve
note abdomen souple sensible poumons libres cœur régulier bruits souffle absent pouls présent tension normale élevée
poids appétit diminué perdu repris conseil hydratation revoir contrôle dans cas aggravation traitement pris arrêté bien
toléré mal oublié dose comprimé sirop pommade pansement propre plaie fermée saine rouge chaude gonflée froide sèche
aucun aucune signe alerte antécédent notable famille tabac sucre sel huile pain lait thé
""".split()
_ARABIC = """
في من على مع إلى عن بعد قبل منذ كل يوم أيام ليلة صباح مساء أسبوع شهر سنة سنوات لا لم ولا أو ثم لكن جدا قليلا أحيانا
دائما جاء جاءت قال قالت يشكو تشكو يحس تحس أم أب ابن بنت زوج زوجة طفل دوار بيت عمل حقل ماء أكل نوم مشي درج جهد راحة ألم
تعب حمى رعشة سعال أنف حلق أذن عين نظر رأس رقبة كتف ذراع مرفق يد أصابع ظهر بطن ورك ركبة ساق كاحل قدم جلد جهة يسار يمين
أعلى أسفل أمام خلف حالة عامة جيدة متوسطة واع هادئ شاحب فحص وجد لين مؤلم رئتان صافيتان قلب منتظم صوت نبض ضغط عادي مرتفع
وزن شهية ناقصة نصيحة شرب مراقبة عند تفاقم دواء أخذ توقف جرعة قرص شراب مرهم ضماد نظيف جرح مغلق سليم أحمر ساخن منتفخ بارد
جاف بدون علامة خطر سوابق عائلة تدخين سكر ملح زيت خبز حليب شاي هذا هذه الذي التي كان كانت يكون غير بين حتى عندما كما
""".split()
_BEFORE = "hypo hyper péri endo poly oligo tachy brady dys para macro micro".split()
_ROOTS = """
cardi gastr neur derm céphal arthr hépat néphr pneum ophtalm ot rhin laryng trach bronch œsophag col rect cyst pyél
métr salping mast thyroïd spondyl tendin myos fibr lymph phléb artér vascul hém leuc splén ost chondr périton
""".split()
_AFTER = "ite ites algie algies ose oses ome omes ique iques pathie opathie ien ienne al aux ée ées".split()
_VERBS = """
mesur palp auscult observ surveill nettoy pans soulag calm irradi brûl gratt gonfl dégonfl respir mang dorm tousse crach
vomiss tombe soulev port pouss tir march mont descend travers arriv repart expliqu rassur conseill propos
prescri renouvel
""".split()
_ENDINGS = "er e ent é ée és ées ait aient ant era eront ons ez".split()
_STEMS = """
chant cour lav chauff cass coup coll cou boul band bord brod cadr calcul camp chass clou coff corn cout craqu crist dent
dor drap drain droit fil flam flott forc form foul fourn fram frott fum gard glac goutt grain graiss grav gris jard jaun
jet jeun laiss lam larg latt levr lim lin lit long lour lun lut manch mar masqu mass men mesur mix mod moll mont mord
morv mouch moul nag neig noir not nuqu ombr ond ongl ouvr pal pann pass patt paum pein pench perl pes piqu plac plat
pli plomb plum point pomp pos poudr press prun racl ram rap rass ray renvers rid roug roul sab sal saut sech serr sirop
sond sort soud souffl soup stri suc sueur tach taill tamis tann tapp tard tass tavel teint tend tiss toil tond torch
tors touch tourn tract tranch tremp tress tub vag vann vers vert vid vis voil vol
""".split()
_SHAPES = "e es eur eurs eux euse able age ages ement ure ures ette ant ante ation ations in ine".split()
_LETTERS = "بتثجحخدذرزسشصضطعغفقكلمنه"
_PATTERNS = (
    "{0}{1}{2}", "{0}ا{1}{2}", "م{0}{1}و{2}", "{0}{1}ي{2}", "{0}{1}ا{2}", "ت{0}{1}ي{2}", "است{0}{1}ا{2}",
    "ان{0}{1}ا{2}",
    "م{0}{1}{2}ة", "{0}{1}و{2}", "{0}{1}{2}ة", "ي{0}{1}{2}", "ت{0}{1}{2}", "{0}ا{1}{2}ة", "أ{0}{1}ا{2}", "م{0}ا{1}{2}",
    "ا{0}ت{1}ا{2}", "مت{0}{1}{2}", "{0}{1}{2}ات", "{0}{1}{2}ين",
)  # fmt: skip
_CLITICS = ("", "", "", "ال", "ال", "و", "بال", "لل")


@cache
def vocabulary(language: str) -> tuple[str, ...]:
    """The words of `fr` or `ar`, the most common first; always the same."""
    dice = random.Random(f"bench sync {language}")
    common, others = (_FRENCH, _french()) if language == "fr" else (_ARABIC, _arabic(dice))
    rare = sorted(set(others) - set(common))
    dice.shuffle(rare)
    return tuple(dict.fromkeys([*common, *rare]))[:SIZE]


def _french() -> list[str]:
    simple = [root + after for root, after in itertools.product(_ROOTS, _AFTER)]
    double = [before + word for before in _BEFORE for word in simple[::17]]
    plain = [stem + shape for stem, shape in itertools.product(_STEMS, _SHAPES)]
    verbs = [verb + ending for verb, ending in itertools.product(_VERBS, _ENDINGS)]
    return simple + double + plain[::2] + verbs


def _arabic(dice: random.Random) -> list[str]:
    roots = ["".join(dice.sample(_LETTERS, 3)) for _ in range(420)]
    return [dice.choice(_CLITICS) + pattern.format(*root) for root in roots for pattern in dice.sample(_PATTERNS, 11)]


@cache
def _weights(count: int) -> tuple[float, ...]:
    return tuple(itertools.accumulate(1 / rank for rank in range(1, count + 1)))


def note(language: str, least: int, most: int, dice: random.Random) -> str:
    """An invented note of between `least` and `most` characters, its words drawn by Zipf's law."""
    words = vocabulary(language)
    comma = "," if language == "fr" else "،"
    wanted, text = dice.randint(least, most), ""
    while len(text) < wanted:
        drawn = dice.choices(words, cum_weights=_weights(len(words)), k=dice.randint(5, 13))
        if dice.random() < 0.4:
            drawn.insert(dice.randrange(len(drawn)), str(dice.randint(2, 180)))
        if len(drawn) > 8:
            drawn[4] += comma
        sentence = " ".join(drawn)
        text += (" " if text else "") + sentence[0].upper() + sentence[1:] + "."
    return text[:wanted].rstrip(" .,،") + "."


def name(language: str, dice: random.Random) -> str:
    """An invented name."""
    if language == "ar":
        letters = dice.sample(_LETTERS, 3)
        return dice.choice(("{0}ا{1}{2}", "{0}{1}ي{2}", "{0}{1}{2}ة", "م{0}{1}{2}", "{0}{1}ا{2}ي")).format(*letters)
    parts = dice.choices(
        "ba ra mi lou sa dri ka ne tou za ha fe jo ya si ma lo che ou di".split(), k=dice.randint(2, 4)
    )
    return "".join(parts).capitalize()
