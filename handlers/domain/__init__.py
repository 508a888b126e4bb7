"""Pure decisions over an incident's timeline: no await, no clock, no ports."""
