import pytest
from honeyhive.cli import text


@pytest.mark.parametrize(
    ("milliseconds", "expected"),
    [
        (0, "0.0 ms"),
        (0.44, "0.4 ms"),
        (85.4, "85 ms"),
        (999.6, "1.00 s"),
        (4213, "4.21 s"),
        (59_996, "1 m 00 s"),
        (125_000, "2 m 05 s"),
        (3_720_000, "1 h 02 m"),
    ],
)
def test_a_duration_is_in_the_unit_that_suits_it(milliseconds: float, expected: str) -> None:
    assert text.duration(milliseconds) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "$0.00"),
        (12.345, "$12.35"),
        (0.5, "$0.50"),
        (0.0123, "$0.012"),
        (0.000085, "$0.000085"),
        (1e-12, "$0.0000000"),
        (None, "-"),
        ("0.1", "-"),
        (float("nan"), "-"),
    ],
)
def test_a_cost_has_two_significant_digits_or_is_unknown(value: object, expected: str) -> None:
    assert text.cost(value) == expected


def test_costs_in_one_column_share_their_decimals() -> None:
    prices = [0.5, 0.00025, None, 0]
    decimals = text.cost_decimals(prices)

    assert [text.cost(price, decimals=decimals) for price in prices] == ["$0.50000", "$0.00025", "-", "$0.00000"]


@pytest.mark.parametrize(
    ("number", "expected"), [(0, "0 B"), (1023, "1023 B"), (3500, "3.4 KiB"), (512 << 20, "512 MiB")]
)
def test_a_size_is_in_the_unit_that_suits_it(number: int, expected: str) -> None:
    assert text.size(number) == expected
