"""The report of a project: one page with every table and figure of the paper."""
