"""A question that asks a reporter who they are is found by its words, and no other question is."""

import pytest

from intake.forms.asking import asks_for
from intake.forms.form import shipped


@pytest.mark.parametrize(
    ("label", "what"),
    [
        ("Name", "a name"),
        ("1. Name:", "a name"),
        ("What is your full name?", "a name"),
        ("Patient's name", "a name"),
        ("Name of the respondent", "a name"),
        ("Nombre completo", "a name"),
        ("¿Cómo se llama usted?", "a name"),
        ("Nombre de la persona entrevistada", "a name"),
        ("Apellidos", "a name"),
        ("Phone number", "a phone number"),
        ("Your phone, so that we can call back", "a phone number"),
        ("WhatsApp", "a phone number"),
        ("Número de teléfono", "a phone number"),
        ("Celular:", "a phone number"),
        ("Home address", "an address"),
        ("Where do you live?", "an address"),
        ("ZIP code", "an address"),
        ("¿Dónde vive usted?", "an address"),
        ("Domicilio", "an address"),
        ("Date of birth", "a birth date"),
        ("When were you born?", "a birth date"),
        ("Fecha de nacimiento", "a birth date"),
        ("E-mail", "an e-mail address"),
        ("Correo electrónico", "an e-mail address"),
        ("Age", "an exact age"),
        ("¿Cuántos años tiene?", "an exact age"),
        ("Passport number", "an identity number"),
        ("Número de expediente", "an identity number"),
    ],
)
def test_a_label_that_asks_who_somebody_is_is_found(label: str, what: str) -> None:
    assert asks_for(label) == what


@pytest.mark.parametrize(
    "label",
    [
        "What was the name of the clinic?",
        "Badge number, car number, or name of the officer, if you know",
        "Leave out names, exact ages, and things that could point to you.",
        "Do not write your name or your phone number.",
        "No escriba su nombre ni su dirección.",
        "How many pages did they address?",
        "Which direction did they come from?",
        "Did they take your medicine?",
        "What did they say?",
        "¿Qué nombre tiene la clínica?",
        "¿En qué dirección se fueron?",
        "Did they call you names?",
    ],
)
def test_a_label_that_asks_about_the_event_is_left_alone(label: str) -> None:
    assert asks_for(label) is None


def test_no_question_that_ships_asks_who_somebody_is() -> None:
    for question in shipped("report").questions:
        if question.kind in ("text", "long_text", "integer", "month"):
            for text in (*question.label.values(), *question.hint.values()):
                assert asks_for(text) is None, text
