"""The numbers of the microstructure, from label maps."""
