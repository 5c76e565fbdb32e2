"""Nouns and laws: what things are and which moves are legal. Imports no other room."""
