"""Coordinators carry commands and status between a controller and other programs. One machine needs none."""
