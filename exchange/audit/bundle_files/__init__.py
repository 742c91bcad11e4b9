"""What every evidence bundle gets beside its evidence: the script that checks it, and the sentences of its README."""
