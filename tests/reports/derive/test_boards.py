"""Which methods are compared over which images."""

from __future__ import annotations

import pandas as pd
from hypothesis import given, strategies as st

from reports.derive.boards import Board, boards, on_boards

HELD = st.dictionaries(st.integers(0, 6), st.frozensets(st.integers(0, 5)), max_size=6)


@given(HELD)
def test_all_on_a_board_have_all_of_its_images_and_nobody_who_has_is_missing(held: dict[int, frozenset[int]]) -> None:
    for board in boards(held):
        assert board.images
        assert set(board.members) == {member for member, images in held.items() if board.images <= images}


@given(HELD)
def test_everyone_with_a_score_is_on_a_board_and_no_two_boards_have_the_same_images(
    held: dict[int, frozenset[int]],
) -> None:
    found = boards(held)
    assert {member for board in found for member in board.members} == {one for one, images in held.items() if images}
    assert len({board.images for board in found}) == len(found)


@given(st.frozensets(st.integers(0, 9), min_size=1), st.integers(1, 5))
def test_methods_with_the_same_images_are_on_one_board(images: frozenset[int], members: int) -> None:
    assert boards(dict.fromkeys(range(members), images)) == (Board(tuple(range(members)), images),)


def test_methods_that_were_scored_on_fewer_images_do_not_shrink_the_board_of_the_others() -> None:
    six, two = frozenset(range(6)), frozenset({4, 5})
    main, apart = boards({0: six, 1: six, 2: six, 3: two})
    assert main == Board((0, 1, 2), six)
    assert apart == Board((0, 1, 2, 3), two)


def test_two_methods_are_compared_on_what_they_share() -> None:
    assert boards({0: frozenset({1, 2, 3}), 1: frozenset({2, 3, 4})})[0] == Board((0, 1), frozenset({2, 3}))
    assert boards({0: frozenset(range(68)), 1: frozenset({7})})[0] == Board((0, 1), frozenset({7}))


def test_a_method_that_shares_no_image_stands_alone() -> None:
    assert boards({0: frozenset({1}), 1: frozenset({1}), 2: frozenset({2})})[1] == Board((2,), frozenset({2}))


def kept(*tries: tuple[int, int, bool]) -> set[tuple[int, int]]:
    """The (member, image) on the main board; a try is a member, an image and whether it failed."""
    table = pd.DataFrame(tries, columns=["member", "image_seed", "failed"]).assign(kind="a")
    found = on_boards(table.assign(ok=~table["failed"]), ["kind"])
    return set(found.loc[found["board"] == 0, ["member", "image_seed"]].itertuples(index=False, name=None))


def test_a_method_that_failed_leaves_the_board_and_its_images_stay() -> None:
    assert kept((0, 0, False), (0, 1, False), (1, 0, False), (1, 1, True)) == {(0, 0), (0, 1)}


def test_an_image_on_which_all_failed_is_nobodys_failure() -> None:
    assert kept((0, 0, False), (0, 1, True), (1, 0, False), (1, 1, True)) == {(0, 0), (1, 0)}


def test_alone_a_method_answers_for_its_failures() -> None:
    assert kept((0, 0, False), (0, 1, True)) == set()


def test_an_image_that_not_all_were_asked_for_is_no_excuse() -> None:
    assert kept((0, 0, False), (0, 1, True), (1, 0, False)) == {(1, 0)}
