"""Metrics as Prometheus reads them: the files of all processes of a host, added up."""

from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from flask_api.core import metrics
from flask_api.core.metric_files import Gauges, Series, read_all
from flask_api.core.metrics import KINDS, Kind, is_known

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
Found = dict[tuple[str, ...], list[float]]  # by labels
GAUGES = {
    "solo_threads": "Threads that answer requests",
    "solo_requests_inside": "Requests that a thread works on, or that wait for one",
    "solo_jobs_waiting": "Background jobs that are not done yet (10,000: or more)",
    "solo_jobs_dead": "Background jobs that were given up (10,000: or more)",
    "solo_jobs_late_seconds": "For how long the earliest job is due and nobody runs it",
}


def exposition(data_dir: Path, gauges: Gauges) -> bytes:
    """Return what all processes that keep their metrics there have counted, as Prometheus reads it.

    Args:
        data_dir: as in :func:`metrics.kept_in`.
        gauges: what is known here and now.
    """
    metrics.flush()
    registry = CollectorRegistry()
    registry.register(_Totals(data_dir / metrics.FOLDER, gauges))
    return generate_latest(registry)


class _Totals(Collector):
    """Adds up the files of all processes."""

    def __init__(self, folder: Path, gauges: Gauges) -> None:
        self._gauges = dict(gauges)
        self._series: Series = {}
        for series, standing in read_all(folder):
            for key, values in series.items():
                if is_known(key, values):
                    present = self._series.get(key, [0] * len(values))
                    self._series[key] = [one + other for one, other in zip(present, values, strict=True)]
            for name, value in standing.items():
                self._gauges[name] = self._gauges.get(name, 0) + value

    def collect(self) -> Iterator[Metric]:
        """Yield all metrics, those that count nothing yet included."""
        for name, kind in KINDS.items():
            found = {key[1:]: values for key, values in self._series.items() if key[0] == name}
            yield _histogram(name, kind, found) if kind.buckets else _counter(name, kind, found)
        for name, value in self._gauges.items():
            yield GaugeMetricFamily(name, GAUGES.get(name, ""), value)


def _counter(name: str, kind: Kind, found: Found) -> Metric:
    family = CounterMetricFamily(name, kind.text, labels=kind.labels)
    for labels, (value,) in sorted(found.items()):
        family.add_metric(labels, value)
    return family


def _histogram(name: str, kind: Kind, found: Found) -> Metric:
    family = HistogramMetricFamily(name, kind.text, labels=kind.labels)
    bounds = [*map(floatToGoString, kind.buckets), "+Inf"]
    for labels, (total, *counts) in sorted(found.items()):
        family.add_metric(labels, list(zip(bounds, accumulate(counts), strict=True)), total)
    return family
