"""Diagnosis: measure a training, judge what was measured, say what would mend it."""

from nonlin.diagnosis.checking import check
from nonlin.diagnosis.finding import KINDS, SEVERITIES, Finding, Repair
from nonlin.diagnosis.result import Diagnosis
from nonlin.diagnosis.thresholds import Thresholds
from nonlin.diagnosis.watching import watch

__all__ = [
    "KINDS",
    "SEVERITIES",
    "Diagnosis",
    "Finding",
    "Repair",
    "Thresholds",
    "check",
    "watch",
]
