"""The rules of ALTO 4.4 and PAGE 2019-07-15 as far as handgen writes them, written from the published schemas.

They share nothing with what writes the files: order and number of children, attributes and their types, and ids.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree

FLOAT = r"-?\d+(\.\d+)?"
SHARE = r"0(\.\d+)?|1(\.0+)?"
POINTS = r"(\d+,\d+ )+\d+,\d+"
NAME = r"[A-Za-z_][\w.-]*"
NAMES = rf"{NAME}( {NAME})*"
ANY = r"(?s).*"
_AT = {"HPOS": FLOAT, "VPOS": FLOAT, "WIDTH": FLOAT, "HEIGHT": FLOAT}
_DIRECTION = "left-to-right|right-to-left|top-to-bottom|bottom-to-top"
_PRODUCTION = "printed|typewritten|handwritten-cursive|handwritten-printscript|medieval-manuscript|other"

# element -> (children as an expression over their names, attributes: those that must be there end with "!", text)
ALTO = {
    "alto": ("(Description )?(Styles )?(Tags )?(ReadingOrder )?Layout ", {"SCHEMAVERSION": ANY}, None),
    "Description": (
        "MeasurementUnit (sourceImageInformation )?(OCRProcessing )*(Processing )*",
        {},
        None,
    ),
    "MeasurementUnit": ("", {}, "pixel|mm10|inch1200"),
    "sourceImageInformation": ("(fileName )?(fileIdentifier )*(documentIdentifier )*", {}, None),
    "fileName": ("", {}, ANY),
    "Tags": ("((LayoutTag|StructureTag|RoleTag|NamedEntityTag|OtherTag) )*", {}, None),
    "LayoutTag": ("", {"ID!": NAME, "TYPE": ANY, "LABEL!": ANY, "DESCRIPTION": ANY}, None),
    "OtherTag": ("", {"ID!": NAME, "TYPE": ANY, "LABEL!": ANY, "DESCRIPTION": ANY}, None),
    "Layout": ("(Page )+", {"STYLEREFS": NAMES}, None),
    "Page": (
        "(TopMargin )?(LeftMargin )?(RightMargin )?(BottomMargin )?(PrintSpace )?",
        {"ID!": NAME, "WIDTH": FLOAT, "HEIGHT": FLOAT, "PHYSICAL_IMG_NR!": FLOAT},
        None,
    ),
    "PrintSpace": ("(Shape )?((TextBlock|Illustration|GraphicalElement|ComposedBlock) )*", {"ID": NAME, **_AT}, None),
    "TextBlock": ("(Shape )?(TextLine )*", {"ID!": NAME, **_AT, "TAGREFS": NAMES}, None),
    "TextLine": (
        "(Shape )?(String (SP )?)+(HYP )?",
        {"ID": NAME, **_AT, "BASELINE": POINTS, "BASEDIRECTION": "ltr|rtl|ttb|btt", "TAGREFS": NAMES},
        None,
    ),
    "Shape": ("(Polygon|Ellipse|Circle) ", {}, None),
    "Polygon": ("", {"POINTS!": POINTS}, None),
    "String": (
        "(Shape )?(ALTERNATIVE )*(Glyph )*",
        {"ID": NAME, "CONTENT!": ANY, **_AT, "SUBS_TYPE": "HypPart1|HypPart2|Abbreviation", "SUBS_CONTENT": ANY},
        None,
    ),
    "SP": ("", {"ID": NAME, **_AT}, None),
}
PAGE = {
    "PcGts": ("Metadata Page ", {"pcGtsId": NAME}, None),
    "Metadata": ("Creator Created LastChange (Comments )?(UserDefined )?(MetadataItem )*", {}, None),
    "Creator": ("", {}, ANY),
    "Created": ("", {}, r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)?"),
    "LastChange": ("", {}, r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)?"),
    "Page": (
        "(AlternativeImage )*(Border )?(PrintSpace )?(ReadingOrder )?(Layers )?(Relations )?(TextStyle )?"
        "(UserDefined )?(Labels )*((TextRegion|ImageRegion|TableRegion) )*",
        {"imageFilename!": ANY, "imageWidth!": r"\d+", "imageHeight!": r"\d+"},
        None,
    ),
    "ReadingOrder": ("(OrderedGroup|UnorderedGroup) ", {"conf": FLOAT}, None),
    "OrderedGroup": (
        "(UserDefined )?(Labels )*((RegionRefIndexed|OrderedGroupIndexed|UnorderedGroupIndexed) )+",
        {"id!": NAME, "custom": ANY, "caption": ANY},
        None,
    ),
    "RegionRefIndexed": ("", {"index!": r"\d+", "regionRef!": NAME}, None),
    "TextRegion": (
        "(AlternativeImage )*Coords (UserDefined )?(Labels )*(Roles )?(TextRegion )*(TextLine )*(TextEquiv )*"
        "(TextStyle )?",
        {
            "id!": NAME,
            "custom": ANY,
            "type": "paragraph|heading|caption|header|footer|page-number|other",
            "readingDirection": _DIRECTION,
            "production": _PRODUCTION,
        },
        None,
    ),
    "TextLine": (
        "(AlternativeImage )*Coords (Baseline )?(Word )*(TextEquiv )*(TextStyle )?(UserDefined )?(Labels )*",
        {"id!": NAME, "custom": ANY, "readingDirection": _DIRECTION, "production": _PRODUCTION},
        None,
    ),
    "Coords": ("", {"points!": POINTS, "conf": SHARE}, None),
    "Baseline": ("", {"points!": POINTS, "conf": SHARE}, None),
    "Word": (
        "(AlternativeImage )*Coords (Glyph )*(TextEquiv )*(TextStyle )?(UserDefined )?(Labels )*",
        {"id!": NAME, "readingDirection": _DIRECTION},
        None,
    ),
    "TextEquiv": ("(PlainText )?Unicode ", {"index": r"\d+", "conf": SHARE}, None),
    "Unicode": ("", {}, ANY),
    "UserDefined": ("(UserAttribute )+", {}, None),
    "UserAttribute": (
        "",
        {"name": ANY, "type": "xsd:(string|integer|boolean|float)", "value": ANY, "description": ANY},
        None,
    ),
}
_SPACES = {
    "http://www.loc.gov/standards/alto/ns-v4#": (ALTO, "alto"),
    "http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15": (PAGE, "PcGts"),
}


def faults(text):
    """Return what is wrong with a file, one line each."""
    root = ElementTree.fromstring(text)
    space, _, name = root.tag[1:].partition("}")
    if space not in _SPACES or _SPACES[space][1] != name:
        return [f"{root.tag} is no root"]
    rules = _SPACES[space][0]
    found, ids, refs = [], [], []
    for element in root.iter():
        tag = element.tag.removeprefix(f"{{{space}}}")
        if tag not in rules:
            found.append(f"{tag} is unknown")
            continue
        children, attributes, wanted = rules[tag]
        names = "".join(child.tag.removeprefix(f"{{{space}}}") + " " for child in element)
        if not re.fullmatch(children, names):
            found.append(f"{tag} has the children {names[:200]}")
        known = {key.rstrip("!"): rule for key, rule in attributes.items()}
        found += [
            f"{tag} has no {key[:-1]}" for key in attributes if key.endswith("!") and key[:-1] not in element.attrib
        ]
        for key, value in element.attrib.items():
            if key not in known or not re.fullmatch(known[key], value):
                found.append(f"{tag}: {key}={value!r}")
        if wanted is None and (element.text or "").strip():
            found.append(f"{tag} has a text")
        if wanted is not None and not re.fullmatch(wanted, element.text or ""):
            found.append(f"{tag} has the text {element.text!r}")
        ids += [element.attrib[key] for key in ("ID", "id") if key in element.attrib]
        refs += element.get("TAGREFS", "").split() + (
            [element.attrib["regionRef"]] if "regionRef" in element.attrib else []
        )
    found += [f"{each} is there twice" for each in set(ids) if ids.count(each) > 1]
    return found + [f"{each} refers to nothing" for each in set(refs) - set(ids)]
