"""The pure core: no clock, no disk, no network, no environment."""
