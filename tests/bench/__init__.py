"""Benchmarks that print. Every figure is a ratio within one run: machines differ, and drift."""
