"""Driving with a network: the driver, the stuck detector and the odometer."""
