"""Experiments: functions that score outputs."""

from honeyhive.experiments.evaluator import aevaluator, evaluator
from honeyhive.experiments.result import EvalResult
from honeyhive.experiments.settings import EvalSettings, EvaluatorSettings

__all__ = ["EvalResult", "EvalSettings", "EvaluatorSettings", "aevaluator", "evaluator"]
