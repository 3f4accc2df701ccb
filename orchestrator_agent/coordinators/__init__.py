"""Coordinators carry commands and status between a controller and other programs; the journal alone serves one machine."""
