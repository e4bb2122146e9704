heddle_fuzz(charts USES registry)
