"""Lists of whistles: a street's, what waits for verification, all; and the rows that every list is made of."""
