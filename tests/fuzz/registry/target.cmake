heddle_fuzz(registry USES registry)
