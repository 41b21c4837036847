"""Read a dataset back the way trainers do, and judge it by rules that all formats share."""
