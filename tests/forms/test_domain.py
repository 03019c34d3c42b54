"""What people in the field ask (DOMAIN.md, section 2): every question and code is on the form that ships.

The lists stand here a second time on purpose: ids and codes are permanent once reports hold them, and
what somebody drops from the form by mistake is named by a test.
"""

import re
from itertools import pairwise

import pytest

from intake.forms.form import Question, shipped

FORM = shipped("report")
# Number in the domain: (our id, kind, roles, codes). Local lists are told by what must stay in them.
ONE = "select_one"
MANY = "select_multiple"
DOMAIN: dict[str, tuple[str, str, str, str]] = {
    "C01": ("setting", ONE, "meas", "police health housing other_service"),
    "C02": ("role", ONE, "qi", "me saw_it helping_now told_to_me"),
    "C03": ("behalf_ok", ONE, "ops", "yes no cannot_ask"),
    "C04": ("when", "month", "qi", ""),
    "C05": ("daypart", ONE, "qi", "morning afternoon evening night"),
    "C06": ("repeat", ONE, "meas", "once few_times often still_happening"),
    "C07": ("area", ONE, "qi", "other elsewhere"),
    "C08": (
        "place_type",
        ONE,
        "qi",
        "street_public home vehicle encampment outside_service in_clinic_hospital pharmacy shelter custody"
        " court shop_work phone_online other",
    ),
    "C09": (
        "grounds",
        MANY,
        "sens",
        "drug_use on_treatment hiv_hep mental_health disability race_ethnicity migration_nationality language"
        " gender trans sexual_orientation pregnancy_children age religion sex_work homeless money_benefits"
        " record spoke_up other not_sure",
    ),
    "C10": ("shown", ONE, "meas", "said showed no not_sure"),
    "C11": (
        "harm",
        MANY,
        "sens",
        "none fear_upset injury needed_care missed_medicine withdrawal lost_supplies_money lost_treatment"
        " lost_home lost_work arrest_charge family_children status_told overdose avoid_services_now other",
    ),
    "C12": ("proof", MANY, "meas", "photo_video papers messages medical_note witnesses camera_nearby none"),
    "C13": (
        "told",
        MANY,
        "meas",
        "no_one the_place police_complaints health_body housing_rights_agency lawyer peer_group media other",
    ),
    "C14": ("result", ONE, "meas", "fixed partly sorry waiting nothing rejected made_worse"),
    "C15": (
        "why_not",
        MANY,
        "meas",
        "nothing_changes fear_payback fear_police fear_lose_care_home not_believed private_shame"
        " dont_know_how too_hard no_phone_id language migration_worry happens_always not_serious"
        " still_deciding other",
    ),
    "C16": (
        "want",
        MANY,
        "meas",
        "be_counted apology rule_change training held_to_account service_back money_things_back legal_help"
        " support nothing other",
    ),
    "C17": ("story", "long_text", "narr", ""),
    "D01": ("age", ONE, "qi", "under_18 18_24 25_34 35_44 45_54 55up"),
    "D02": ("gender", ONE, "qi", "woman man nonbinary other"),
    "D03": ("trans", ONE, "sens", "yes no"),
    "D04": ("ethnicity", MANY, "sens", "other"),
    "D05": (
        "housing_now",
        ONE,
        "qi",
        "own_rented with_others hotel_room shelter outside institution",
    ),
    "D06": (
        "groups",
        MANY,
        "sens",
        "uses_drugs used_before on_treatment hiv hepc sex_work lgbtq migrant disabled been_in_prison none",
    ),
    "D07": ("before", ONE, "ops", "no yes_other_event yes_same_event"),
    "K01": ("count", ONE, "ops", "yes no"),
    "K02": ("quote", ONE, "ops", "no theme_only yes_after_check"),
    "K03": ("keep", ONE, "ops", "delete_words_keep_ticks keep_12_months keep_for_legal"),
    "P01": (
        "agency_type",
        ONE,
        "act",
        "city county_sheriff state_national federal transit campus border_immigration prison_probation"
        " private_security not_sure",
    ),
    "P02": ("agency", ONE, "act", "other"),
    "P02 other": ("agency_other", "text", "act", ""),
    "P03": ("station", "text", "act", ""),
    "P04": ("marks", "text", "act", ""),
    "P05": ("officers", ONE, "qi", "1 2 3_5 6up"),
    "P06": ("id_shown", ONE, "meas", "yes asked_refused hidden did_not_ask plain_clothes"),
    "P07": (
        "contact",
        ONE,
        "meas",
        "stopped_walking stopped_vehicle camp_sweep raid_home overdose_call near_service i_called"
        " already_custody other",
    ),
    "P08": (
        "reason",
        MANY,
        "meas",
        "none looked_like_user matched_description traffic loiter_trespass drug_search warrant"
        " call_from_public other",
    ),
    "P10": ("consent_search", ONE, "meas", "not_asked said_no felt_no_choice said_yes"),
    "P11": (
        "outcome",
        ONE,
        "meas",
        "let_go warning ticket arrest_released charged hospital open_case",
    ),
    "P12": ("injury", ONE, "sens", "no minor needed_care serious"),
    "H01": (
        "service",
        ONE,
        "act",
        "methadone_clinic bupe_prescriber detox_rehab emergency hospital_ward doctor_clinic pharmacy"
        " needle_exchange hiv_hep_sexual mental_health maternity dental ambulance jail_health nursing_home"
        " other",
    ),
    "H02": ("facility", ONE, "act", "other"),
    "H02 other": ("facility_other", "text", "act", ""),
    "H03": (
        "staff",
        MANY,
        "act",
        "doctor nurse pharmacist counsellor front_desk security manager ambulance other_patient",
    ),
    "H04": (
        "came_for",
        ONE,
        "sens",
        "dose start_treatment refill pain wound_infection overdose pregnancy mental_health test supplies"
        " other",
    ),
    "H06": (
        "health_said",
        MANY,
        "meas",
        "drug_use on_moud behaviour missed_visit test_result cost_insurance full policy none other",
    ),
    "H07": ("care_after", ONE, "meas", "same_place_later other_place left_without still_without"),
    "H08": ("days_without", "integer", "meas", ""),
    "H09": ("told_rights", ONE, "meas", "yes no"),
    "H10": ("freq", ONE, "meas", "never rarely sometimes often always"),
    "L01": (
        "home",
        ONE,
        "qi",
        "private_rent room_hotel public_social supported_recovery shelter mobile_camp with_others looking"
        " other",
    ),
    "L02": (
        "who",
        MANY,
        "act",
        "owner manager_agent super_repair housing_office program_staff security neighbour screening_company"
        " police_with_them",
    ),
    "L03": ("landlord", ONE, "act", "other"),
    "L03 other": ("landlord_other", "text", "act", ""),
    "L04": ("size", ONE, "qi", "1_2 3_9 10_49 50up"),
    "L05": ("stage", ONE, "meas", "applying moving_in living_there told_to_leave after"),
    "L07": (
        "trigger",
        MANY,
        "meas",
        "asked_repairs complained joined_tenants overdose_911 visitor late_rent arrest found_supplies"
        " nothing not_sure",
    ),
    "L08": ("housing_said", MANY, "meas", "drug_use record rent noise_visitors rule sale_works none other"),
    "L09": ("notice", ONE, "meas", "written spoken none"),
    "L10": ("lease", ONE, "meas", "written spoken none"),
    "L11": (
        "housing_outcome",
        ONE,
        "meas",
        "still_there moved locked_out court_open evicted got_place no_place",
    ),
    "L12": ("now", ONE, "sens", "friends other_home shelter outside not_yet"),
}
# The acts by what findings roll them up to.
ACTS: dict[str, dict[str, str]] = {
    "acts": {
        "speech": "insult slur threat",
        "control": "move_on stop_no_reason kept_too_long driven_away_left",
        "search": "pat_down bag_phone strip body home_car",
        "took": "new_syringes used_syringes naloxone medicine money id_papers phone tent_things"
        " destroyed_things",
        "pressure": "accuse_false planted be_informant bribe force_statement",
        "force": "grab_push hit_kick weapon pointed_gun shot",
        "sexual": "comments touch favours",
        "custody": "arrest hold_no_charge no_medical no_lawyer_call",
        "other": "stop_filming_helping blocked_overdose_help watch_service told_health_status refused_help"
        " other",
    },
    "health_acts": {
        "health_access": "refused refused_on_moud refused_rx refused_supplies sent_away waited_longer"
        " police_security_called",
        "health_treatment": "dose_withheld dose_cut_taper takehome_refused takehome_removed"
        " removed_from_program pain_ignored pressured",
        "health_privacy": "talked_in_public told_others wrong_label_in_notes child_services_threat",
        "health_tests": "watched_urine test_no_consent punished_for_test",
        "health_respect": "rude insult gossip no_touch_extra_gloves not_listened",
        "health_rules": "fee id_demand hours search_bag",
        "health_accessibility": "no_interpreter no_disability_access",
        "health_harm": "threat restrained hit sexual",
        "health_complaint": "complaint_refused payback",
        "other": "other",
    },
    "housing_acts": {
        "housing_get": "refused said_gone worse_terms_deposit record_check benefits_refused ad",
        "housing_pressure": "threat force buyout repeat_visits_calls eviction_threat eviction_notice"
        " false_court_case immigration_threat police_called police_after_overdose",
        "housing_control": "entry_no_notice room_search visitors_banned curfew_sober_rule drug_test"
        " naloxone_syringes_banned",
        "housing_home": "lockout things_removed utilities_cut no_repairs lied_repairs unsafe_work",
        "housing_money": "rent_rise_payback illegal_fee deposit_kept",
        "housing_privacy": "told_others",
        "housing_disability": "change_refused",
        "sexual": "harass",
        "other": "other",
    },
}
# Ours, beyond the domain's: somebody else did it.
MORE = {"staff": {"other"}, "who": {"other"}}
LOCAL = {"agency", "facility", "landlord", "area", "ethnicity"}
ORDER = (
    "C01 C02 C03 P01 P02 P03 P04 P05 P06 P07 P08 P10 P11 P12 H01 H02 H03 H04 H06 H07 H08 H09 H10"
    " L01 L02 L03 L04 L05 L07 L08 L09 L10 L11 L12"
    " C04 C05 C06 C07 C08 C09 C10 C11 C12 C13 C14 C15 C16 C17 D01 D02 D03 D04 D05 D06 D07 K01 K02 K03"
)


