"""What organizers print and hand out."""

# The sheets there are, and what typst calls them.
PAPERS = {"a4": "a4", "letter": "us-letter"}
