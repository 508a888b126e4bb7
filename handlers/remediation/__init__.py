"""From a button to a finished run: propose, confirm, approve, run, stop."""
