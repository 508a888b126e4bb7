"""Each kind of wrong that `make mutants` tries, and what it leaves alone."""

from __future__ import annotations

import ast

import pytest

from measure.mutation.operators import mutants_of

SQL = "QUERY = \"SELECT max(fence) FROM actions WHERE state = 'DONE'\""


def wrongs(source: str) -> set[str]:
    """Return the mutants of a statement, in a function, as they stand there."""
    indented = source.replace("\n", "\n    ")
    mutants = mutants_of(f"def f():\n    {indented}\n")
    return {ast.unparse(ast.parse(mutant.source).body[0].body[0]) for mutant in mutants}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = a < b", {"x = a <= b", "x = a >= b"}),
        ("x = a == b == c", {"x = a != b == c", "x = a == b != c"}),
        ("x = a is None", {"x = a is not None"}),
        ("x = a in b", {"x = a not in b"}),
        ("x = a and b", {"x = a or b"}),
        ("x = not a", {"x = a"}),
        ("x = a + b", {"x = a - b"}),
        ("x = -a", {"x = a"}),
        ("x = 7", {"x = 8", "x = 6"}),
        ("x = True", {"x = False"}),
        ("x = 'busy'", {"x = 'busyx'"}),
        ("x = '^[0-9]$'", {"x = '[0-9]$'", "x = '^[0-9]'"}),
        ("x = a if b else c", {"x = a", "x = c"}),
        ("return a", {"return None"}),
        ("raise a", {"pass"}),
        ("f(a)", {"pass"}),
        ("if a:\n    b()", {"if True:\n    b()", "if False:\n    b()", "if a:\n    pass"}),
        ("if a:\n    raise b", {"if True:\n    raise b", "if a:\n    pass"}),
        ("with a:\n    b()", {"if True:\n    b()", "with a:\n    pass"}),
        (
            "try:\n    a()\nexcept b:\n    c()",
            {
                "try:\n    pass\nexcept b:\n    c()",
                "try:\n    a()\nexcept b:\n    raise",
                "try:\n    a()\nexcept b:\n    pass",
            },
        ),
        (
            SQL,
            {
                SQL.replace("max", "min"),
                SQL.replace("= '", "<> '"),
                SQL.replace("DONE", "REJECTED"),
            },
        ),
        # What is for people, and what is for the type checker.
        ("x = 'It is done.'", set()),
        ("x = f'It is {done!r}.'", set()),
        ("assert a == 1", set()),
        ("x: dict[str, int | None] = y", set()),
        ("'''A docstring.'''", set()),
        ("return None", set()),
    ],
)
def test_the_wrongs_of_a_statement(source: str, expected: set[str]):
    assert wrongs(source) == expected


def test_all_else_stays_to_the_byte():
    source = '# é\nX = 1  # one\n\n\ndef f():\n    # why\n    return "é è", 2\n'
    assert [mutant.source for mutant in mutants_of(source)] == [
        source.replace("= 1", "= 2"),
        source.replace("= 1", "= 0"),
        source.replace('return "é è", 2', "return None"),
        source.replace(", 2", ", 3"),
        source.replace(", 2", ", 1"),
    ]


def test_the_lines_that_a_test_must_run_are_those_of_the_statement():
    source = "X = 1\n\ndef f():\n    if (\n        a\n        == 2\n    ):\n        g()\n"
    lines = {mutant.told: set(mutant.lines) for mutant in mutants_of(source)}
    assert lines["1  ->  2"] == set()
    assert lines["a == 2  ->  (a != 2)"] == {4, 5, 6, 7}
    assert lines["g()  ->  pass"] == {8}
