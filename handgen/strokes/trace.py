"""todo."""
def trace(font, chars):
    return {}
