"""From findings to a plan: merged, ordered, digested, held against limits."""
