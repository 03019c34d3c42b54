import time
from itertools import pairwise

import pytest

from analysis.review.risks import ADDRESS, AGE, DATE, EMAIL, NAME, NUMBER, PHONE, URL, find_risks

FOUND = {
    PHONE: ["555-123-4567", "(555) 123 4567", "+34 612 345 678", "5551234567"],
    EMAIL: ["ana.b+x@mail.example.org", "joe (at) gmail", "luis arroba correo"],
    URL: ["https://example.org/a?b", "www.example.org", "t.me/abc", "@badcop99"],
    NUMBER: [
        "123-45-6789",
        "badge 4412",
        "case no. 22-CR-001",
        "placa núm. 12",
        "DNI 12345678Z",
        "ABC-1234",
        "98765",
    ],
    NAME: ["Luis", "María de la Cruz Pérez", "Officer Smith", "agente López", "Dr. O'Brien"],
    ADDRESS: [
        "123 West 4th Street",
        "12 Elm Ave.",
        "apt 4B",
        "Calle de la Luna 12",
        "corner of 5th and Main",
    ],
    DATE: ["May 5", "5 May", "5 de mayo", "2026-05-11", "5/11/26", "11.5.2026", "3:15 pm", "the 5th of May"],
    AGE: ["34 years old", "12-year-old", "34 años", "I am 34", "aged 19"],
}


@pytest.mark.parametrize(("kind", "words"), [(kind, words) for kind, all_ in FOUND.items() for words in all_])
def test_what_may_point_to_a_person_is_flagged_where_it_stands(kind: str, words: str) -> None:
    text = f"they saw that {words}, and left me."
    flags = [(flag.kind, text[flag.start : flag.end]) for flag in find_risks(text)]
    assert [(found, place) for found, place in flags if found == kind and place in words]


@pytest.mark.parametrize(
    "text",
    [
        "They took my bag and laughed. Two officers. It was cold. I said no.",
        "In May they may come 2 or 3 times a week, and I'm tired of it.",
        "Me pararon fuera de la clínica. Dije que no.",
        "THEY TOOK MY BAG",
        "it cost 1,200 dollars",
        "",
    ],
)
def test_ordinary_sentences_are_not_flagged(text: str) -> None:
    assert find_risks(text) == []


def test_flags_stand_in_order_and_none_is_inside_another() -> None:
    text = "Officer Smith of 12 Main Street wrote to smith@example.org on 5/11/26."
    flags = find_risks(text)
    assert [flag.kind for flag in flags] == [NAME, ADDRESS, EMAIL, DATE]
    assert all(one.end <= other.start for one, other in pairwise(flags))


@pytest.mark.parametrize(
    "piece", ["1", "1 ", "1-", "a.", "a1", "Ab ", "Ab", "12 a ", "calle ", "www.", "@a", "("]
)
def test_a_hostile_text_does_not_keep_a_reviewer_waiting(piece: str) -> None:
    start = time.perf_counter()
    find_risks(piece * (16_384 // len(piece)))
    assert time.perf_counter() - start < 2
