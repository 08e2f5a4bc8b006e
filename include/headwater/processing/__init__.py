"""Processing: plan, run and adopt what is made from other files."""
