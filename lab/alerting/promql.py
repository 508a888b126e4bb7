"""The part of PromQL that the shipped rules use, compiled once into functions over a SampleStore."""

import operator
import re
from collections.abc import Callable, Mapping

import promql_parser as ast

from lab.alerting.counters import increase
from lab.alerting.samples import RETENTION_S, Labels, SampleStore, Vector

Query = Callable[[SampleStore, float], Vector]
"""Evaluates one expression over the samples at a time in seconds."""

_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


class PromQLError(Exception):
    """The expression is not PromQL, or uses a part of it that this evaluator leaves out."""


def compile_query(text: str) -> Query:
    """Compile an expression that yields a vector.

    Raises PromQLError naming the construct: all outside the subset is refused here, never at evaluation.
    """
    try:
        expression = ast.parse(text)
    except ValueError as error:
        raise PromQLError(f"not PromQL: {error} in {text!r}") from error
    return _compile(expression)


def _compile(expression: ast.Expr) -> Query:
    match expression:
        case ast.ParenExpr():
            return _compile(expression.expr)
        case ast.VectorSelector():
            wanted = _wanted(expression)
            return lambda store, now_s: store.instant(wanted, now_s)
        case ast.AggregateExpr():
            return _aggregation(expression)
        case ast.Call():
            return _call(expression)
        case ast.BinaryExpr():
            return _binary(expression)
    raise _outside(type(expression).__name__, expression)


def _outside(construct: str, expression: ast.Expr) -> PromQLError:
    return PromQLError(f"{construct} is outside the supported PromQL: {expression}")


def _wanted(selector: ast.VectorSelector) -> Callable[[Labels], bool]:
    if selector.offset is not None or selector.at is not None:
        raise _outside("offset or @", selector)
    if selector.matchers.or_matchers:
        raise _outside("or between matchers", selector)
    tests = [_label_test(matcher, selector) for matcher in selector.matchers.matchers]
    if selector.name is not None:
        tests.append(("__name__", selector.name.__eq__))

    def wanted(labels: Labels) -> bool:
        values = dict(labels)
        return all(test(values.get(name, "")) for name, test in tests)

    return wanted


def _label_test(matcher: ast.Matcher, selector: ast.Expr) -> tuple[str, Callable[[str], bool]]:
    value = matcher.value
    if matcher.op == ast.MatchOp.Equal:
        return matcher.name, lambda actual: actual == value
    if matcher.op == ast.MatchOp.NotEqual:
        return matcher.name, lambda actual: actual != value
    try:
        pattern = re.compile(value, re.ASCII)
    except re.error as error:
        raise _outside(f"the regular expression {value!r} ({error})", selector) from error
    expected = matcher.op == ast.MatchOp.Re
    return matcher.name, lambda actual: (pattern.fullmatch(actual) is not None) is expected


def _aggregation(expression: ast.AggregateExpr) -> Query:
    operation, modifier = str(expression.op), expression.modifier
    if operation not in {"sum", "count"}:
        raise _outside(operation, expression)
    if modifier is not None and modifier.type != ast.AggModifierType.By:
        raise _outside("without", expression)
    names = frozenset(modifier.labels if modifier else ())
    inner = _compile(expression.expr)

    def aggregate(store: SampleStore, now_s: float) -> Vector:
        result: Vector = {}
        for labels, value in inner(store, now_s).items():
            group = _only(labels, names)
            result[group] = result.get(group, 0.0) + (value if operation == "sum" else 1.0)
        return result

    return aggregate


def _call(expression: ast.Call) -> Query:
    name, argument = expression.func.name, expression.args[0] if expression.args else None
    if name == "absent" and argument is not None:
        return _absent(argument)
    if name in {"rate", "increase"} and isinstance(argument, ast.MatrixSelector):
        return _over_range(argument, per_second=name == "rate")
    raise _outside(f"{name}()", expression)


def _absent(argument: ast.Expr) -> Query:
    inner = _compile(argument)
    matchers = argument.matchers.matchers if isinstance(argument, ast.VectorSelector) else []
    names = [matcher.name for matcher in matchers]
    implied = tuple(  # Prometheus invents a label only where exactly one matcher, an equality, names it.
        sorted((m.name, m.value) for m in matchers if m.op == ast.MatchOp.Equal and names.count(m.name) == 1)
    )
    return lambda store, now_s: {} if inner(store, now_s) else {implied: 1.0}


def _over_range(selector: ast.MatrixSelector, *, per_second: bool) -> Query:
    wanted, range_s = _wanted(selector.vector_selector), selector.range.total_seconds()
    if range_s > RETENTION_S:
        raise _outside(f"a range over {RETENTION_S:g} s", selector)
    divisor = range_s if per_second else 1.0

    def over_range(store: SampleStore, now_s: float) -> Vector:
        result: Vector = {}
        for labels, samples in store.window(wanted, now_s - range_s, now_s).items():
            if len(samples) > 1:
                result[_without(labels, {"__name__"})] = increase(samples, now_s - range_s, now_s) / divisor
        return result

    return over_range


def _binary(expression: ast.BinaryExpr) -> Query:
    operation = str(expression.op)
    if operation in _COMPARISONS:
        return _comparison(operation, expression)
    if operation not in {"and", "or", "unless"}:
        raise _outside(operation, expression)
    left, right, key = _compile(expression.lhs), _compile(expression.rhs), _matching_key(expression.modifier)

    def combine(store: SampleStore, now_s: float) -> Vector:
        ours, theirs = left(store, now_s), right(store, now_s)
        if operation == "or":
            taken = {key(labels) for labels in ours}
            return ours | {labels: value for labels, value in theirs.items() if key(labels) not in taken}
        others = {key(labels) for labels in theirs}
        wanted = operation == "and"
        return {labels: value for labels, value in ours.items() if (key(labels) in others) is wanted}

    return combine


def _comparison(operation: str, expression: ast.BinaryExpr) -> Query:
    if expression.modifier is not None and expression.modifier.return_bool:
        raise _outside("bool", expression)
    operand, number = expression.lhs, expression.rhs
    if isinstance(operand, ast.NumberLiteral):
        operand, number, operation = number, operand, _MIRRORED.get(operation, operation)
    if not isinstance(number, ast.NumberLiteral) or isinstance(operand, ast.NumberLiteral):
        raise _outside("a comparison of anything but a vector with a number", expression)
    inner, compare, limit = _compile(operand), _COMPARISONS[operation], number.val
    return lambda store, now_s: {ls: v for ls, v in inner(store, now_s).items() if compare(v, limit)}


def _matching_key(modifier: ast.BinModifier | None) -> Callable[[Labels], Labels]:
    matching = modifier.matching if modifier else None
    if matching is None:
        return lambda labels: _without(labels, {"__name__"})
    names = set(matching.labels)
    if matching.type == ast.LabelModifierType.Include:
        return lambda labels: _only(labels, names)
    return lambda labels: _without(labels, names | {"__name__"})


def _only(labels: Labels, names: set[str] | frozenset[str]) -> Labels:
    return tuple(pair for pair in labels if pair[0] in names)


def _without(labels: Labels, names: set[str]) -> Labels:
    return tuple(pair for pair in labels if pair[0] not in names)
