"""Reads a dataset back as trainers do, and judges it by rules that all formats share."""
