"""From a trained model to labelled samples."""
