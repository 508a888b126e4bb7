"""Colours that stay apart for every kind of colour vision (Okabe and Ito, 2008), on a light card.

No meaning hangs on colour alone: each has a dash, a mark or a shape of its own beside it.
"""

from __future__ import annotations

CARD = "#ffffff"
EDGE = "#c9ced6"
"""The card's own edge, which keeps it a card in Slack's light theme too."""
INK = "#1b2430"
QUIET = "#566070"
FAINT = "#e6e9ee"
WARNING = "#b36b00"

OPEN = "#0072b2"
FAILED = "#d55e00"
GOSSIP = "#a3457f"
"""Okabe-Ito's reddish purple, darkened for lines on white."""
UNKNOWN = "#7a828e"
UNSEEN = "#c3c9d1"
GOOD = "#00795a"
"""Okabe-Ito's bluish green, darkened for text on white."""
CANDIDATE = "#e69f00"
LEADER = "#0b3a5b"
FOLLOWER = "#5d6b7c"
ELECTION = "#a3457f"
ELECTION_UNSEEN = "#dcbccd"
TERM = "#3a4655"
STAR = "#f0e442"
