"""The line of a key is found in whatever order and depth the tables stand."""

from bot.config.lines import line_of, lines_of_keys

TEXT = """\
# A comment.
top = 1

[redis]
  url = "redis://h"
[[clusters]]   # the first
name = "a"
[[clusters.nodes]]
name = "a1"
[[clusters.nodes]]
name = "a2"
[[clusters]]
name = "b"
[[clusters.nodes]]
"quoted" = 1
[slack]
bot_token.file = "f"
app_token = { file = "f" }
"""


def test_each_key_has_its_line():
    lines = lines_of_keys(TEXT)
    places = {
        ("top",): 2,
        ("redis", "url"): 5,
        ("clusters", 0): 6,
        ("clusters", 0, "nodes", 1, "name"): 11,
        ("clusters", 1, "name"): 13,
        ("clusters", 1, "nodes", 0, "quoted"): 15,
        ("slack", "bot_token", "file"): 17,
    }
    assert {path: line_of(lines, path) for path in places} == places


def test_a_key_that_begins_no_line_has_that_of_what_it_is_in():
    lines = lines_of_keys(TEXT)
    assert line_of(lines, ("slack", "app_token", "file")) == 18
    assert line_of(lines, ("slack", "channel")) == 16
    assert line_of(lines, ("web", "port")) is None
