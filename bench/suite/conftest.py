"""Hands the suite its cases: those of the run that started it, else those of a spec (`--restobench-spec`, quick)."""

from __future__ import annotations

import pytest

from bench.measure.timing import Recorder, Terms, parameter
from bench.plan.spec_files import read_spec


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the choice of a spec for a suite that is run on its own."""
    parser.addoption("--restobench-spec", default="quick", help="spec (name or .toml) whose time cases are measured")


def pytest_configure(config: pytest.Config) -> None:
    """Without a run to report to, takes the spec's cases and keeps no rows: pytest-benchmark has its own table."""
    if _recorder(config) is None:
        spec = read_spec(config.getoption("--restobench-spec"))
        cases = tuple(case for section in spec.time for case in section.cases("time", spec.device, spec.thread_count()))
        config.pluginmanager.register(Recorder("", cases, lambda _: None, Terms.of(spec)))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One benchmark per case."""
    recorder = _recorder(metafunc.config)
    if "case" in metafunc.fixturenames and recorder:
        metafunc.parametrize("case", [parameter(case, recorder.terms.seconds) for case in recorder.cases])


@pytest.fixture
def recorder(pytestconfig: pytest.Config) -> Recorder:
    """Where a benchmark's readings go."""
    found = _recorder(pytestconfig)
    assert found
    return found


def _recorder(config: pytest.Config) -> Recorder | None:
    plugins = (plugin for plugin in config.pluginmanager.get_plugins() if isinstance(plugin, Recorder))
    return next(plugins, None)
