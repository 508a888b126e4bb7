"""The read-only HTTP API: resources under /api/v1, their OpenAPI document, tokens and problems."""
