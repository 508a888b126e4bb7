"""A picture of a month of incidents."""
