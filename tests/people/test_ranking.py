"""Pages over a ranking that moves while it is read."""

from collections.abc import Sequence

from flask import Flask

from flask_api.people import ranking
from flask_api.people.ranking import ranked_page


def test_who_moves_down_while_a_page_is_made_is_on_it_once(app: Flask) -> None:
    """Somebody is first, and is then read again in the next part; whoever moved up for that is missed."""
    ranks = [*range(2 * ranking.BATCH)]

    def candidates(offset: int, count: int) -> Sequence[int]:
        part = ranks[offset : offset + count]
        ranks.remove(0)
        ranks.insert(ranking.BATCH, 0)
        return part

    with app.app_context():
        page = ranked_page(
            "test",
            limit=150,
            cursor=None,
            candidates=candidates,
            shown=lambda part: [(place, number) for place, number in enumerate(part) if number % 50 == 0],
            most=1000,
        )
    assert page.items == [0, 50, 150]


def test_list_ends_after_the_most_candidates(app: Flask) -> None:
    with app.app_context():
        cursor, seen = None, 0
        while True:
            page = ranked_page(
                "test",
                limit=100,
                cursor=cursor,
                candidates=lambda offset, count: range(offset, offset + count),
                shown=enumerate,
                most=250,
            )
            seen += len(page.items)
            if (cursor := page.next_cursor) is None:
                break
    assert seen == 250
