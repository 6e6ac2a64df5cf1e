"""The page of `avspeech app`: a server for this machine alone, and the process that does its
work."""
