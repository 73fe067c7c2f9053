"""Expressions in an evaluator's settings, computed from their syntax tree: never ``eval``, which runs anything."""

import ast
import math
import operator
import statistics
from collections.abc import Callable, Mapping
from typing import Any, Final

from honeyhive.errors import ConfigurationError

_BINARY: Final[Mapping[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: lambda left, right: left / right,
    ast.FloorDiv: lambda left, right: left // right,
    ast.Mod: operator.mod,
}
_UNARY: Final[Mapping[type[ast.unaryop], Callable[[Any], Any]]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
}
_COMPARE: Final[Mapping[type[ast.cmpop], Callable[[Any, Any], bool]]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda item, container: item in container,
    ast.NotIn: lambda item, container: item not in container,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
}
_FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "abs": abs,
    "all": all,
    "any": any,
    "bool": bool,
    "float": float,
    "int": int,
    "len": len,
    "max": max,
    "mean": statistics.fmean,
    "median": statistics.median,
    "min": min,
    "mode": statistics.mode,
    "round": round,
    "sqrt": math.sqrt,
    "stdev": statistics.stdev,
    "sum": sum,
}


def compute(expression: str, names: Mapping[str, Any]) -> Any:
    """The value of *expression* with *names*: arithmetic, comparisons, ``and``/``or``/``not``, ``if``, ``in``, lists,
    subscripts, and calls of functions among *names* or of ``abs all any bool float int len max mean median min mode round
    sqrt stdev sum``.

    Raises `ConfigurationError` for anything else, and whatever the computation itself raises.
    """  # noqa: D205  one sentence of many names
    try:
        tree = ast.parse(expression.strip(), mode="eval")
    except SyntaxError:
        message = f"{expression!r} is no expression; write one such as 'value * 100', or give a function"
        raise ConfigurationError(message) from None
    return _Computation(expression, names).value(tree.body)


class _Computation:
    def __init__(self, expression: str, names: Mapping[str, Any]) -> None:
        self._expression = expression
        self._names = names

    def value(self, node: ast.expr) -> Any:  # noqa: C901, PLR0911  one case a kind of expression
        match node:
            case ast.Constant(value=constant):
                return constant
            case ast.Name(id=name):
                return self._named(name)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
                return _BINARY[type(op)](self.value(left), self.value(right))
            case ast.UnaryOp(op=op, operand=operand) if type(op) in _UNARY:
                return _UNARY[type(op)](self.value(operand))
            case ast.BoolOp(op=op, values=values):
                return self._logical(op, values)
            case ast.Compare():
                return self._compared(node)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return self.value(body) if self.value(test) else self.value(orelse)
            case ast.List() | ast.Tuple():
                return [self.value(item) for item in node.elts]
            case ast.Subscript(value=container, slice=index) if not isinstance(index, ast.Slice):
                return self.value(container)[self.value(index)]
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self._named(name)(*(self.value(argument) for argument in arguments))
            case _:
                message = f"{ast.unparse(node)!r} in {self._expression!r} is not supported; give a function instead"
                raise ConfigurationError(message)

    def _named(self, name: str) -> Any:
        if name in self._names:
            return self._names[name]
        if name in _FUNCTIONS:
            return _FUNCTIONS[name]
        known = ", ".join(sorted({*self._names, *_FUNCTIONS}))
        message = f"{name!r} in {self._expression!r} is unknown; known are {known}"
        raise ConfigurationError(message)

    def _logical(self, op: ast.boolop, values: list[ast.expr]) -> Any:
        result: Any = None
        for node in values:
            result = self.value(node)
            if bool(result) is isinstance(op, ast.Or):
                break
        return result

    def _compared(self, node: ast.Compare) -> bool:
        left = self.value(node.left)
        for op, right_node in zip(node.ops, node.comparators, strict=True):
            right = self.value(right_node)
            if not _COMPARE[type(op)](left, right):
                return False
            left = right
        return True
