"""The numbers of a microstructure: shares, sizes, shapes, distances, intercepts, contacts."""
