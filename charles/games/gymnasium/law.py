"""How CarRacing's NPC drives: pure pursuit of the driven line, and the speed that the visible part of it allows.

Everything it looks at can be seen in the picture or read from the speed, so that a model can learn it. Its answers to
disturbances are spread over [-1, 1] on purpose: labels that hardly ever occur are labels that balancing waits for.
"""

from __future__ import annotations

import math

from charles.games.game import Action, Telemetry
from charles.games.gymnasium.track import Track

WHEELBASE = 3.2  # m
FULL_LOCK = 0.4  # rad of the front wheels at steering 1
YAW_DAMPING = 0.05  # rad of the front wheels for each rad/s
DEADBAND = 0.02  # answers smaller than this are exactly 0

SLOWEST = 20.0  # m/s that is allowed however the car stands
ACROSS = (0.7, 100.0)  # from this angle (rad) to the line on only the slowest; below it so much more (m/s per rad)
BESIDE = (6.5, 20.0)  # the same for the distance (m) from the line

ACCELERATING = 0.1  # for each m/s that is missing
BRAKING = (1.03, 16.0)  # strength * tanh(m/s too many / scale): firm at once, full from 31 m/s too many on


def drive(telemetry: Telemetry, track: Track) -> Action:
    """The NPC's answer to this instant: both values in [-1, 1], exactly 0 within the deadband."""
    steering = steer(telemetry, track)
    return Action(quiet(steering), quiet(pedals(telemetry, track, steering)))


def steer(telemetry: Telemetry, track: Track) -> float:
    """Steering in [-1, 1] towards the driven line."""
    reach = 4.5 + 0.23 * telemetry.speed
    x, y = track.ahead(reach)
    bearing = wrapped(math.atan2(y - telemetry.y, x - telemetry.x) - telemetry.heading)
    if abs(bearing) > math.pi / 2:
        return math.copysign(1.0, bearing)
    angle = math.atan(2 * WHEELBASE * math.sin(bearing) / reach) - YAW_DAMPING * telemetry.yaw_rate
    return min(max(angle / FULL_LOCK, -1.0), 1.0)


def pedals(telemetry: Telemetry, track: Track, steering: float) -> float:
    """Acceleration above 0 and braking below, in [-1, 1], towards the speed that the road and the car's place allow."""
    across = abs(wrapped(track.heading() - telemetry.heading))
    missing = min(track.speed(), slowed(across, *ACROSS), slowed(track.beside, *BESIDE)) - telemetry.speed
    if missing < 0:
        strength, scale = BRAKING
        return max(strength * math.tanh(missing / scale), -1.0)
    # The rear wheels slide when they push and the front ones turn.
    most = max(0.4, 1 - 0.6 * abs(steering) ** 1.5) if telemetry.speed > 15 else 1.0
    return min(ACCELERATING * missing, most)


def slowed(error: float, limit: float, slope: float) -> float:
    """m/s that are allowed with this error: the slowest from the limit on, more the smaller it is."""
    return SLOWEST + slope * max(limit - error, 0.0)


def quiet(value: float) -> float:
    """The value, or exactly 0 where it is too small to matter."""
    return value if abs(value) > DEADBAND else 0.0


def wrapped(angle: float) -> float:
    """The same angle in (-pi, pi]."""
    return math.pi - (math.pi - angle) % (2 * math.pi)
