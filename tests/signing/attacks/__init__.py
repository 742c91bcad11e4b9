"""Attacks by somebody who has read the source: each test tells one in a sentence, with the clause that refuses it."""
