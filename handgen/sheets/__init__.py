"""Writing sheets: pages with a box for each character, which are printed, filled in by hand, and read from scans.

To print: ``layout`` says where everything on a page is, ``code`` makes the page code, and ``plan`` and
``pdf`` make the PDF. To read a scan: ``find`` finds the page in the picture and reads its code,
``flatten`` measures how far boxes are displaced on paper that is not flat, ``ink`` separates ink from paper, shadows
and guides, and ``boxes`` assigns the ink to boxes. Reading needs the extra ``scan``;
``handgen/collect/scans.py`` runs it.
"""
