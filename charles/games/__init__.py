"""Games: the interface that each offers, and those that come with Charles."""
