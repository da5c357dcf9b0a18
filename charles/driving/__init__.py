"""What drives with a network: the driver itself, whether the car is stuck, and how far it came."""
