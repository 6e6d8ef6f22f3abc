"""Freshline keeps a fleet's dependencies current, from the look-up to the delivered change."""

__version__ = "0.1.0"
