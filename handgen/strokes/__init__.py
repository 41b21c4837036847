"""What is known of the strokes that characters are written with."""
