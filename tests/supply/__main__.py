"""`python -m tests.supply`: writes deploy/DEPENDENCIES.md and deploy/sbom/ anew."""

from tests.supply import everything

for path, text in everything().items():
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    print(path.name)
