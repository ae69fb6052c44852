"""Which images may train and which must test: likeness, groups, stratified splits."""
