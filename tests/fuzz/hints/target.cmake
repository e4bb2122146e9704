heddle_fuzz(hints USES registry)