@pytest.mark.parametrize("number", DOMAIN)
def test_each_question_of_the_domain_is_asked_with_all_its_codes(number: str) -> None:
    name, kind, role, codes = DOMAIN[number]
    question = FORM.question(name)
    assert (question.kind, question.role) == (kind, role)
    found, wanted = set(question.positions), set(codes.split())
    assert wanted <= found
    if name not in LOCAL:
        assert found - wanted <= {"not_sure"} | MORE.get(name, set()), "a code that the domain does not list"


@pytest.mark.parametrize("name", ACTS)
def test_each_act_of_the_domain_is_asked_under_its_rollup(name: str) -> None:
    found: dict[str, set[str]] = {}
    for choice in FORM.question(name).choices:
        found.setdefault(choice.rollup, set()).add(choice.code)
    assert found == {rollup: set(codes.split()) for rollup, codes in ACTS[name].items()}


def test_nothing_is_asked_that_the_domain_does_not_list() -> None:
    assert {one.id for one in FORM.asked} == {entry[0] for entry in DOMAIN.values()} | ACTS.keys()


def test_questions_stand_in_the_order_of_the_domain() -> None:
    places = [one.id for one in FORM.asked]
    order = [places.index(DOMAIN[number][0]) for number in ORDER.split()]
    assert all(before < after for before, after in pairwise(order))


