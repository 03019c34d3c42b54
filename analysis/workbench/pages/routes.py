"""The addresses of our pages. Datasette's own stay as they are, behind the link "Data"."""

from analysis.workbench.pages import (
    alike,
    browse,
    data,
    download,
    forms,
    history,
    names,
    naming,
    one,
    overview,
    patterns,
    review,
    settling,
    threads,
)
from analysis.workbench.pages.view import Asked, Missing, View, form, page

# What Datasette tells of itself. Its other pages of this kind are for its makers: they carry scripts, and
# links to their own site.
_ITSELF = r"/-/(?!(?:actor|databases|metadata|plugins|settings|versions)(?:\.json)?$)"


def _absent(asked: Asked) -> tuple[str, dict[str, object]]:
    raise Missing


ROUTES: tuple[tuple[str, View], ...] = (
    (r"/$", page(overview.read)),
    (_ITSELF, page(_absent)),
    (r"/browse$", page(browse.read)),
    (r"/report/(?P<number>[1-9][0-9]{0,11})$", page(one.read)),
    (r"/patterns$", page(patterns.read_index)),
    (r"/patterns/places$", page(patterns.read_places)),
    (r"/patterns/together$", page(patterns.read_together)),
    (r"/patterns/time$", page(patterns.read_time)),
    (r"/patterns/alike$", page(alike.read)),
    (r"/patterns/alike/one$", page(alike.read_one)),
    (r"/patterns/words$", page(patterns.read_words)),
    (r"/data$", page(data.read)),
    (r"/data/export$", download.view),
    (r"/review$", page(review.read)),
    (r"/review/names$", page(names.read)),
    (r"/review/names/one$", page(names.read_one)),
    (r"/review/names/decide$", form(naming.decide)),
    (r"/review/alike$", form(settling.decide)),
    (r"/review/followups$", page(threads.read_followups)),
    (r"/review/followups/(?P<number>[1-9][0-9]{0,11})$", form(threads.mark_read)),
    (r"/review/messages$", page(threads.read_messages)),
    (r"/review/reply$", form(threads.reply)),
    (r"/review/log$", page(history.read)),
    (r"/review/who$", form(forms.say_who)),
    (r"/review/decide$", form(forms.decide)),
    (r"/review/undo/(?P<number>[1-9][0-9]{0,11})$", form(forms.undo)),
    (r"/review/quote/(?P<number>[1-9][0-9]{0,11})$", form(forms.check_quote)),
    (r"/saved/add$", form(forms.save_question)),
    (r"/saved/(?P<number>[1-9][0-9]{0,11})/delete$", form(forms.forget_question)),
)
