"""Reading what /metrics answers."""

from collections.abc import Mapping
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from flask_api.core.exposition import exposition

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def read(text: str) -> Samples:
    """Return every sample: (name, labels) → value. Each may be there once only."""
    samples: Samples = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation, family.name
        for sample in family.samples:
            key = sample.name, frozenset(sample.labels.items())
            assert key not in samples
            samples[key] = sample.value
    return samples


def value(samples: Samples, name: str, **labels: str) -> float:
    """Return the sum of all samples of that name that have these labels."""
    wanted: Mapping[str, str] = labels
    return sum(value for (one, found), value in samples.items() if one == name and wanted.items() <= set(found))


def told(data_dir: Path) -> Samples:
    """Return what all processes with this data directory have counted."""
    return read(exposition(data_dir, {}).decode())
