"""The status page's style sheet, and the policy that lets the browser take it and nothing else."""

from __future__ import annotations

import base64
import hashlib

STYLE = """
:root { color-scheme: light dark; --ink: #1a1a1f; --page: #ffffff; --soft: #f2f2f5; --line: #8a8a94;
  --faint: #55555e; --led: #0b6b35; --none: #a8160c; --unread: #5a4a00; --link: #0b4fa8; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #f0f0f3; --page: #16161a; --soft: #222228; --line: #7d7d88;
    --faint: #b4b4bf; --led: #6fdc9b; --none: #ff9d94; --unread: #f2d36b; --link: #9cc4ff; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
header, main, footer { max-width: 72rem; margin: 0 auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 1rem 0 0; }
h2 { font-size: 1.2rem; margin: 1.5rem 0 .5rem; }
p { margin: .3rem 0; }
a { color: var(--link); }
a:focus-visible { outline: 3px solid currentColor; outline-offset: 2px; }
.verdict { font-weight: 600; }
.small { color: var(--faint); }
.led { color: var(--led); }
.no_leader { color: var(--none); font-weight: 600; }
.could_not_be_read { color: var(--unread); font-weight: 600; }
table { width: 100%; border-collapse: collapse; }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem; border-bottom: 1px solid var(--line);
  overflow-wrap: anywhere; min-width: 6.5rem; }
thead th { background: var(--soft); overflow-wrap: normal; }
@media (max-width: 40rem) {
  table, tbody, tr, th, td { display: block; }
  thead { display: none; }
  tr { border: 1px solid var(--line); border-radius: .4rem; margin-bottom: .8rem; }
  tbody th { background: var(--soft); }
  td { border-bottom: 0; }
  td::before { content: attr(data-label) ": "; color: var(--faint); }
}
"""

POLICY = "; ".join(
    (
        "default-src 'none'",
        f"style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)

HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
