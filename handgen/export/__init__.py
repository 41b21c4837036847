"""Trained models made ready for others: weights, model card, licenses."""
