"""From the pixels of a drawing to the lines that a hand would draw."""
