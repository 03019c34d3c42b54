"""A question that asks a reporter who they are is found by its words, and no other question is."""

import pytest

from intake.forms.asking import asks_for, names_accused
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
        ("Your  name", "a name"),
        ("Your\u00a0name", "a name"),
        ("Your na\u200bme", "a name"),
        ("Your **name**", "a name"),
        ("<b>Name</b>", "a name"),
        ("Name (optional)", "a name"),
        ("Name, if you want", "a name"),
        ("Your name (it will not be published)", "a name"),
        ("Your name, which we do not publish", "a name"),
        ("If you do not mind, your name", "a name"),
        ("Your nickname", "a name"),
        ("What should we call you?", "a name"),
        ("Cual es su nombre", "a name"),
        ("Phone no.", "a phone number"),
        ("Numero de telefono", "a phone number"),
        ("How can we reach you?", "a way to reach them"),
        ("¿Cómo podemos comunicarnos con usted?", "a way to reach them"),
        ("Which address was it?", "an address"),
        ("What was the address?", "an address"),
        ("Direccion", "an address"),
        ("¿Donde se queda?", "an address"),
        ("GPS coordinates", "an address"),
        ("In what year were you born?", "a birth date"),
        ("Año de nacimiento", "a birth date"),
        ("The e-mail address to answer to", "an e-mail address"),
        ("Court case number", "an identity number"),
        ("The name of the officer, and your name", "a name"),
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
        "How did they address you?",
        "Did they address your complaint?",
        "What did they say when they addressed you?",
        "Officer's full name",
        "First name of the officer",
        "¿Nombre del agente, si lo sabe?",
        "Tell us what happened. Do not give your name, phone number, or address.",
        "What would you name this problem?",
        "Name one thing that would help.",
        "What did the letter in the mail say?",
        "When did the police first contact you?",
        "What happened to your phone?",
    ],
)
def test_a_label_that_asks_about_the_event_is_left_alone(label: str) -> None:
    assert asks_for(label) is None


@pytest.mark.parametrize(
    ("label", "accused"),
    [
        ("Badge number or name of the officer", True),
        ("The guard's name", True),
        ("Nombre del médico", True),
        ("Do not write the name of the nurse.", False),
        ("What was the name of the clinic?", False),
    ],
)
def test_a_label_that_asks_who_did_it_is_told_from_others(label: str, accused: bool) -> None:
    assert names_accused(label) is accused


def test_no_question_that_ships_asks_who_somebody_is() -> None:
    for question in shipped("report").questions:
        if question.kind in ("text", "long_text", "integer", "month"):
            for text in (*question.label.values(), *question.hint.values()):
                assert asks_for(text) is None, text
