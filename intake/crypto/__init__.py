"""The wire format that the intake and the desk share.

Everything here writes, or reads what is public. No module of this package can open a
sealed report, so a seized or subverted server holds no code and no key that could.
FORMAT.md beside this file is the specification.
"""
