"""The version, in a module of its own so that everything may import it and nothing needs the package root."""

VERSION = "0.1.0"
