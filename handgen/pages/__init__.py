"""Pages: paragraphs and forms by one writer on paper, with the positions of all lines, words and base lines."""
