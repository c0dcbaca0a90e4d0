"""The two sides agree: what fab would roll back to, a host does not prune."""

import json
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from deploy.errors import DeployError
from deploy.host.events import Events
from deploy.host.layout import Layout
from deploy.host.pruning import prune
from deploy.host.releases import current_name, list_releases
from deploy.reports import read_status
from deploy.rollback import choose_release

STATES = st.sampled_from(["good", "good", "good", "failed", "prepared"])


def roll_back_from(layout: Layout) -> str:
    told = {"current": current_name(layout), "releases": [release.as_told() for release in list_releases(layout)]}
    try:
        return choose_release({"web": read_status(told)}).name
    except DeployError:
        return "nothing"


@given(
    states=st.lists(STATES, min_size=1, max_size=12),
    proved=st.permutations(range(12)),
    current=st.integers(0, 11),
    keep=st.integers(1, 5),
)
def test_what_a_rollback_would_choose_is_not_pruned(
    states: list[str], proved: list[int], current: int, keep: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        layout = Layout(Path(folder))
        layout.create()
        names = [f"202601{day + 1:02}T000000Z-{day:012x}" for day in range(len(states))]
        for name, state, at in zip(names, states, proved, strict=False):
            (layout.releases / name).mkdir()
            told = {"state": state, "at": f"2026-02-{at + 1:02}T00:00:00Z"}
            (layout.releases / name / "state.json").write_text(json.dumps(told))
        layout.current.symlink_to(f"releases/{names[current % len(names)]}")

        before = roll_back_from(layout)
        prune(layout, keep=keep, events=Events(), now=0.0)
        assert roll_back_from(layout) == before
        assert sum(release.state == "good" for release in list_releases(layout)) >= min(keep, states.count("good"))
