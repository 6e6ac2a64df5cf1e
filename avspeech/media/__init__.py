"""Sound and pictures: decoding, faces, pitch, a speech synthesizer for made corpora, muxing."""
