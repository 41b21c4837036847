"""From a trained model to labeled samples."""
