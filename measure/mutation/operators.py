"""The small wrongs that are tried on a source file, each as a text edit, so that all else stays as it was."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterator

from measure.mutation.edits import Mutant, differs, edited

_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
# What decides in SQL, and in the ledger's schema.
_SQL = re.compile(r"\b(SELECT|INSERT|UPDATE|CREATE|PRAGMA|WHERE|BEGIN|ROLLBACK|COMMIT)\b")
_SQL_EDITS = (
    ("state = '", "state <> '"),
    ("state <> '", "state = '"),
    ("action_id = ?", "action_id <> ?"),
    ("kind = ?", "kind <> ?"),
    ("boot_id = ?", "boot_id <> ?"),
    (" IN (", " NOT IN ("),
    (" AND ", " OR "),
    ("max(", "min("),
    ("count + 1", "count + 0"),
    (" IMMEDIATE", ""),
    (" NOT EXISTS ", " EXISTS "),
    ("IF NOT EXISTS ", ""),
    ("FULL", "NORMAL"),
    ("WAL", "DELETE"),
    (" UNIQUE", ""),
    ("ROLLBACK", "COMMIT"),
    ("COMMIT", "ROLLBACK"),
    ("OR REPLACE ", ""),
    ("'INTENT'", "'DONE'"),
    ("'PREPARED'", "'INTENT'"),
    ("'NOT_DONE'", "'REJECTED'"),
    ("'UNKNOWN'", "'REJECTED'"),
    ("'DONE'", "'REJECTED'"),
)
# A word for programs, a name, a pattern: no prose.
_WORD = re.compile(r"[\w\[\]{}^$.-]+")


def mutants_of(source: str) -> list[Mutant]:
    """Return a file's mutants, those that would not be another program or no program left out."""
    found: dict[str, Mutant] = {}
    encoded = source.encode()
    for node, statement, inside in _places(ast.parse(source)):
        for replacement in _wrongs(node):
            mutant = edited(encoded, node, statement, replacement, inside=inside)
            if differs(mutant.source, source):
                found.setdefault(mutant.source, mutant)
    return list(found.values())


def _places(tree: ast.Module) -> Iterator[tuple[ast.AST, ast.stmt, bool]]:
    """Give each node with its statement, and whether that stands in a function."""

    def walk(
        node: ast.AST, statement: ast.stmt | None, inside: bool
    ) -> Iterator[tuple[ast.AST, ast.stmt, bool]]:
        if isinstance(node, ast.stmt):
            statement = node
        if statement is not None and hasattr(node, "lineno"):
            yield node, statement, inside
        for name, value in ast.iter_fields(node):
            if _is_left_alone(node, name):
                continue
            in_body = inside or (isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and name == "body")
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST) and not _is_docstring(child):
                    yield from walk(child, statement, in_body)

    yield from walk(tree, None, False)


def _is_left_alone(node: ast.AST, field: str) -> bool:
    """Return whether a node is left alone: types are for the type checker, and so is an assertion here."""
    return (
        (isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and field == "returns")
        or (isinstance(node, ast.arg | ast.AnnAssign) and field == "annotation")
        # Before Python 3.12 the places inside an f-string are not known.
        or isinstance(node, ast.ImportFrom | ast.Import | ast.Assert | ast.JoinedStr)
        or (isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__")
    )


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _wrongs(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Compare():
            yield from _compared(node)
        case ast.BoolOp():
            other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield f"({ast.unparse(ast.BoolOp(other, node.values))})"
        case ast.UnaryOp(op=ast.Not()):
            yield f"({ast.unparse(node.operand)})"
        case ast.UnaryOp(op=ast.USub()):
            yield f"({ast.unparse(node.operand)})"
        case ast.BinOp() if type(node.op) in _ARITHMETIC:
            yield f"({ast.unparse(ast.BinOp(node.left, _ARITHMETIC[type(node.op)](), node.right))})"
        case ast.Constant():
            yield from _other_constants(node.value)
        case ast.JoinedStr():
            yield from _other_sql_of(node)
        case ast.IfExp():
            yield f"({ast.unparse(node.body)})"
            yield f"({ast.unparse(node.orelse)})"
        case ast.ExceptHandler():
            yield from _unhandled(node)
        case ast.stmt():
            yield from _other_statements(node)


def _compared(node: ast.Compare) -> Iterator[str]:
    for place, operator in enumerate(node.ops):
        for other in _COMPARISONS[type(operator)]:
            changed = copy.deepcopy(node)
            changed.ops[place] = other()
            yield f"({ast.unparse(changed)})"


def _other_constants(value: object) -> Iterator[str]:
    if isinstance(value, bool):
        yield repr(not value)
    elif isinstance(value, int | float):
        yield repr(value + 1)
        yield repr(value - 1)
    elif isinstance(value, str) and _SQL.search(value):
        yield from (repr(other) for other in _other_sql(value))
    elif isinstance(value, str) and value.startswith("^"):
        yield repr(value[1:])
        yield repr(value[:-1])
    elif isinstance(value, str) and _WORD.fullmatch(value):
        yield repr(value + "x")


def _other_sql(text: str) -> Iterator[str]:
    for was, becomes in _SQL_EDITS:
        for found in re.finditer(re.escape(was), text):
            yield text[: found.start()] + becomes + text[found.end() :]


def _other_sql_of(node: ast.JoinedStr) -> Iterator[str]:
    if not _SQL.search(ast.unparse(node)):
        return
    for place, part in enumerate(node.values):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            for other in _other_sql(part.value):
                changed = copy.deepcopy(node)
                changed.values[place] = ast.Constant(other)
                yield ast.unparse(changed)


def _unhandled(node: ast.ExceptHandler) -> Iterator[str]:
    head = f"except {ast.unparse(node.type) if node.type else 'BaseException'}"
    yield f"{head}: raise"


def _other_statements(node: ast.stmt) -> Iterator[str]:
    match node:
        case ast.Expr() | ast.AugAssign() | ast.Delete() | ast.Raise():
            yield "pass"
        case ast.Return(value=ast.expr() as value) if not _is_none(value):
            yield "return None"
        case ast.If() | ast.While():
            yield _with_test(node, "True")
            # Without the raise it is the same.
            if not (isinstance(node.body[0], ast.Raise) and len(node.body) == 1):
                yield _with_test(node, "False")
        case (
            ast.With(items=[ast.withitem(optional_vars=None)])
            | ast.AsyncWith(items=[ast.withitem(optional_vars=None)])
        ):
            block = ast.unparse(ast.If(ast.Constant(True), node.body, []))
            yield block.replace("\n", "\n" + " " * node.col_offset)
        case ast.Break() | ast.Continue():
            yield "pass"


def _with_test(node: ast.If | ast.While, fixed: str) -> str:
    changed = copy.deepcopy(node)
    changed.test = ast.parse(fixed, mode="eval").body
    return ast.unparse(changed).replace("\n", "\n" + " " * node.col_offset)


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None
