"""Pictures for the thread: a pure layout first, then painted. Pillow is loaded only when one is drawn."""
