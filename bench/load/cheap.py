"""A password hash that costs nothing, for the configuration without hardening."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class CheapHasher(Argon2PasswordHasher):
    """Argon2 in name."""

    time_cost, memory_cost, parallelism = 1, 8, 1
