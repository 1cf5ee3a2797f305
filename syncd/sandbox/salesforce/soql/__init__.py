"""Queries of the simulated Salesforce: a grammar, metadata, and evaluation over rows.

Source: SOQL and SOSL Reference.
"""

from syncd.sandbox.salesforce.soql.query import Result, run_query
from syncd.sandbox.salesforce.soql.source import Asking, Row, Source

__all__ = ["Asking", "Result", "Row", "Source", "run_query"]
