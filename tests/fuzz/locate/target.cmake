heddle_fuzz(locate USES inspect)
