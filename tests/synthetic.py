"""Synthetic reports for the demo and the benchmarks: skewed like real ones, and about nobody.

`answers_of` draws what a person might type and tick; the same seed draws the same.
"""

from collections.abc import Iterator
from random import Random

from intake.forms.form import Form, Question

# Enough words for a search to find something, in both languages; none of them names anybody.
SENTENCES = {
    "en": (
        "They stopped me outside the clinic and went through my bag.",
        "One of them took my naloxone and threw it in the bin.",
        "I said no to the search. They did it anyway.",
        "They told me to leave the park and said they would be back.",
        "My friend had called for help. They searched us before they helped him.",
        "They took the tent and everything in it while I was at the pharmacy.",
        "<b>They laughed</b> when I asked for their number & wrote nothing down.",
        "It was not the first time that week.",
    ),
    "es": (
        "Me pararon fuera de la clínica y me registraron la mochila.",
        "Uno de ellos tiró mis jeringas nuevas a la basura.",
        "Dije que no al registro. Lo hicieron igual.",
        "Nos echaron del parque y dijeron que volverían.",
    ),
}
SKIPPED = 0.15
TICKS = (1, 1, 1, 2, 2, 3, 4, 6)


def reports(form: Form, seed: int) -> Iterator[tuple[str, dict[str, list[str]]]]:
    """Endless reports: the language, and the raw fields of the form as a browser would send them."""
    random = Random(seed)
    while True:
        lang = "es" if random.random() < 0.3 else "en"
        yield lang, answers_of(form, random, lang)


def answers_of(form: Form, random: Random, lang: str) -> dict[str, list[str]]:
    """The raw fields of one report."""
    raw: dict[str, list[str]] = {}
    for question in form.asked:
        if question.required or random.random() > SKIPPED:
            raw |= _field(question, random, lang)
    # Most people write about the police here, and most let us count what they send.
    raw["setting"] = random.choices(("police", "health", "housing", "other_service"), (65, 18, 14, 3))
    raw["count"] = ["yes"] if random.random() < 0.95 else ["no"]
    return raw


def _field(question: Question, random: Random, lang: str) -> dict[str, list[str]]:
    codes = [choice.code for choice in question.choices]
    match question.kind:
        case "select_one":
            return {question.id: [_skewed(codes, random)]}
        case "select_multiple":
            return {question.id: [_skewed(codes, random) for _ in range(random.choice(TICKS))]}
        case "month":
            year, last = random.choice(((2025, 12), (2026, 10)))
            month = [str(random.randint(1, last))] if random.random() < 0.8 else []
            return {f"{question.id}.year": [str(year)], f"{question.id}.month": month}
        case "long_text":
            sentences = SENTENCES[lang]
            return {question.id: [" ".join(random.sample(sentences, random.randint(1, 3)))]}
        case "text":
            return {question.id: [random.choice(("central", "4th district", "bus station", "north"))]}
    return {question.id: [str(random.randint(0, 20))]}


def _skewed(codes: list[str], random: Random) -> str:
    """Early choices are common and late ones rare, so that some cells of a table come out small."""
    return codes[min(int(random.expovariate(3.2 / len(codes))), len(codes) - 1)]
