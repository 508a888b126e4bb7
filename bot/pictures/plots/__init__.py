"""The plot of a query's series over time."""
