"""Queries of the simulated Salesforce: a grammar, metadata, and evaluation over rows.

Source: SOQL and SOSL Reference.
"""

from syncd.sandbox.salesforce.soql.query import Result, only_rest, run_query
from syncd.sandbox.salesforce.soql.source import Asking, Row, Source

__all__ = ["Asking", "Result", "Row", "Source", "only_rest", "run_query"]
