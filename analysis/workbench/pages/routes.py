"""The addresses of our pages. Datasette's own stay as they are, behind the link "Data"."""

from analysis.workbench.pages import browse, data, one, overview
from analysis.workbench.pages.view import View, page

ROUTES: tuple[tuple[str, View], ...] = (
    (r"/$", page(overview.read)),
    (r"/browse$", page(browse.read)),
    (r"/report/(?P<number>[1-9][0-9]{0,11})$", page(one.read)),
    (r"/data$", page(data.read)),
)
