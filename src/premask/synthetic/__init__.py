"""Synthetic micrographs with an exact truth."""

from premask.synthetic.micrograph import KINDS, SyntheticMicrograph, synthesize
from premask.synthetic.structure import BY_TYPE, INSIDE, PHASES

__all__ = ["BY_TYPE", "INSIDE", "KINDS", "PHASES", "SyntheticMicrograph", "synthesize"]
