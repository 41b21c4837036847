"""Writing sheets: pages with a box for each character, printed, filled by hand, and read back from scans.

``layout`` says where everything on a page is, ``code`` what is written into its page code, ``sheet``
plans and prints a PDF. None of these needs more than handgen itself. To read a scan, ``find`` finds the
page in the picture and its code, ``flatten`` follows paper that is not flat, ``ink`` parts ink from
paper, shadows and guides, and ``boxes`` says whose ink it is. ``find`` and what comes after it need
the extra ``scan``; ``handgen/collect/scans.py`` runs them.
"""
