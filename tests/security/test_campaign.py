"""``make campaign-security`` in small: its parts run, and its table says what does not hold."""

import random

import pytest

from tests.security import campaign
from tests.security.campaign import PARTS, parse, run_campaign
from tests.security.campaign_phones import mann_whitney
from tests.security.figures import Figure, Part, Sizes, table

SMALL = Sizes(
    replays=30, copies=8, restarts=1, sends=20, guesses=20, rounds=1, cases=50, samples=3, slow=20, seconds=0.5
)
GOOD, BAD = Figure("all is well", "0", "0", True), Figure("something is not", "1", "0", False)


@pytest.mark.long
@pytest.mark.parametrize("name", [name for name in PARTS if name not in ("slow", "phones")])
def test_part_runs_in_small_and_holds(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_campaign([PARTS[name]], SMALL) == 0, capsys.readouterr().out


@pytest.mark.long
@pytest.mark.parametrize("name", ["slow", "phones"])
def test_part_that_measures_time_runs_in_small(name: str) -> None:
    """So few measurements say nothing, on a machine that is busy with other tests."""
    figures = PARTS[name].run(SMALL)
    assert len(figures) == {"slow": 2, "phones": 5}[name]
    assert all(figure.measured for figure in figures)


@pytest.mark.parametrize(("figures", "status"), [([GOOD], 0), ([GOOD, BAD], 1)])
def test_figure_that_does_not_hold_is_marked_and_fails(
    figures: list[Figure], status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_campaign([Part("one", "does one thing", lambda _sizes: figures)], Sizes(seed=7)) == status
    printed = capsys.readouterr().out
    assert printed.startswith("Seed 7.\none: does one thing …\n")
    assert ("FAILS  something is not" in printed) == (status == 1)


def test_table_has_a_line_for_each_figure_and_one_for_the_heads() -> None:
    assert table([GOOD, BAD]).splitlines() == [
        "       what              measured  allowed",
        "ok     all is well       0         0",
        "FAILS  something is not  1         0",
    ]


def test_command_line_takes_parts_and_sizes() -> None:
    parts, sizes = parse(["sms", "replay", "--replays", "5", "--seconds", "0.5", "--seed", "3"])
    assert [part.name for part in parts] == ["sms", "replay"]
    assert sizes == Sizes(seed=3, replays=5, seconds=0.5)
    assert [part.name for part in parse([])[0]] == list(PARTS)


def test_without_a_seed_every_run_has_its_own() -> None:
    assert len({parse([])[1].seed for _ in range(10)}) > 1


def test_help_names_every_part_and_every_size(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--help"])
    printed = capsys.readouterr().out
    assert all(name in printed for name in PARTS)
    assert all(f"--{name}" in printed for name in Sizes.__dataclass_fields__)
    assert (campaign.__doc__ or "").split("\n")[0] in printed


def test_ranks_tell_a_small_shift_from_none() -> None:
    """Of samples of one kind one in twenty is below 0.05: that is what such a probability means."""
    chance = random.Random(1)
    pairs = [[[chance.gauss(10, 1) for _ in range(200)] for _ in range(2)] for _ in range(200)]
    found = [mann_whitney(one, other) for one, other in pairs]
    assert 2 <= sum(p < 0.05 for p in found) <= 20
    assert 70 <= sum(p < 0.5 for p in found) <= 130
    assert sum(mann_whitney(one, [value + 0.5 for value in other]) < 0.001 for one, other in pairs) > 150
