"""The documentation's site: what is generated from the code, and where links to other files lead."""
