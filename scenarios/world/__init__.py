"""Worlds: what a world file may say, and the agencies, people, certificates and volumes that are made of it."""
