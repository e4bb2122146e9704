heddle_fuzz(discovery USES inspect)
