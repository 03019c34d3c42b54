"""The ways in which a questionnaire, its answers or a report can be refused."""


class FormsError(Exception):
    """Base of every refusal in this package; never raised itself."""


class RefusedSource(FormsError):
    """The editable XLSForm, or a list that belongs to it, cannot be used.

    Each of `problems` is one line that names the file, the row and the rule; `hint` may say how to mend.
    """

    def __init__(self, *problems: str, hint: str | None = None) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
        self.hint = hint


class MalformedForm(FormsError):
    """The compiled form is not one that this package writes."""


class MalformedReport(FormsError):
    """The report is not one that this package writes; the message names the rule, never its words."""


class UnknownForm(MalformedReport):
    """The reader does not have the form, whose digest is `digest`."""

    def __init__(self, digest: str) -> None:
        super().__init__("the form is not known here")
        self.digest = digest


class InvalidAnswers(FormsError):
    """Some answers break the form's rules; `problems` maps each question's id to a rule's name.

    The names of rules: required, unknown_choice, too_many, too_long, bad_date, bad_number, constraint,
    and from `check` alone: not_canonical, missing, not_asked.
    """

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__(", ".join(f"{question}: {rule}" for question, rule in problems.items()))
        self.problems = problems
