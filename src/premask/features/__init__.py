"""What the methods see in an image: filters, superpixels, region graphs, bars."""
