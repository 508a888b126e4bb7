"""Neumann as a real unit starts it: reads its file, dies of a broken one, serves metrics, holds its ports.

Copied to the node; only the standard library of the node's own Python.
"""

from __future__ import annotations

import socket
import sys
import time
import tomllib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

METRICS = b'tensor_chain_raft_state{state="leader"} 1\ntensor_chain_term 4\ntensor_chain_tx_active 0\n'
READS_ITS_FILE_AFTER_S = 0.3


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(METRICS)))
        self.end_headers()
        self.wfile.write(METRICS)

    def log_message(self, *_arguments: object) -> None:
        """Print nothing."""


def main() -> None:
    """Serve until killed."""
    time.sleep(READS_ITS_FILE_AFTER_S)
    tomllib.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    with socket.create_server(("127.0.0.1", 7878)), socket.create_server(("127.0.0.1", 7879)):
        ThreadingHTTPServer(("127.0.0.1", 9090), _Page).serve_forever()


if __name__ == "__main__":
    main()
