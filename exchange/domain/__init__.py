"""Rules of the field without I/O: values go in, values come out; no clock, no chance, no file."""
