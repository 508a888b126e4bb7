"""The worker: takes what is due and brings it forward."""
