"""Which methods may stand beside each other, and over which images: the one rule of every table, front and sentence.

Means of different images are different means. So what was tried on one degradation, scale and number of channels is
sorted onto boards; a board is a set of images (an image counts once for each seed of its noise) and the members that
have a score on all of them. Means, differences, ranks and fronts are taken on one board only.

1. An image on which every one of several members failed is the image's fault: it is on no board.
2. A member that failed on any other image is on no board, whatever it scored elsewhere: one method that fails on all
   images but one would otherwise leave one image for all, and leaving out its failures alone would let it choose its
   images. Its own mean is shown beside the count of its failures.
3. The main board is the set with the most scores on it, members x images, two members or more before one. It is looked
   for among the images that some member has and the images that any two share.
4. Where the others were asked for other images, each gets a board of what it shares with the main one (or, where that
   is nothing, of its own images), on which every member stands that has them all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from reports.read.tables import lines_of


@dataclass(frozen=True)
class Board:
    """Members that are compared, and the images on which all of them have a score."""

    members: tuple[int, ...]
    images: frozenset[int]


def boards(held: Mapping[int, frozenset[int]]) -> tuple[Board, ...]:
    """The main board and those of the members left over; `held` are the images on which each member has a score."""
    having = {member: images for member, images in held.items() if images}
    if not having:
        return ()
    distinct = list(dict.fromkeys(having.values()))
    shared = [common for one, other in combinations(distinct, 2) if (common := one & other)]
    main = max((_board(having, images) for images in dict.fromkeys((*distinct, *shared))), key=_weight)
    others = (having[member] & main.images or having[member] for member in having if member not in main.members)
    return (main, *(_board(having, images) for images in dict.fromkeys(others)))


def on_boards(tried: pd.DataFrame, rivals: list[str]) -> pd.DataFrame:
    """The lines of `tried` that count, once for each board they are on, with its number as `board` (0 is the main one).

    `tried` has a line for each `member` and `image_seed` (both numbers), and whether it `failed` and is `ok`; members
    with the same values of `rivals` are compared.
    """
    pieces = [tried.iloc[:0].assign(board=0)]
    for places in tried.groupby(rivals, observed=True, sort=False, dropna=False).indices.values():
        group = tried.iloc[places]
        whole = group[~group["member"].isin(_failing(group))]
        own = whole[whole["ok"]]
        held = {int(line.member): frozenset(line.image_seed) for line in lines_of(_listed(own))}
        for number, board in enumerate(boards(held)):
            on = own["member"].isin(board.members) & own["image_seed"].isin(board.images)
            pieces.append(own[on].assign(board=number))
    return pd.concat(pieces, ignore_index=True)


def _listed(own: pd.DataFrame) -> pd.DataFrame:
    """Each member with the list of its images."""
    return own.groupby("member", sort=False)["image_seed"].agg(list).reset_index()


def _failing(group: pd.DataFrame) -> np.ndarray:
    """The members that failed on an image on which not every one of several failed."""
    by_image, members = group.groupby("image_seed")["failed"], group["member"].unique()
    at_fault = by_image.transform("all") & (by_image.transform("size") == len(members)) & (len(members) > 1)
    return np.asarray(group.loc[group["failed"] & ~at_fault, "member"].unique())


def _board(held: Mapping[int, frozenset[int]], images: frozenset[int]) -> Board:
    return Board(tuple(member for member, own in held.items() if images <= own), images)


def _weight(board: Board) -> tuple[bool, int, int]:
    members, images = len(board.members), len(board.images)
    return members > 1, members * images, images
