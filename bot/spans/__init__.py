"""OpenTelemetry's spans: the only room that needs its packages, entered where `[tracing]` is configured."""
