"""Lines of handwriting: texts, and the images that show them.

A run goes from what a user names to samples:

    source = find_source("novel.txt")               # or a folder, or "dates,amounts", or ""
    content = ...                                   # source.chars and the charset, in the source font
    texts = source.texts(content.chars, limits=Limits(2, 25), seed=0, boost=0.2, charset=charset)
    lines = LineSynthesis(plan, [{"style": name}, ...], draw, seed=0, height=48)  # plan: text and style of each line
    for sample in lines.samples(0, 1000, workers=2): ...
"""
