"""Charles teaches a car in a video game to drive, live: what every program shares."""
