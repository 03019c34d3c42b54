"""The targets, one a module."""