def test_ethnic_groups_are_eight_at_most() -> None:
    assert len(FORM.question("ethnicity").choices) <= 8


def test_consent_to_quote_is_no_and_to_keep_is_the_least_unless_changed() -> None:
    assert FORM.question("quote").default == "no"
    assert FORM.question("keep").default == "delete_words_keep_ticks"
    assert FORM.question("count").default is None


def test_the_question_for_proof_says_not_to_send_it_here() -> None:
    assert "Do not send it here." in FORM.question("proof").hint["en"]


def _syllables(word: str) -> int:
    word = word.lower()
    count = len(re.findall(r"[aeiouy]+", word))
    silent = word.endswith("e") and not word.endswith(("le", "ee"))
    silent = silent or bool(re.search(r"[^aeiouydt]ed$", word))
    return max(count - silent, 1)


def grade(text: str) -> float:
    """The school grade by Flesch and Kincaid (1975): 0.39 words/sentence + 11.8 syllables/word - 15.59."""
    sentences = [one for one in re.split(r"[.!?]+", text) if one.strip()]
    words = re.findall(r"[A-Za-z']+", text)
    return 0.39 * len(words) / len(sentences) + 11.8 * sum(map(_syllables, words)) / len(words) - 15.59


def words(question: Question, language: str) -> str:
    texts = (question.label, question.hint, question.sensitive_note, question.constraint_message)
    return " ".join(text[language] for text in texts if text)


@pytest.mark.parametrize("question", FORM.questions, ids=lambda question: question.id)
def test_every_question_is_worded_for_grade_six_or_less(question: Question) -> None:
    assert grade(words(question, "en")) <= 6


@pytest.mark.parametrize("question", FORM.questions, ids=lambda question: question.id)
def test_no_question_blames_doubts_or_labels_who_reports(question: Question) -> None:
    said = [words(question, "en"), *(choice.label["en"] for choice in question.choices)]
    assert not re.search(
        r"\bwhy did you\b|alleg|\bvictim|\baddict|\babuser|\bclean\b", " ".join(said).lower()
    )
    spanish = [words(question, "es"), *(choice.label["es"] for choice in question.choices)]
    assert not re.search(r"por qué (?:usted )?(?:hizo|no hizo|fue)|presunt|víctima|adict", " ".join(spanish))


def test_spanish_asks_with_both_marks_and_speaks_to_a_stranger() -> None:
    for question in FORM.questions:
        for text in (question.label, question.hint, question.sensitive_note):
            spanish = text.get("es", "")
            assert spanish.count("¿") == spanish.count("?"), question.id
            assert not re.search(r"\b(?:tú|tu|tus|te|ti|contigo)\b", spanish.lower()), question.id
