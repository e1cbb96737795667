"""How dates are written where Django's way would mislead: 11/12/2026 is two days, and 오전 comes before the hour."""
