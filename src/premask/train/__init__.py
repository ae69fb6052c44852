"""Train a segmentation model on a labelled data set (paper, section 4.2)."""
