"""Measured results as one HTML file that needs no network.

Nothing is imported here, so that the package costs nothing until a report is rendered:
``nonlin.report.comparison.render`` turns a comparison into a page.
"""
