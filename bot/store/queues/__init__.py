"""What is due and what waits, taken by one worker at a time: streams, sorted sets, leases, wake-ups."""
