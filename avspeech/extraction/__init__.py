"""Target speaker extraction: one speaker's voice by their lips (MVTF)."""
