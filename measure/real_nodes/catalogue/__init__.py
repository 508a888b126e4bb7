"""The catalogue of causes over three real nodes, judged by what a user runs."""
