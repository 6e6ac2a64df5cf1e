"""Text to speech with controlled phrasing and intonation (ProsodyFM)."""
