.PHONY: install format lint types contracts test bench demo ci

install:
	uv sync

format:
	uv run ruff check --fix . && uv run ruff format .

lint:
	uv run ruff check . && uv run ruff format --check .

types:
	uv run pyright

contracts:
	uv run lint-imports

test:
	uv run pytest

bench:
	uv run python benchmarks/run.py

demo:
	uv run honeyhive demo

ci:
	bash .ci/run
