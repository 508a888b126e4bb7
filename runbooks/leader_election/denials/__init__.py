"""Which votes are denied, by whom, and how well that is known: a module for each kind of reason."""
