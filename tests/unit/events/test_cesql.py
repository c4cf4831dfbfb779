"""Predicates in CloudEvents SQL: a table, sentences for mistakes, and random expressions against plain Python."""

from __future__ import annotations

import random
import re

import pytest

from backend.events.cesql import MAX_DEPTH, InvalidSql, parse_sql
from backend.events.cesql_tokens import MAX_LENGTH
from backend.events.cesql_values import like

TYPE = "io.openshift.oadp.bsls.snapshot.created.v1"
EVENT = {"type": TYPE, "subject": "alice@vm-1", "hop": 3, "ttl": "10", "loud": True, "none": None, "data": {"x": 1}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("TRUE", True),
        ("false", False),
        (f"type = '{TYPE}'", True),
        (f'type <> "{TYPE}"', False),
        ("subject != 'bob@vm-2' and hop < ttl", True),
        ("hop = '3' AND '3' = hop AND ttl = 10 AND ttl = '10'", True),
        ("ttl >= 10 AND ttl <= 10 AND NOT (ttl > 10)", True),
        ("loud AND loud = true AND loud = 'true'", True),
        ("loud XOR TRUE", False),
        ("loud XOR FALSE", True),
        ("type LIKE '%.snapshot.%'", True),
        ("type NOT LIKE '%.snapshot.%'", False),
        ("type LIKE 'io.openshift.oadp.bsls.snapshot.created.v_'", True),
        ("subject LIKE 'alice'", False),
        ("subject LIKE '%@vm-_'", True),
        (r"'50%' LIKE '50\%' AND NOT ('50x' LIKE '50\%') AND 'a_b' LIKE 'a\_b' AND NOT ('axb' LIKE 'a\_b')", True),
        (r"'it\'s' = " + '"it\'s"', True),
        ("subject IN ('bob@vm-2', 'alice@vm-1')", True),
        ("subject NOT IN ('bob@vm-2')", True),
        ("hop IN ('1', '3')", True),
        ("EXISTS subject AND NOT EXISTS nothing", True),
        ("EXISTS none", False),
        ("hop + 2 * 3 = 9 AND (hop + 2) * 3 = 15 AND hop - 5 = -2 AND 7 / -2 = -3 AND -7 % 2 = -1", True),
        ("-2147483648 < hop", True),
        ("TRUE OR FALSE AND FALSE", False),  # equal precedence, left to right
        # what cannot be evaluated does not pass, however it is turned
        ("nothing = 'x'", False),
        ("nothing != 'x'", False),
        ("NOT (nothing = 'x')", False),
        ("NOT EXISTS nothing OR nothing = 'x'", True),
        ("subject > 3", False),
        ("NOT (subject > 3)", False),
        ("hop / 0 = 0 OR TRUE", False),
        ("hop * 2147483647 > 0", False),
        ("TRUE = 'x' OR 'x' = TRUE", False),
        # no boolean
        ("hop", False),
        ("type", False),
    ],
)
def test_passes(text: str, expected: bool) -> None:
    assert parse_sql(text)(EVENT) is expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "at character 1: an attribute, a text, a number or a parenthesis is expected, not the end"),
        ("type = ", "at character 8: an attribute"),
        ("type = 'x", "at character 8: this text has no end"),
        ("type == 'x'", "at character 7: an attribute"),
        ("type = 'x' subject = 'y'", "at character 12: an operator or the end is expected, not 'subject'"),
        ("(type = 'x'", r"at character 12: '\)' is expected, not the end"),
        ("type LIKE subject", "at character 11: a text after LIKE"),
        ("type IN ()", "at character 10"),
        ("type NOT 'x'", "at character 10: LIKE or IN after NOT"),
        ("EXISTS 'x'", "at character 8: an attribute after EXISTS"),
        ("Type = 'x'", "at character 1: 'Type' is no attribute"),
        ("data_x = 'x'", "is no attribute"),
        ("data = 'x'", "only attributes can"),
        ("lower(type) = 'x'", "functions are not supported"),
        ("NOT type = 'x'", "at character 10: NOT needs parentheses"),
        ("NOT type LIKE 'x'", "NOT needs parentheses"),
        ("hop > 2147483648", "at character 7: a number has to be between"),
        ("hop > " + "9" * 4000, "a number has to be between"),
        ("type ; DROP", "at character 6: ';' has no meaning"),
        ("'" + "x" * MAX_LENGTH + "'", "longer than"),
        ("(" * 100 + "TRUE" + ")" * 100, f"more than {MAX_DEPTH} levels"),
        ("-" * 100 + "hop = 1", "more than"),
        ("NOT " * 100 + "TRUE", "more than"),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, reason: str) -> None:
    with pytest.raises(InvalidSql, match=reason):
        parse_sql(text)


def test_like_agrees_with_a_regular_expression() -> None:
    draw = random.Random(7)
    for _ in range(3000):
        pattern = "".join(draw.choices("ab%_", k=draw.randrange(8)))
        text = "".join(draw.choices("ab\n", k=draw.randrange(10)))
        wanted = re.fullmatch(pattern.replace("%", ".*").replace("_", "."), text, re.DOTALL) is not None
        assert like(pattern)(text) is wanted, (pattern, text)


def test_like_stays_quick_where_backtracking_would_not() -> None:
    assert like("%a" * 500 + "b")("a" * 2000) is False


def _boolean(draw: random.Random, depth: int) -> tuple[str, str]:
    """An expression and the same in Python."""
    kind = draw.choice(["constant", "compare", "not", "logic", "logic"] if depth else ["constant", "compare"])
    if kind == "constant":
        value = draw.random() < 0.5
        return str(value).upper(), str(value)
    if kind == "compare":
        (left, left_py), (right, right_py) = _integer(draw, depth), _integer(draw, depth)
        name = draw.choice(["=", "!=", "<", "<=", ">", ">="])
        return f"({left} {name} {right})", f"({left_py} {'==' if name == '=' else name} {right_py})"
    left, left_py = _boolean(draw, depth - 1)
    if kind == "not":
        return f"NOT ({left})", f"(not {left_py})"
    right, right_py = _boolean(draw, depth - 1)
    name, same = draw.choice([("AND", "and"), ("or", "or"), ("XOR", "is not")])
    return f"({left} {name} {right})", f"({left_py} {same} {right_py})"


def _integer(draw: random.Random, depth: int) -> tuple[str, str]:
    if not depth or draw.random() < 0.4:
        value = draw.choice(["1", "7", "-3", "hop"])
        return value, value
    (left, left_py), (right, right_py) = _integer(draw, depth - 1), _integer(draw, depth - 1)
    name = draw.choice("+-*")
    return f"({left} {name} {right})", f"({left_py} {name} {right_py})"


def test_random_expressions_agree_with_python() -> None:
    draw = random.Random(42)
    for _ in range(1000):
        text, same = _boolean(draw, 3)
        assert parse_sql(text)(EVENT) is eval(same, {"hop": 3}), text


def test_random_text_is_an_expression_or_a_clear_mistake() -> None:
    draw = random.Random(1)
    told: list[str] = []
    words = ["type", "'x'", "AND", "NOT", "(", ")", "=", "LIKE", "IN", ",", "1", "-", "EXISTS", "'", "€", "TRUE", "\\"]
    for _ in range(3000):
        text = " ".join(draw.choices(words, k=draw.randrange(1, 9)))
        try:
            parse_sql(text)(EVENT)
        except InvalidSql as error:
            told.append(str(error))
    assert told
    assert all(re.match(r"at character \d+: ", one) for one in told)
