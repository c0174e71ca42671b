// For targets that have headers to compile, and no sources.
