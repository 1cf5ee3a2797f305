"""A local Salesforce: REST API, SOQL, collections, over tables in memory."""
