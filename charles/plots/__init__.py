"""`charles plot`: what the topics hold, as pictures."""
