"""Pages: paragraphs and forms by one writer on paper, and where every line, word and base line of them is."""
