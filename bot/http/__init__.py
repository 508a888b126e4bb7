"""HTTP clients: how they are made, and what their failures mean."""
