"""What a node of the grid is to a ray."""

OUTSIDE, BAND, INSIDE = 0, 1, 2
