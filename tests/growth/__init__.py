"""How work grows with the size of a file: readers and families of bad input, as tables."""
