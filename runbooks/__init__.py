"""What we know: evidence in, ranked root causes out. Pure: no await, no clock, no I/O."""
