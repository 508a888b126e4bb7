"""What callers who may only read are told, as documents: the same over HTTP and over MCP."""
