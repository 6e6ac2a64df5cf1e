"""Who said what, and when: extraction's voices of a video, a recognizer, and captions."""
