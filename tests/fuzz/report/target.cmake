heddle_fuzz(report USES model)
