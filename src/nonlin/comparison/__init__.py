"""Comparing activations: tasks, training, statistics and the store."""

from nonlin.comparison.api import compare, open_results
from nonlin.comparison.results import Comparison, Row

__all__ = ["Comparison", "Row", "compare", "open_results"]
